//! Code, template, binaries and document agree; tested without a stack.

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use verinym_tests::{
    contract::{self, document, endpoints, functions, operations, snapshot, workers},
    generate,
    template::{Template, expansion, target},
    usage::AREAS,
    workspace::root,
};

/// The limit of `CloudFormation`.
const MOST_RESOURCES: usize = 500;

/// `UPDATE_OPENAPI=1` (`make openapi`) writes it anew.
#[test]
fn the_document_equals_its_snapshot() {
    let text = contract::kept_form(&document());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(snapshot(), text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(snapshot()).unwrap_or_default();
    let differs = kept.lines().zip(text.lines()).position(|(kept, now)| kept != now);
    assert!(kept == text, "the API differs from docs/openapi.json at line {differs:?}; if that is meant: make openapi");
}

/// `UPDATE_OPENAPI=1` (`make openapi`) writes it anew.
#[test]
fn the_list_of_problems_is_generated_from_the_catalogue() {
    let (path, text) = (root().join("docs/errors.md"), contract::errors());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text, "docs/errors.md is stale: make openapi");
}

/// `UPDATE_TEMPLATE=1` (`make template`) writes it anew.
#[test]
fn the_page_of_parameters_is_generated_from_the_template() {
    let (path, template) = (root().join("docs/configuration.md"), Template::main());
    let text = generate::configuration::configuration(&template);
    for (name, parameter) in template.body()["Parameters"].as_object().unwrap() {
        assert!(text.contains(&format!("| `{name}` |")), "{name} is in no group of parameters");
        assert!(parameter["Description"].as_str().is_some_and(|text| text.len() > 20), "{name} has no description");
    }
    if std::env::var_os("UPDATE_TEMPLATE").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        text,
        "docs/configuration.md is stale: make template"
    );
}

/// The gateway answers some requests by itself; its problems are those of the catalogue.
#[test]
fn the_gateway_s_own_problems_are_in_the_catalogue() {
    let template = Template::main();
    let responses = template.resources()["Api"]["Properties"]["GatewayResponses"].as_object().unwrap().clone();
    assert!(responses.len() > 10);
    for (name, response) in responses {
        let body = response["ResponseTemplates"]["application/json"]["Fn::Sub"][0].as_str().unwrap();
        let problem: Value = serde_json::from_str(body).unwrap();
        let known = verinym::http::problem::types::ALL
            .iter()
            .find(|one| one.code == problem["code"] && one.status == problem["status"]);
        assert_eq!(known.map(|one| one.title), problem["title"].as_str(), "{name}");
        assert_eq!(problem["type"], format!("${{Base}}/problems/{}", problem["code"].as_str().unwrap()), "{name}");
        assert_eq!(response["StatusCode"], problem["status"], "{name}");
    }
}

