//! Roles, tested without a stack: each function has the grants that its kind of function needs, also for rare cases.

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::collections::{BTreeMap, BTreeSet};

use verinym_tests::{
    contract::{endpoints, functions},
    template::{Template, target},
};

/// The role of each function, by the function's name.
fn roles(template: &Template) -> BTreeMap<String, String> {
    template.functions().into_iter().map(|function| (function.name, function.role)).collect()
}

#[track_caller]
fn lacks(template: &Template, role: &str, needed: &[String]) -> Vec<String> {
    let granted = template.grants(role);
    needed.iter().filter(|action| !granted.contains(*action)).map(|action| format!("{role}: {action}")).collect()
}

#[test]
fn each_role_grants_what_its_functions_declare() {
    let template = Template::main();
    let roles = roles(&template);
    for function in functions() {
        let declared: BTreeSet<_> = function.settings.needs.grants().keys().map(ToString::to_string).collect();
        assert_eq!(template.grants(&roles[function.name]), declared, "{}", function.name);
    }
}

#[test]
fn a_route_that_takes_an_idempotency_key_may_keep_and_replay_answers() {
    let template = Template::main();
    let roles = roles(&template);
    let needed = ["BatchGetItem", "GetItem", "PutItem"].map(|verb| format!("dynamodb:{verb} ephemeral"));
    let idempotent: Vec<_> = endpoints().into_iter().filter(|endpoint| endpoint.route.idempotent).collect();
    assert!(idempotent.len() > 5, "only {} routes take a key", idempotent.len());
    let lacking: Vec<_> =
        idempotent.iter().flat_map(|endpoint| lacks(&template, &roles[endpoint.route.function], &needed)).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[test]
fn a_worker_of_a_queue_may_claim_its_message_and_put_it_back_for_any_wait() {
    let template = Template::main();
    let mut workers = 0;
    let mut lacking = Vec::new();
    for function in template.functions() {
        let queues = function.events.iter().filter(|event| event["Type"] == "SQS");
        for queue in queues.map(|event| target(&event["Properties"]["Queue"])) {
            workers += 1;
            let name = &template.resources()[&queue]["Properties"]["QueueName"]["Fn::Sub"];
            let name = name.as_str().unwrap().trim_start_matches("${AWS::StackName}-");
            let needed = [
                "dynamodb:UpdateItem ephemeral".to_owned(),
                "dynamodb:DeleteItem ephemeral".to_owned(),
                "dynamodb:PutItem outbound".to_owned(),
                format!("sqs:SendMessage {name}"),
            ];
            lacking.extend(lacks(&template, &function.role, &needed));
        }
    }
    assert_eq!(workers, 8);
    assert!(lacking.is_empty(), "{lacking:#?}");
}

/// A callback that arrives after its task failed finds the check without a task, and creates the task again.
#[test]
fn workers_that_process_a_check_have_the_grants_for_each_step() {
    let template = Template::main();
    let roles = roles(&template);
    let own = |action: &String| action.starts_with("sqs:");
    let grants = |function: &str| -> BTreeSet<String> {
        template.grants(&roles[function]).into_iter().filter(|action| !own(action)).collect()
    };
    let (verify, callback) = (grants("workers-verify"), grants("workers-apply-callback"));
    let lacking: Vec<_> = verify.difference(&callback).collect();
    assert!(lacking.is_empty(), "workers-apply-callback lacks {lacking:?}");
}

#[test]
fn the_worker_of_due_rows_may_move_a_row() {
    let template = Template::main();
    let verbs = ["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"];
    let needed = verbs.map(|verb| format!("dynamodb:{verb} outbound"));
    let lacking = lacks(&template, &roles(&template)["workers-run-due"], &needed);
    assert!(lacking.is_empty(), "{lacking:#?}");
}
