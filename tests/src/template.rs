//! The SAM templates as written: what is deployed and which rights it has.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use serde_json::{Map, Value, json};

use crate::workspace::root;

/// A template. Intrinsic functions have their long form: `!Ref X` is `{"Ref": "X"}`.
#[derive(Debug, Clone)]
pub struct Template {
    body: Value,
}

/// A function as the template declares it.
#[derive(Debug, Clone)]
pub struct TemplateFunction {
    pub logical: String,
    /// The part of the name after the stack's name.
    pub name: String,
    /// Binary, from `CodeUri`.
    pub binary: String,
    pub role: String,
    /// In seconds.
    pub timeout: u64,
    pub events: Vec<Value>,
}

/// Where the definition of the API leads a method of a path, and the role by which the gateway invokes the function.
#[derive(Debug, Clone)]
pub struct Integration {
    pub path: String,
    /// In capital letters.
    pub method: String,
    /// The part of the name after the stack's name.
    pub function: String,
    pub role: String,
}

/// A function's method and path.
pub type RouteName = (String, String, String);

impl Template {
    /// The main stack's.
    pub fn main() -> Self {
        Self::load("template.yaml")
    }

    /// The sandbox provider's.
    pub fn sandbox() -> Self {
        Self::load("functions/sandbox/template.yaml")
    }

    /// The template at a path, from the workspace. Read once, since that takes most of a test's time.
    pub fn load(path: &str) -> Self {
        static READ: Mutex<BTreeMap<String, Template>> = Mutex::new(BTreeMap::new());
        let mut read = READ.lock().expect("no reader panics while it holds the lock");
        let parse = || {
            let text = std::fs::read_to_string(root().join(path));
            Self::parse(&text.unwrap_or_else(|error| panic!("{path}: {error}")))
        };
        read.entry(path.to_owned()).or_insert_with(parse).clone()
    }

    /// A template's text.
    pub fn parse(text: &str) -> Self {
        let documents = YamlOwned::load_from_str(text).unwrap_or_else(|error| panic!("a template: {error}"));
        Self { body: plain(&documents[0]) }
    }

    /// The whole, intrinsic functions in their long form.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// Logical name and definition of each resource.
    pub fn resources(&self) -> &Map<String, Value> {
        self.body["Resources"].as_object().expect("a template has resources")
    }