/// Each body has an example, and it fits its schema, so that a reader can copy it.
#[test]
fn examples_fit_their_schemas() {
    let document = document();
    let mut checked = 0;
    for operation in operations(&document) {
        let bodies = std::iter::once(&operation.body["requestBody"])
            .chain(operation.body["responses"].as_object().unwrap().values());
        for (media_type, media) in bodies.flat_map(|body| body["content"].as_object().into_iter().flatten()) {
            if !media_type.ends_with("json") || operation.takes_raw() {
                continue;
            }
            let validator = contract::validator(&document, &media["schema"]);
            let references = media["examples"].as_object().into_iter().flatten();
            let named = references.map(|(_, one)| {
                &document.pointer(one["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap()["value"]
            });
            for example in media.get("example").into_iter().chain(named) {
                let fault = validator.validate(example).err();
                assert!(fault.is_none(), "{} {media_type}: {fault:?} in {example}", operation.id);
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "only {checked} examples");
}

/// `UPDATE_TEMPLATE=1` (`make template`) writes both anew.
#[test]
fn the_template_and_the_binaries_are_what_the_code_declares() {
    let functions = functions();
    let kept = std::fs::read_to_string(generate::template_path()).unwrap();
    let text = generate::template(&kept, &functions);
    let (binaries, kept_binaries) = (generate::sources(&functions), generate::kept_sources());
    if std::env::var_os("UPDATE_TEMPLATE").is_some() {
        if kept != text {
            std::fs::write(generate::template_path(), text).unwrap();
        }
        for path in kept_binaries.keys().filter(|path| !binaries.contains_key(*path)) {
            std::fs::remove_file(path).unwrap();
        }
        for (path, text) in binaries.iter().filter(|(path, text)| kept_binaries.get(*path) != Some(*text)) {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        return;
    }
    let differs = kept.lines().zip(text.lines()).position(|(kept, now)| kept != now).map(|index| index + 1);
    assert!(kept == text, "template.yaml differs from the code at line {differs:?}: run make template");
    let stale: Vec<_> =
        binaries.iter().filter(|(path, text)| kept_binaries.get(*path) != Some(*text)).map(|(path, _)| path).collect();
    let surplus: Vec<_> = kept_binaries.keys().filter(|path| !binaries.contains_key(*path)).collect();
    assert!(stale.is_empty() && surplus.is_empty(), "binaries {stale:?}, {surplus:?}: run make template");
}

#[test]
fn every_operation_declares_its_permission_and_its_limit() {
    let known: BTreeSet<_> =
        verinym::domain::role::PERMISSIONS.iter().copied().chain(["anonymous", "signed-in"]).collect();
    let operations = operations(&document());
    assert!(operations.len() > 30, "only {} operations", operations.len());
    for operation in operations {
        let name = format!("{} {}", operation.method, operation.path);
        assert!(known.contains(operation.permission()), "{name}: permission '{}'", operation.permission());
        let limit = &operation.body["x-limit"];
        let counted = limit.as_array().is_some_and(|limits| {
            !limits.is_empty() && limits.iter().all(|limit| limit["quota"].as_u64().is_some_and(|quota| quota > 0))
        });
        assert!(counted || limit == "gateway", "{name}: limit {limit}");
        assert!(operation.body["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}: no summary");
        assert!(operation.body_limit() > 0, "{name}: no body limit");
    }
}

/// Without a command nothing stores the response, so a repeated call would be executed again.
#[test]
fn a_route_that_takes_an_idempotency_key_answers_by_a_command_that_keeps_the_answer() {
    let endpoints = endpoints();
    let taking: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.route.idempotent).collect();
    assert!(taking.len() >= 10, "only {} routes take a key", taking.len());
    for endpoint in taking {
        assert!(endpoint.commits, "{} takes a key and keeps no answer", endpoint.route.function);
    }
}

/// A route without a rate limit must do no I/O, otherwise anybody could cause costs with it.
#[test]
fn only_what_answers_without_data_is_left_to_the_gateway_s_throttle() {
    let free: BTreeSet<_> = operations(&document())
        .into_iter()
        .filter(|operation| operation.body["x-limit"] == "gateway")
        .map(|operation| operation.path)
        .collect();
    let expected = [
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/docs",
        "/docs/{file}",
        "/problems/{code}",
        "/v1/health",
        "/v1/openapi.json",
    ];
    assert_eq!(free, expected.map(str::to_owned).into());
}

#[test]
fn operations_have_names_of_their_own_and_references_lead_somewhere() {
    let document = document();
    let mut names = BTreeSet::new();
    for operation in operations(&document) {
        assert!(names.insert(operation.id.clone()), "{} twice", operation.id);
    }
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect_references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

/// The routes of the code: function, method, path.
fn routes() -> BTreeSet<(String, String, String)> {
    let mut routes = BTreeSet::new();
    for endpoint in endpoints() {
        let route = &endpoint.route;
        for (method, path) in route.addresses().filter(|(method, _)| **method != http::Method::OPTIONS) {
            routes.insert((route.function.to_owned(), method.to_string(), path.to_owned()));
        }
    }
    routes
}

#[test]
fn the_template_leads_each_route_to_its_function() {
    let (code, template) = (routes(), Template::main().routes());
    let missing: Vec<_> = code.difference(&template).collect();
    let surplus: Vec<_> = template.difference(&code).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "not in the template: {missing:?}; not in the code: {surplus:?}");
}

#[test]
fn every_path_answers_preflight_requests() {
    let paths: BTreeSet<_> = routes().into_iter().map(|(_, _, path)| path).collect();
    let preflights = Template::main().integrations().into_iter().filter(|one| one.method == "OPTIONS");
    let preflights: BTreeSet<_> = preflights.map(|one| (one.path, one.function)).collect();
    assert_eq!(preflights, paths.into_iter().map(|path| (path, "platform-options".to_owned())).collect());
}

/// The gateway alone would answer 404 without the methods that the path has.
#[test]
fn each_path_has_every_method() {
    let mut methods: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for one in Template::main().integrations() {
        methods.entry(one.path).or_default().insert(one.method);
    }
    let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map(str::to_owned).into();
    assert!(methods.len() > 40);
    for (path, methods) in methods {
        assert_eq!(methods, all, "{path}");
    }
}

/// The function of `GET` answers `HEAD` too.
#[test]
fn head_leads_to_the_function_of_get() {
    let of = |method: &str| -> BTreeSet<_> {
        let all = Template::main().integrations().into_iter();
        let all = all.filter(|one| one.method == method && one.function != "platform-options");
        all.map(|one| (one.path, one.function)).collect()
    };
    assert!(of("GET").len() > 15);
    assert_eq!(of("HEAD"), of("GET"));
}

/// By one role, since a permission for each function would be a resource for each.
#[test]
fn the_gateway_invokes_each_function_by_a_role_that_may_do_nothing_else() {
    let template = Template::main();
    let roles: BTreeSet<_> = template.integrations().into_iter().map(|one| one.role).collect();
    assert_eq!(roles, BTreeSet::from(["GatewayRole".to_owned()]));
    assert_eq!(template.grants("GatewayRole"), BTreeSet::from(["lambda:InvokeFunction".to_owned()]));
    assert_eq!(
        expansion(&template).get("AWS::Lambda::Permission"),
        Some(&(schedules(&template) + 1)),
        "schedules need one each, and the authorizer"
    );
}

#[test]
fn only_gateways_of_the_account_may_invoke_the_authorizer() {
    let template = Template::main();
    let permissions: Vec<_> = template.of_type("AWS::Lambda::Permission").collect();
    let expected = serde_json::json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": { "Fn::GetAtt": "AuthAuthorizer.Arn" },
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": { "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*" },
    });
    assert_eq!(permissions, [("AuthAuthorizerPermission", &expected)]);
}

fn schedules(template: &Template) -> usize {
    let events = template.functions().into_iter().flat_map(|function| function.events);
    events.filter(|event| event["Type"] == "Schedule").count()
}

#[test]
fn template_binaries_and_code_name_the_same_functions() {
    let code: BTreeSet<String> = endpoints()
        .iter()
        .map(|endpoint| endpoint.route.function)
        .chain(workers().iter().map(|worker| worker.function))
        .map(str::to_owned)
        .collect();
    assert_eq!(code.len(), endpoints().len() + workers().len(), "a function is named twice");

    let template = Template::main().functions();
    let deployed: BTreeSet<_> = template.iter().map(|function| function.name.clone()).collect();
    assert_eq!(deployed, code, "template and code");
    for function in &template {
        assert_eq!(function.name, function.binary, "{} runs the binary of another", function.logical);
    }
    let sandbox = Template::sandbox().functions().into_iter().map(|function| function.binary);
    let all: BTreeSet<_> = code.into_iter().chain(sandbox).collect();
    assert_eq!(binaries(), all, "binaries");
}

/// Every binary of the areas; each contains only `main`.
fn binaries() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for area in std::fs::read_dir(root().join("functions")).unwrap() {
        let Ok(binaries) = std::fs::read_dir(area.unwrap().path().join("src/bin")) else { continue };
        for binary in binaries {
            let path = binary.unwrap().path();
            let lines = std::fs::read_to_string(&path).unwrap().lines().filter(|line| !line.trim().is_empty()).count();
            assert!(lines <= 10, "{} is more than a main", path.display());
            names.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    names
}

#[test]
fn the_expanded_templates_stay_under_cloudformation_s_limit() {
    for template in [Template::main(), Template::sandbox()] {
        let expanded = expansion(&template);
        let total: usize = expanded.values().sum();
        assert!(total < MOST_RESOURCES, "{total} resources: {expanded:?}");
    }
}

/// The planned number of functions fits, if each adds as many resources as today's functions do on average.
#[test]
fn resources_of_140_functions_stay_under_450() {
    const FUNCTIONS: usize = 140;
    const BUDGET: usize = 450;
    let template = Template::main();
    let total: usize = expansion(&template).values().sum();
    // What does not grow with the number of functions: what stands by hand, and a log group per area.
    let text = std::fs::read_to_string(generate::template_path()).unwrap();
    let by_hand: usize = expansion(&Template::parse(&generate::template(&text, &[]))).values().sum();
    let fixed = by_hand + AREAS.len();
    let functions = functions().len();
    let expected = fixed + ((total - fixed) * FUNCTIONS).div_ceil(functions);
    assert!(
        expected.max(total) < BUDGET,
        "{expected} resources for {FUNCTIONS} functions; today {total} for {functions}, {by_hand} of them by hand"
    );
}

#[test]
fn every_queue_has_a_dead_letter_queue_and_time_for_six_tries() {
    for template in [Template::main(), Template::sandbox()] {
        let queues: BTreeMap<_, _> = template.of_type("AWS::SQS::Queue").collect();
        let dead: BTreeSet<_> = queues
            .values()
            .map(|queue| target(&queue["RedrivePolicy"]["deadLetterTargetArn"]))
            .filter(|name| !name.is_empty())
            .collect();
        let working: BTreeSet<_> =
            queues.keys().filter(|name| !dead.contains(**name)).map(|name| (*name).to_owned()).collect();
        assert!(!working.is_empty());
        let mut consumed = BTreeSet::new();
        for function in template.functions() {
            for event in function.events.iter().filter(|event| event["Type"] == "SQS") {
                let (mapping, name) = (&event["Properties"], target(&event["Properties"]["Queue"]));
                let visibility = queues[name.as_str()]["VisibilityTimeout"].as_u64().unwrap();
                assert!(
                    visibility >= 6 * function.timeout,
                    "{name}: {visibility} s for {} of {} s",
                    function.name,
                    function.timeout
                );
                let partial = mapping["FunctionResponseTypes"]
                    .as_array()
                    .is_some_and(|types| types.contains(&"ReportBatchItemFailures".into()));
                assert!(partial, "{name} fails whole batches");
                consumed.insert(name);
            }
        }
        assert_eq!(consumed, working, "queues that are consumed, and queues there are");
        for name in &working {
            let policy = &queues[name.as_str()]["RedrivePolicy"];
            assert!(
                policy["maxReceiveCount"].as_u64().is_some_and(|count| (2..=10).contains(&count)),
                "{name}: {policy}"
            );
            let dead = &queues[target(&policy["deadLetterTargetArn"]).as_str()];
            let kept = |queue: &Value| queue["MessageRetentionPeriod"].as_u64().unwrap_or(345_600);
            assert!(kept(dead) > kept(queues[name.as_str()]), "{name}: dead letters outlive the queue's own messages");
        }
    }
}

#[test]
fn no_role_may_change_or_delete_an_event() {
    let template = Template::main();
    for (role, _) in template.function_roles() {
        for grant in template.grants(role) {
            let forbidden =
                ["dynamodb:UpdateItem events", "dynamodb:DeleteItem events", "dynamodb:BatchWriteItem events"];
            assert!(!forbidden.contains(&grant.as_str()) && !grant.contains('*'), "{role}: {grant}");
        }
    }
}

/// Functions that need exactly the same share a role; two roles that grant the same would be one too many.
#[test]
fn no_two_roles_grant_the_same_and_none_is_unused() {
    let template = Template::main();
    let functions = template.functions().into_iter().map(|function| function.role);
    let used: BTreeSet<_> = functions.collect();
    let mut seen = BTreeMap::new();
    for (role, properties) in template.function_roles() {
        assert!(used.contains(role), "{role} is nobody's");
        let told = (properties["ManagedPolicyArns"].to_string(), properties["Policies"].to_string());
        if let Some(other) = seen.insert(told, role) {
            panic!("{role} and {other} grant the same");
        }
    }
}
