//! Roles grant just what their functions use: every call that any function made in the flows of the other tests is
//! granted by its role, and what is granted and was never used stands in a short list with its reason.
//!
//! Runs after `stack`, whose flows it looks at (cargo runs test targets in the order of their names).

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::collections::{BTreeMap, BTreeSet};

use verinym_tests::{
    Stack,
    contract::{endpoints, workers},
    template::Template,
    usage::{invocations, used},
};

/// What the platform does for a function, in its name: no call of ours.
const BY_THE_PLATFORM: [&str; 10] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
];

/// Granted, needed, and not seen in any flow of the tests: the permission, the functions (by prefix) and why.
const RARE: &[(&str, &str, &str)] = &[
    ("dynamodb:GetItem events", "", "looks for its own event after an answer that was lost"),
    ("dynamodb:GetItem ephemeral", "", "reads a record again after losing a race"),
    ("dynamodb:UpdateItem ephemeral", "", "counts against a limit that is no longer idle"),
    ("kms:GenerateDataKeyWithoutPlaintext", "", "makes a key-encryption key, once per shard and version"),
    ("dynamodb:PutItem keys", "", "keeps a key-encryption key, once per shard and version"),
    ("kms:Decrypt", "", "opens a key-encryption key that is not in memory"),
];

#[tokio::test]
async fn roles_grant_what_functions_use_and_no_more() {
    let stack = Stack::get();
    let seen = invocations(&stack.aws()).await;
    let used = used(&seen);
    let template = Template::main();
    let functions = template.functions();

    let mut lacking = Vec::new();
    let mut idle: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut roles: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for function in &functions {
        let granted = template.grants(&function.role);
        let used = used.get(&function.name).cloned().unwrap_or_default();
        lacking.extend(used.difference(&granted).map(|action| format!("{}: {action}", function.name)));
        roles.entry(&function.role).or_default().extend(used);
    }
    for (role, used) in roles {
        let names: Vec<_> =
            functions.iter().filter(|function| function.role == role).map(|function| function.name.as_str()).collect();
        for action in template.grants(role).difference(&used) {
            let platform = BY_THE_PLATFORM.contains(&action.as_str());
            let rare = RARE
                .iter()
                .any(|(rare, prefix, _)| rare == action && names.iter().any(|name| name.starts_with(prefix)));
            if !platform && !rare {
                idle.entry(role.to_owned()).or_default().insert(action.clone());
            }
        }
    }
    assert!(
        lacking.is_empty() && idle.is_empty(),
        "used and not granted: {lacking:#?}; granted and never used: {idle:#?}"
    );
}

/// Else the test above would look at too little.
#[tokio::test]
async fn the_flows_ran_every_function() {
    let seen: BTreeSet<_> =
        invocations(&Stack::get().aws()).await.into_iter().map(|invocation| invocation.function).collect();
    let all = endpoints()
        .iter()
        .map(|endpoint| endpoint.route.function)
        .chain(workers().iter().map(|worker| worker.function))
        .collect::<Vec<_>>();
    let missing: Vec<_> = all.into_iter().filter(|name| !seen.contains(*name)).collect();
    assert!(missing.is_empty(), "never ran: {missing:?}");
}
