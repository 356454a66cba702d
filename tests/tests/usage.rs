//! Roles grant just what their functions use: every call that any function made in the flows of the other tests is
//! granted by its role, and what is granted and was never used stands in a short list with its reason.
//!
//! Runs after `stack`, whose flows it looks at (cargo runs test targets in the order of their names).

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::collections::{BTreeMap, BTreeSet};

use verinym_tests::{
    Stack,
    contract::{endpoints, workers},
    template::{Template, allows},
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

/// Granted, needed, and not sure to be seen in the tests' flows: permissions, the functions (all, or these) and when.
const RARE: &[(&[&str], &[&str], &str)] = &[
    (&["dynamodb:GetItem events"], &[], "to look for its own event after an answer that was lost"),
    (&["dynamodb:GetItem ephemeral"], &[], "to read a record again after losing the race for its key"),
    (&["dynamodb:Query keys", "kms:Decrypt key/*"], &[], "to unwrap key-encryption keys that are not in memory"),
    (&["dynamodb:GetItem keys"], &[], "to read one person's key apart from the read that admits a caller"),
    (
        &["dynamodb:Scan keys", "dynamodb:UpdateItem keys", "dynamodb:DeleteItem keys"],
        &["workers-rotate-keys"],
        "while people's keys are re-wrapped, four times a year",
    ),
    (&["s3:ListBucket documents", "s3:ListBucket lists"], &[], "so that S3 tells a missing object from a refusal"),
    (&["kms:Decrypt key/anonymous"], &[], "to read the address in an event of somebody who was not signed in"),
    (&["kms:Decrypt key/evidence"], &["workers-apply-callback"], "where a callback comes after its task failed"),
    (&["dynamodb:DeleteItem ephemeral"], &[], "to give a message back that could not be worked"),
    (
        &["dynamodb:ConditionCheckItem identity"],
        &["auth-register"],
        "while enumeration protection is on, a taken address is checked with what is written for it",
    ),
    (
        &["dynamodb:PutItem ephemeral"],
        &["auth-register"],
        "while enumeration protection is on, as much is written for a taken address as for a free one",
    ),
    (
        &["sqs:SendMessage notification"],
        &["auth-login"],
        "while enumeration protection is on, the owner of an unconfirmed address gets another mail",
    ),
    (&["dynamodb:GetItem identity"], &["auth-logout"], "to read the session again after losing a race"),
    (
        &[
            "dynamodb:BatchGetItem identity",
            "dynamodb:BatchGetItem kyc",
            "dynamodb:PutItem identity",
            "dynamodb:PutItem kyc",
            "dynamodb:PutItem events",
            "dynamodb:PutItem outbound",
            "s3:DeleteObject documents/documents",
            "sqs:SendMessage verification",
        ],
        &["workers-expire", "workers-sweep-checks"],
        "where a check is overdue by days, or an object belongs to nobody",
    ),
    (
        &["dynamodb:GetItem identity"],
        &["account-change-password", "auth-reset-password"],
        "to read the account again after losing a race, or the claim of an unconfirmed account's username",
    ),
    (
        &["dynamodb:BatchGetItem ephemeral", "dynamodb:PutItem ephemeral"],
        &["account-change-password"],
        "where the caller sends an idempotency key",
    ),
    (&["sqs:SendMessage notification"], &["workers-send-mail"], "where SES sends no more for now"),
    (&["sqs:SendMessage documents"], &["workers-process-document"], "where a function runs out of time"),
    (&["dynamodb:PutItem outbound"], &["workers-run-due"], "where a row cannot be sent"),
    (
        &[
            "dynamodb:UpdateItem outbound",
            "dynamodb:DeleteItem outbound",
            "sqs:SendMessage verification",
            "sqs:SendMessage screening",
            "sqs:SendMessage provider-callbacks",
            "sqs:SendMessage notification",
            "sqs:SendMessage documents",
            "sqs:SendMessage lists",
        ],
        &["workers-sweep-outbox", "workers-run-due"],
        "where the dispatcher left a row, or one is due",
    ),
    (&["dynamodb:PutItem identity"], &["workers-verify"], "where a provider that was asked again says no"),
    (&["sqs:SendMessage screening"], &["workers-screen-check"], "where lists are missing or stale"),
    (&["sqs:SendMessage screening"], &["workers-sweep-checks"], "where a screening is overdue"),
    (&["sqs:SendMessage lists"], &["workers-load-list"], "where others were always first"),
    (
        &["s3:DeleteObject lists/lists"],
        &["workers-load-list"],
        "where files of a list are a day old and not needed any more",
    ),
    (
        &["sqs:SendMessage provider-callbacks"],
        &["workers-apply-callback"],
        "where a callback comes before its task is known",
    ),
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
        let missing = used.iter().filter(|used| !granted.iter().any(|grant| allows(grant, used)));
        lacking.extend(missing.map(|action| format!("{}: {action}", function.name)));
        roles.entry(&function.role).or_default().extend(used);
    }
    for (role, used) in roles {
        let names: Vec<_> =
            functions.iter().filter(|function| function.role == role).map(|function| function.name.as_str()).collect();
        for action in template.grants(role).into_iter().filter(|grant| !used.iter().any(|used| allows(grant, used))) {
            let platform =
                BY_THE_PLATFORM.iter().any(|call| action == *call || action.starts_with(&format!("{call} ")));
            let rare = RARE.iter().any(|(actions, only, _)| {
                actions.contains(&action.as_str()) && (only.is_empty() || names.iter().any(|name| only.contains(name)))
            });
            if !platform && !rare {
                idle.entry(role.to_owned()).or_default().insert(action);
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
