//! A template as `CloudFormation` evaluates it for one deployment: parameters, rules, conditions, intrinsic functions, and
//! SAM's globals. It panics at anything unknown, so that nothing stays unevaluated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::template::Template;

/// A template with the parameters of one deployment.
#[derive(Debug, Clone)]
pub struct Deployment {
    body: Value,
    parameters: BTreeMap<String, String>,
}

/// The account that a deployment is evaluated for.
pub const ACCOUNT: &str = "123456789012";

impl Deployment {
    /// Parameters that are not given have their defaults.
    ///
    /// # Panics
    /// If a parameter is unknown, missing, or has a value that its declaration does not allow.
    pub fn new(template: &Template, stack: &str, region: &str, given: &[(&str, &str)]) -> Self {
        let body = template.body().clone();
        let declared = body["Parameters"].as_object().expect("a template has parameters");
        for (name, _) in given {
            assert!(declared.contains_key(*name), "the template has no parameter {name}");
        }
        let mut parameters = BTreeMap::new();
        for (name, declaration) in declared {
            let given = given.iter().find(|(key, _)| key == name).map(|(_, value)| (*value).to_owned());
            let value = given.or_else(|| declaration.get("Default").map(text_of));
            let value = value.unwrap_or_else(|| panic!("parameter {name} is required"));
            check(name, declaration, &value);
            parameters.insert(name.clone(), value);
        }
        let pseudo = [
            ("AWS::StackName", stack),
            ("AWS::Region", region),
            ("AWS::AccountId", ACCOUNT),
            ("AWS::Partition", "aws"),
            ("AWS::URLSuffix", "amazonaws.com"),
        ];
        parameters.extend(pseudo.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self { body, parameters }
    }

    /// Value of a parameter or of a pseudo-parameter.
    pub fn parameter(&self, name: &str) -> &str {
        &self.parameters[name]
    }

    /// Descriptions of the assertions that do not hold; `CloudFormation` refuses such a deployment before it begins.
    pub fn broken_rules(&self) -> Vec<String> {
        let rules = self.body["Rules"].as_object().into_iter().flat_map(Map::values);
        let applying = rules.filter(|rule| rule.get("RuleCondition").is_none_or(|condition| self.holds(condition)));
        let assertions = applying.flat_map(|rule| rule["Assertions"].as_array().expect("assertions"));
        assertions
            .filter(|assertion| !self.holds(&assertion["Assert"]))
            .map(|assertion| text_of(&assertion["AssertDescription"]))
            .collect()
    }

    /// Whether a condition of the template holds.
    pub fn condition(&self, name: &str) -> bool {
        let condition = self.body["Conditions"].get(name);
        self.holds(condition.unwrap_or_else(|| panic!("the template has no condition {name}")))
    }

    fn holds(&self, condition: &Value) -> bool {
        let (function, argument) = single(condition).unwrap_or_else(|| panic!("no condition: {condition}"));
        let list = || argument.as_array().unwrap_or_else(|| panic!("{function} takes a list"));
        match function {
            "Condition" => self.condition(argument.as_str().expect("a name")),
            "Fn::Not" => !self.holds(&list()[0]),
            "Fn::And" => list().iter().all(|one| self.holds(one)),
            "Fn::Or" => list().iter().any(|one| self.holds(one)),
            "Fn::Equals" => {
                let side = |one: &Value| text_of(&self.resolve(one).expect("a value to compare"));
                side(&list()[0]) == side(&list()[1])
            }
            other => panic!("{other} is no condition function"),
        }
    }

    /// Logical name, type and resolved properties of each resource that is created; functions with SAM's globals.
    pub fn resources(&self) -> BTreeMap<String, Value> {
        let all = self.body["Resources"].as_object().expect("resources");
        let made = all.iter().filter(|(_, resource)| {
            resource.get("Condition").is_none_or(|name| self.condition(name.as_str().expect("a name")))
        });
        made.map(|(name, resource)| {
            let mut resource = resource.clone();
            if resource["Type"] == "AWS::Serverless::Function" {
                resource["Properties"] = merged(&self.body["Globals"]["Function"], &resource["Properties"]);
            }
            (name.clone(), self.resolve(&resource).expect("a resource"))
        })
        .collect()
    }

    /// Resolved properties of each resource of a type, by logical name.
    pub fn of_type(&self, kind: &str) -> BTreeMap<String, Value> {
        let all = self.resources().into_iter().filter(|(_, resource)| resource["Type"] == kind);
        all.map(|(name, resource)| (name, resource["Properties"].clone())).collect()
    }

    /// The environment of each function, by the name of its binary.
    pub fn environments(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let functions = self.of_type("AWS::Serverless::Function").into_values();
        functions
            .map(|properties| {
                let uri = text_of(&properties["CodeUri"]);
                let binary = uri.trim_end_matches('/').rsplit('/').next().expect("a binary").to_owned();
                let variables = properties["Environment"]["Variables"].as_object().expect("variables");
                (binary, variables.iter().map(|(name, value)| (name.clone(), text_of(value))).collect())
            })
            .collect()
    }

    /// `None` is `AWS::NoValue`: the property is left out.
    fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|item| self.resolve(item)).collect()),
            Value::Object(fields) => {
                if let Some((function, argument)) = single(value)
                    && (function == "Ref" || function.starts_with("Fn::"))
                {
                    return self.call(function, argument);
                }
                let resolved = fields.iter().filter_map(|(name, field)| Some((name.clone(), self.resolve(field)?)));
                Some(resolved.collect::<Map<_, _>>().into())
            }
            scalar => Some(scalar.clone()),
        }
    }

    fn call(&self, function: &str, argument: &Value) -> Option<Value> {
        let list = |value: &Value| match self.resolve(value) {
            Some(Value::Array(items)) => items,
            other => panic!("{function} takes a list, not {other:?}"),
        };
        match function {
            "Ref" => self.reference(argument.as_str().expect("a name")),
            "Fn::If" => {
                let parts = argument.as_array().expect("Fn::If takes a list");
                let yes = self.condition(parts[0].as_str().expect("a condition's name"));
                self.resolve(&parts[if yes { 1 } else { 2 }])
            }
            "Fn::Sub" => Some(self.substitute(argument).into()),
            "Fn::GetAtt" => {
                let path = argument.as_str().expect("the short form");
                let (name, attribute) = path.split_once('.').expect("an attribute");
                Some(self.attribute(name, attribute).into())
            }
            "Fn::Join" => {
                let parts = argument.as_array().expect("Fn::Join takes a list");
                let items: Vec<_> = list(&parts[1]).iter().map(text_of).collect();
                Some(items.join(&text_of(&parts[0])).into())
            }
            "Fn::Split" => {
                let parts = argument.as_array().expect("Fn::Split takes a list");
                let text = text_of(&self.resolve(&parts[1]).expect("a text"));
                Some(text.split(&text_of(&parts[0])).map(str::to_owned).collect::<Vec<_>>().into())
            }
            "Fn::Select" => {
                let parts = argument.as_array().expect("Fn::Select takes a list");
                let index: usize = text_of(&parts[0]).parse().expect("an index");
                Some(list(&parts[1])[index].clone())
            }
            "Fn::FindInMap" => {
                let keys: Vec<_> = list(argument).iter().map(text_of).collect();
                let found = &self.body["Mappings"][&keys[0]][&keys[1]][&keys[2]];
                assert!(!found.is_null(), "{keys:?} is in no mapping");
                self.resolve(found)
            }
            other => panic!("say how {other} is evaluated"),
        }
    }

    fn reference(&self, name: &str) -> Option<Value> {
        if name == "AWS::NoValue" {
            return None;
        }
        if let Some(value) = self.parameters.get(name) {
            return Some(value.clone().into());
        }
        let resource = self.declared(name);
        Some(
            match text_of(&resource["Type"]).as_str() {
                "AWS::SQS::Queue" => format!(
                    "https://sqs.{}.{}/{ACCOUNT}/{}",
                    self.parameter("AWS::Region"),
                    self.parameter("AWS::URLSuffix"),
                    self.name_of(name)
                ),
                "AWS::SNS::Topic" | "AWS::SecretsManager::Secret" => self.attribute(name, "Arn"),
                _ => self.name_of(name),
            }
            .into(),
        )
    }

    fn substitute(&self, argument: &Value) -> String {
        let mut out = String::new();
        let (mut rest, variables) = match argument.as_array() {
            Some(parts) => (parts[0].as_str().expect("a text"), &parts[1]),
            None => (argument.as_str().expect("a text"), &Value::Null),
        };
        while let Some((before, after)) = rest.split_once("${") {
            let (name, tail) = after.split_once('}').expect("a closed substitution");
            out.push_str(before);
            if let Some(variable) = variables.get(name) {
                out.push_str(&text_of(&self.resolve(variable).expect("a value")));
                rest = tail;
                continue;
            }
            match name.split_once('.') {
                Some((resource, attribute)) => out.push_str(&self.attribute(resource, attribute)),
                None => out.push_str(&text_of(&self.reference(name).expect("a value"))),
            }
            rest = tail;
        }
        out + rest
    }

    fn declared(&self, name: &str) -> &Value {
        let resource = self.body["Resources"].get(name);
        resource.unwrap_or_else(|| panic!("there is no parameter and no resource {name}"))
    }

    /// The deployed name of a resource, or its logical name if `CloudFormation` generates one.
    pub fn name_of(&self, name: &str) -> String {
        let properties = &self.declared(name)["Properties"];
        let given = ["TableName", "QueueName", "BucketName", "FunctionName", "TopicName", "LogGroupName", "Name"];
        let given = given.iter().find_map(|key| properties.get(*key));
        given.and_then(|value| self.resolve(value)).map_or_else(|| name.to_owned(), |value| text_of(&value))
    }

    fn attribute(&self, name: &str, attribute: &str) -> String {
        let kind = text_of(&self.declared(name)["Type"]);
        if attribute.ends_with("Name") {
            return self.name_of(name);
        }
        // Of the right form and length; what it names is told by the logical name, so that tests can compare.
        let service = kind.split("::").nth(1).expect("a type").to_lowercase();
        match kind.as_str() {
            "AWS::KMS::Key" => {
                format!("arn:aws:kms:{}:{ACCOUNT}:key/{:-<36}", self.parameter("AWS::Region"), name)
            }
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{}", self.name_of(name)),
            "AWS::SecretsManager::Secret" => {
                format!(
                    "arn:aws:secretsmanager:{}:{ACCOUNT}:secret:{}-AbCdEf",
                    self.parameter("AWS::Region"),
                    self.name_of(name)
                )
            }
            _ => format!("arn:aws:{service}:{}:{ACCOUNT}:{}", self.parameter("AWS::Region"), self.name_of(name)),
        }
    }

    /// Each statement of the policies of a role, its managed ones included.
    pub fn statements(&self, role: &str) -> Vec<Value> {
        let resources = self.resources();
        let properties = &resources[role]["Properties"];
        let managed = properties["ManagedPolicyArns"].as_array().into_iter().flatten();
        let managed = managed.filter_map(|name| resources.get(name.as_str()?)).map(|policy| &policy["Properties"]);
        let own = properties["Policies"].as_array().into_iter().flatten();
        let documents = managed.chain(own).map(|policy| &policy["PolicyDocument"]["Statement"]);
        documents.flat_map(|statements| statements.as_array().expect("statements").clone()).collect()
    }
}