    /// The default of a parameter.
    pub fn default_of(&self, parameter: &str) -> String {
        text(&self.body["Parameters"][parameter]["Default"]).to_owned()
    }

    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.resources()
            .iter()
            .filter(move |(_, resource)| resource["Type"] == kind)
            .map(|(name, resource)| (name.as_str(), &resource["Properties"]))
    }

    /// The roles that functions take on; a service of AWS may have one too.
    pub fn function_roles(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.of_type("AWS::IAM::Role").filter(|(_, properties)| {
            properties["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"] == "lambda.amazonaws.com"
        })
    }

    pub fn functions(&self) -> Vec<TemplateFunction> {
        let globals = &self.body["Globals"]["Function"];
        self.of_type("AWS::Serverless::Function")
            .map(|(logical, properties)| TemplateFunction {
                logical: logical.to_owned(),
                name: text(&properties["FunctionName"]["Fn::Sub"]).trim_start_matches("${AWS::StackName}-").to_owned(),
                binary: text(&properties["CodeUri"]).trim_end_matches('/').rsplit('/').next().unwrap().to_owned(),
                role: target(&properties["Role"]),
                timeout: properties["Timeout"].as_u64().or(globals["Timeout"].as_u64()).expect("a time-out"),
                events: properties["Events"].as_object().into_iter().flat_map(Map::values).cloned().collect(),
            })
            .collect()
    }

    /// Each method of each path of the API's definition.
    pub fn integrations(&self) -> Vec<Integration> {
        let functions = self.functions();
        let paths = self.resources()["Api"]["Properties"]["DefinitionBody"]["paths"].as_object();
        let mut all = Vec::new();
        for (path, methods) in paths.into_iter().flatten() {
            for (method, definition) in methods.as_object().into_iter().flatten() {
                let integration = &definition["x-amazon-apigateway-integration"];
                let uri = text(&integration["uri"]["Fn::Sub"]);
                let logical = uri.split("/functions/${").nth(1).and_then(|rest| rest.split('.').next());
                let function = functions.iter().find(|function| Some(function.logical.as_str()) == logical);
                all.push(Integration {
                    path: path.clone(),
                    method: method.to_uppercase(),
                    function: function.map(|function| function.name.clone()).unwrap_or_default(),
                    role: target(&integration["credentials"]),
                });
            }
        }
        all
    }

    /// Function, method and path that the gateway leads to it, without `HEAD` and the methods that a path does not have.
    pub fn routes(&self) -> BTreeSet<RouteName> {
        let all = self.integrations().into_iter();
        all.filter(|one| one.function != "platform-options" && one.method != "HEAD")
            .map(|one| (one.function, one.method, one.path))
            .collect()
    }

    /// What a role allows, in the form of the functions' log: `dynamodb:PutItem kyc`, `kms:Decrypt key/profile`.
    /// `*` stands for the whole rest of a name.
    pub fn grants(&self, role: &str) -> BTreeSet<String> {
        let properties = &self.resources()[role]["Properties"];
        let shared = list(&properties["ManagedPolicyArns"]).into_iter().map(|policy| {
            let name = policy["Ref"].as_str().expect("managed policies are ours");
            &self.resources()[name]["Properties"]["PolicyDocument"]
        });
        let own = list(&properties["Policies"]).into_iter().map(|policy| &policy["PolicyDocument"]);
        let statements = shared.chain(own).flat_map(|document| list(&document["Statement"]));
        let mut grants = BTreeSet::new();
        for statement in statements {
            if statement["Effect"] == "Deny" {
                assert_eq!(list(&statement["Action"]), [&Value::from("sns:Publish")], "{role}: topics get no message");
                continue;
            }
            assert_eq!(statement["Effect"], "Allow", "{role} has a statement this reader does not know");
            for action in list(&statement["Action"]) {
                for resource in list(&statement["Resource"]) {
                    grants.extend(self.grant(text(action), resource, &statement["Condition"]));
                }
            }
        }
        grants
    }

    fn grant(&self, action: &str, resource: &Value, condition: &Value) -> Vec<String> {
        let resource_of = |attribute: &str| {
            let name = text(&self.resources()[&target(resource)]["Properties"][attribute]["Fn::Sub"]);
            let name = name.trim_start_matches("${AWS::StackName}-");
            // A bucket's name goes on with account and region.
            name.split("-${").next().unwrap_or_default().to_owned()
        };
        // What a substitution adds to the ARN: an index, a folder.
        let below = resource["Fn::Sub"].as_str().and_then(|sub| sub.split_once('}')).map_or("", |(_, below)| below);
        let below = below.strip_prefix("/index").unwrap_or(below);
        let below = below.strip_suffix("/*").filter(|folder| !folder.is_empty()).unwrap_or(below);
        match action.split_once(':') {
            // Streams have an address of their own, and `*` is only for listing them.
            Some(("dynamodb", verb)) if !verb.contains("Stream") && !verb.contains("Shard") && verb != "GetRecords" => {
                vec![format!("{action} {}{below}", resource_of("TableName"))]
            }
            Some(("secretsmanager", _)) => vec![format!("{action} {}", resource_of("Name"))],
            Some(("sqs", _)) => vec![format!("{action} {}", resource_of("QueueName"))],
            Some(("s3", _)) => vec![format!("{action} {}{below}", resource_of("BucketName"))],
            Some(("kms", verb)) if verb != "DescribeKey" && verb != "GenerateMac" => {
                let mut purposes = purposes(condition);
                if purposes.is_empty() {
                    purposes.push("*");
                }
                purposes.into_iter().map(|purpose| format!("{action} key/{purpose}")).collect()
            }
            _ => vec![action.to_owned()],
        }
    }
}

