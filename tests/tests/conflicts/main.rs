//! Every route and worker with a conflict at the first transaction of each invocation: the role of a function must grant all calls by which it
//! reads and decides again.
//!
//! Flows without a conflict are compared with the grants in `usage`, by the functions' logs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a test cannot do is its failure")]

mod accounts;
mod caller;
mod checks;
mod sign_in;

use serde_json::json;
use verinym_tests::{
    Stack,
    template::{Template, allows},
    world::World,
};

use crate::{
    accounts::{accounts, administration, roles},
    checks::{callbacks, checks, webhooks},
    sign_in::{passkeys, second_factors, social, text_messages},
};

#[tokio::test]
async fn what_a_function_calls_after_a_conflict_is_granted_by_its_role() {
    let world = World::new(&Stack::get(), &[]).await;
    world.faults.conflict_in_each_invocation();
    accounts(&world).await;
    second_factors(&world).await;
    text_messages(&world).await;
    passkeys(&world).await;
    roles(&world).await;
    administration(&world).await;
    if !world.stack.lacks("localstack", "its functions do not reach the identity providers") {
        social(&world).await;
    }
    checks(&world).await;
    callbacks(&world).await;
    if !world.stack.lacks("localstack", "its functions do not reach the receiver") {
        webhooks(&world).await;
    }
    for worker in ["workers-sweep-checks", "workers-sweep-outbox", "workers-run-due", "workers-expire"] {
        world.invoke(worker, json!({})).await.unwrap_or_else(|| panic!("{worker} failed"));
    }

    let template = Template::main();
    let functions = template.functions();
    let used = world.faults.used();
    let mut lacking = Vec::new();
    for (function, used) in &used {
        let Some(function) = functions.iter().find(|one| one.name == *function) else { continue };
        let granted = template.grants(&function.role);
        let missing = used.iter().filter(|used| !granted.iter().any(|grant| allows(grant, used)));
        lacking.extend(missing.map(|action| format!("{}: {action}", function.name)));
    }
    assert!(used.len() > 35, "only {} functions ran: {:?}", used.len(), used.keys());
    assert!(lacking.is_empty(), "used after a conflict and not granted: {lacking:#?}");
}