/// A scalar as `CloudFormation` passes it on: everything is text.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        other => panic!("not a scalar: {other}"),
    }
}

/// One or several texts.
pub fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().map(text_of).collect(),
        one => BTreeSet::from([text_of(one)]),
    }
}

fn single(value: &Value) -> Option<(&str, &Value)> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.iter().next().map(|(name, argument)| (name.as_str(), argument))
}

/// SAM's merge of globals: maps are merged, everything else is the function's own where it has it.
fn merged(global: &Value, own: &Value) -> Value {
    let (Value::Object(global), Value::Object(own)) = (global, own) else { return own.clone() };
    let mut all = global.clone();
    for (name, value) in own {
        let value = global.get(name).map_or_else(|| value.clone(), |global| merged(global, value));
        all.insert(name.clone(), value);
    }
    all.into()
}

fn check(name: &str, declaration: &Value, value: &str) {
    if let Some(allowed) = declaration["AllowedValues"].as_array() {
        assert!(allowed.iter().any(|one| text_of(one) == value), "{name}={value} is none of {allowed:?}");
    }
    if declaration["Type"] == "Number" {
        let number: f64 = value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number"));
        assert!(declaration["MinValue"].as_f64().is_none_or(|least| number >= least), "{name}={value} is too small");
        assert!(declaration["MaxValue"].as_f64().is_none_or(|most| number <= most), "{name}={value} is too large");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SAMPLE: &str = r"
Parameters:
  Stage: {Type: String, AllowedValues: [local, prod], Default: local}
  Count: {Type: Number, MinValue: 0, Default: 0}
Mappings: {Sizes: {small: {memory: 128}}}
Rules:
  ProdCounts:
    RuleCondition: !Equals [!Ref Stage, prod]
    Assertions: [{Assert: !Not [!Equals [!Ref Count, '0']], AssertDescription: count}]
Conditions:
  OnAws: !Not [!Equals [!Ref Stage, local]]
  Both: !And [!Condition OnAws, !Or [!Equals [!Ref Count, '1'], !Equals [!Ref Count, '2']]]
Globals: {Function: {Timeout: 3, Environment: {Variables: {A: !Ref Stage, B: '1'}}}}
Resources:
  Table: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: !Sub '${AWS::StackName}-t'}}
  Extra: {Type: 'AWS::SQS::Queue', Condition: Both, Properties: {QueueName: q}}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/f/
      Memory: !FindInMap [Sizes, small, memory]
      Reserved: !If [OnAws, !Ref Count, !Ref AWS::NoValue]
      Part: !Select [1, !Split ['-', a-b-c]]
      Joined: !Join ['/', [x, !Ref Stage]]
      Environment: {Variables: {B: '2', T: !Ref Table, K: !Sub '${Table.Arn}/*'}}