/// The purposes that a statement's condition on the encryption context of KMS names.
fn purposes(condition: &Value) -> Vec<&str> {
    match condition {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match name.as_str() {
                "kms:EncryptionContext:purpose" => list(value).into_iter().map(text).collect(),
                _ => purposes(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(purposes).collect(),
        _ => vec![],
    }
}

/// Whether a grant allows a use, both in the form of [`Template::grants`].
pub fn allows(grant: &str, used: &str) -> bool {
    grant == used || grant.strip_suffix('*').is_some_and(|start| used.starts_with(start))
}

/// The logical name that a reference, an attribute or a substitution leads to.
pub fn target(value: &Value) -> String {
    let text = [&value["Ref"], &value["Fn::GetAtt"]].into_iter().find_map(Value::as_str);
    let text = text.or_else(|| value["Fn::Sub"].as_str().and_then(|sub| sub.split("${").nth(1)));
    text.unwrap_or_default().split(['.', '}']).next().unwrap_or_default().to_owned()
}

/// One or several of something.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => vec![],
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn plain(node: &YamlOwned) -> Value {
    match node {
        YamlOwned::Value(scalar) => match scalar {
            ScalarOwned::Null => Value::Null,
            ScalarOwned::Boolean(value) => json!(value),
            ScalarOwned::Integer(value) => json!(value),
            ScalarOwned::FloatingPoint(value) => json!(value.into_inner()),
            ScalarOwned::String(value) => json!(value),
        },
        YamlOwned::Sequence(items) => items.iter().map(plain).collect(),
        YamlOwned::Mapping(entries) => {
            let key = |key: &YamlOwned| match plain(key) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            entries.iter().map(|(name, value)| (key(name), plain(value))).collect::<Map<_, _>>().into()
        }
        YamlOwned::Tagged(tag, inner) => {
            let name = match tag.suffix.as_str() {
                "Ref" | "Condition" => tag.suffix.clone(),
                function => format!("Fn::{function}"),
            };
            json!({name: plain(inner)})
        }
        YamlOwned::Representation(..) | YamlOwned::Alias(_) | YamlOwned::BadValue => {
            panic!("the template has something this reader does not know: {node:?}")
        }
    }
}

/// An upper bound for the resources that SAM makes of a template, by type.
///
/// A function with a role of its own choosing is one resource; an API event adds a permission, a schedule a rule and a
/// permission, a queue or a stream a mapping; an API is itself, a deployment and a stage.
pub fn expansion(template: &Template) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    let mut add = |kind: &str, number: usize| *count.entry(kind.to_owned()).or_default() += number;
    for resource in template.resources().values() {
        match text(&resource["Type"]) {
            "AWS::Serverless::Function" => {
                add("AWS::Lambda::Function", 1);
                for event in resource["Properties"]["Events"].as_object().into_iter().flat_map(Map::values) {
                    match text(&event["Type"]) {
                        "Api" => add("AWS::Lambda::Permission", 1),
                        "Schedule" => {
                            add("AWS::Events::Rule", 1);
                            add("AWS::Lambda::Permission", 1);
                        }
                        "SQS" | "DynamoDB" => add("AWS::Lambda::EventSourceMapping", 1),
                        other => panic!("say what SAM makes of an event of type {other}"),
                    }
                }
                assert!(!resource["Properties"]["Role"].is_null(), "each function names its role");
            }
            "AWS::Serverless::Api" => {
                for kind in ["AWS::ApiGateway::RestApi", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"] {
                    add(kind, 1);
                }
                if !resource["Properties"]["Domain"].is_null() {
                    add("AWS::ApiGateway::DomainName", 3);
                }
            }
            kind => {
                assert!(!kind.starts_with("AWS::Serverless::"), "say what SAM makes of {kind}");
                add(kind, 1);
            }
        }
    }
    count
}
