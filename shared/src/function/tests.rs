//! Grants that follow from the declaration of a function.

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::{
    config::Section,
    domain::{id::CheckId, role::KycRead},
    error::Result,
    http::{Anonymous, Call, CanIf, Endpoint, NoContent, OwnerOr, Route, Signed, authority::Flag},
    messaging::{Delivery, TaskOutcome, Worker},
};

async fn anonymous(_: Call<Anonymous>, (): ()) -> Result<NoContent> {
    Ok(NoContent)
}

async fn signed(_: Call<Signed>, (): ()) -> Result<NoContent> {
    Ok(NoContent)
}

async fn owner(_: Call<OwnerOr<KycRead, CheckId>>, (): ()) -> Result<NoContent> {
    Ok(NoContent)
}

fn grants(function: &Function) -> BTreeSet<String> {
    function.settings.needs.grants().keys().map(ToString::to_string).collect()
}

/// The grants of the first declaration that the second does not have.
fn added(with: Endpoint, without: Endpoint) -> BTreeSet<String> {
    &grants(&with.as_function()) - &grants(&without.as_function())
}

fn set(grants: &[&str]) -> BTreeSet<String> {
    grants.iter().map(|grant| (*grant).to_owned()).collect()
}

#[test]
fn a_public_route_without_limits_may_only_write_logs() {
    let function = Route::get("platform-test", "/test").limited_by_gateway().handled_by(anonymous).as_function();
    assert_eq!(grants(&function), set(&["logs:CreateLogStream", "logs:PutLogEvents"]));
    assert_eq!(function.settings.needs.sections(), []);
    assert_eq!(function.area(), "platform");
}

#[test]
fn limits_and_authentication_add_their_grants_and_sections() {
    let route = || Route::get("platform-test", "/test");
    let limited = added(route().handled_by(anonymous), route().limited_by_gateway().handled_by(anonymous));
    // The limits ask whether a machine client calls, which may name the address of its own client.
    let limits = set(&[
        "dynamodb:BatchGetItem identity",
        "dynamodb:UpdateItem ephemeral",
        "secretsmanager:GetSecretValue indexes",
        "secretsmanager:GetSecretValue verification",
    ]);
    assert_eq!(limited, limits);
    let authenticated = added(route().handled_by(signed), route().limited_by_gateway().handled_by(anonymous));
    let keys = set(&["dynamodb:BatchGetItem keys"]);
    assert_eq!(authenticated, &limits | &keys);
    assert_eq!(route().handled_by(signed).as_function().settings.needs.sections(), [Section::Tokens]);
}

#[test]
fn a_flag_that_needs_a_permission_adds_the_grants_of_authentication() {
    struct TestFlag;
    impl Flag for TestFlag {
        const NAME: &'static str = "deep";
    }
    async fn deep(_: Call<CanIf<TestFlag, crate::domain::role::HealthRead>>, (): ()) -> Result<NoContent> {
        Ok(NoContent)
    }
    let function = Route::get("platform-test", "/test").limited_by_gateway().handled_by(deep).as_function();
    assert!(grants(&function).contains("secretsmanager:GetSecretValue verification"));
}

#[test]
fn owners_keys_and_idempotency_add_their_grants() {
    let route = || Route::post("kyc-test", "/test");
    let plain = || route().handled_by(signed);
    assert_eq!(added(route().handled_by(owner), plain()), set(&["dynamodb:BatchGetItem kyc"]));
    assert_eq!(
        added(route().opens_evidence_keys().handled_by(signed), plain()),
        set(&["dynamodb:GetItem keys", "dynamodb:Query keys", "kms:Decrypt key/evidence"])
    );
    let verbs = ["BatchGetItem", "GetItem", "PutItem"].map(|verb| format!("dynamodb:{verb} ephemeral"));
    assert_eq!(added(route().idempotent().handled_by(signed), plain()), verbs.into_iter().collect());
}

#[test]
fn a_worker_of_a_queue_consumes_claims_and_puts_back() {
    async fn work(_: &'static crate::app::App, _: Delivery<()>) -> Result<TaskOutcome> {
        Ok(TaskOutcome::Done)
    }
    let trigger = QueueTrigger::of(Queue::Lists).batch(1).late_after(60);
    let function = Worker::of_queue("workers-test", trigger, Duration::from_secs(5), work).as_function();
    assert_eq!(function.trigger, Trigger::Queue(QueueTrigger { queue: Queue::Lists, batch: 1, late_after: 60 }));
    assert_eq!(function.settings.concurrency, Concurrency::Worker);
    let wanted = [
        "sqs:ReceiveMessage lists",
        "sqs:SendMessage lists",
        "dynamodb:UpdateItem ephemeral",
        "dynamodb:DeleteItem ephemeral",
        "dynamodb:PutItem outbound",
    ];
    assert!(grants(&function).is_superset(&set(&wanted)), "{:?}", grants(&function));
}