";

    fn deployment(given: &[(&str, &str)]) -> Deployment {
        Deployment::new(&Template::parse(SAMPLE), "stack", "eu-central-1", given)
    }

    #[test]
    fn functions_conditions_and_globals_are_evaluated() {
        let local = deployment(&[]);
        assert!(local.broken_rules().is_empty() && !local.resources().contains_key("Extra"));
        let function = &local.of_type("AWS::Serverless::Function")["Fn"];
        let wanted = json!([128, "b", "x/local", 3]);
        assert_eq!(json!([function["Memory"], function["Part"], function["Joined"], function["Timeout"]]), wanted);
        assert!(function.get("Reserved").is_none());
        let environment = &local.environments()["f"];
        assert_eq!((environment["A"].as_str(), environment["B"].as_str()), ("local", "2"));
        assert_eq!(environment["T"], "stack-t");
        assert_eq!(environment["K"], "arn:aws:dynamodb:eu-central-1:123456789012:stack-t/*");
    }

    #[test]
    fn parameters_decide_what_is_made_and_what_is_refused() {
        assert_eq!(deployment(&[("Stage", "prod")]).broken_rules(), ["count"]);
        let two = deployment(&[("Stage", "prod"), ("Count", "2")]);
        assert!(two.broken_rules().is_empty() && two.resources().contains_key("Extra"));
        assert_eq!(two.of_type("AWS::Serverless::Function")["Fn"]["Reserved"], "2");
    }

    #[test]
    fn wrong_parameters_are_refused() {
        for given in [("Stage", "dev"), ("Count", "-1"), ("Count", "few"), ("Other", "")] {
            assert!(std::panic::catch_unwind(|| deployment(&[given])).is_err(), "{given:?}");
        }
    }
}
