//! Addresses of people that a customer's backend hands on (`X-Client-Address`).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use verinym_tests::{
    Client, Draft, Stack,
    world::{EndpointReply, World},
};

use crate::clients::{asked, made};

const PERMISSION: &str = "clients:forward_address";
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";

/// A backend that may hand on addresses: its access token.
async fn backend(stack: &Stack, scopes: &[&str]) -> String {
    let (id, secret) = made(&stack.admin().await, scopes).await;
    let token = asked(stack, &id, &secret, GRANT).await.expect(200).json();
    token["access_token"].as_str().unwrap().to_owned()
}

async fn login(client: &Client, draft: &Draft, address: &str) -> Client {
    let form = json!({"email": draft.email, "password": draft.password});
    let answer = client.post("/v1/auth/login").header("x-client-address", address).json(&form).send().await;
    client.holding(answer.expect(200).json())
}

#[tokio::test]
async fn sessions_and_events_show_the_address_of_the_person() {
    let stack = Stack::get();
    let person = stack.person().await;
    let token = backend(&stack, &[PERMISSION]).await;
    let signed_in = login(&stack.client().bearing(&token), &person.draft, "198.51.100.23").await;
    assert_eq!(signed_in.tokens["session"]["ip"], "198.51.100.23");
    let change = json!({"locale": "de"});
    let answer = signed_in
        .patch("/v1/users/profile")
        .header("x-client-authorization", &format!("Bearer {token}"))
        .header("x-client-address", "2001:db8::23")
        .json(&change)
        .send()
        .await;
    answer.expect(200);
    let events = stack.admin().await.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
    let ip_of = |kind: &str| events.iter().find(|event| event["type"] == kind).map(|event| event["ip"].clone());
    assert_eq!(ip_of("session.created"), Some(json!("198.51.100.23")));
    assert_eq!(ip_of("user.updated"), Some(json!("2001:db8::23")));
}

#[tokio::test]
async fn from_anybody_else_an_address_is_ignored() {
    let stack = Stack::get();
    let person = stack.person().await;
    let without = backend(&stack, &["kyc:read"]).await;
    for client in [stack.client(), person.api.clone(), stack.client().bearing(&without)] {
        let signed_in = login(&client, &person.draft, "198.51.100.24").await;
        assert_ne!(signed_in.tokens["session"]["ip"], "198.51.100.24");
    }
}

#[tokio::test]
async fn a_malformed_address_is_refused() {
    let stack = Stack::get();
    let person = stack.person().await;
    let token = backend(&stack, &[PERMISSION]).await;
    let form = json!({"email": person.draft.email, "password": person.draft.password});
    let answer = stack
        .client()
        .bearing(&token)
        .post("/v1/auth/login")
        .header("x-client-address", "198.51.100.7, 203.0.113.1")
        .json(&form)
        .send()
        .await
        .refused(400, "validation_failed");
    assert_eq!(answer.json()["errors"][0]["field"], "X-Client-Address");
}

/// The access token of a backend in an isolated world.
async fn backend_of(world: &World) -> String {
    let draft = Draft::new();
    assert!(world.call("auth-register", None, &[], &draft.form()).await.status < 300);
    world.settle(None).await;
    let link = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
    let form = json!({"token": link, "password": draft.password});
    world.call("auth-verify-email", None, &[], &form).await.expect(200);
    world.invoke("admin-bootstrap", json!({"email": draft.email, "role": "admin"})).await.expect("the role is given");
    let form = json!({"email": draft.email, "password": draft.password});
    let tokens = world.call("auth-login", None, &[], &form).await.expect(200);
    let form = json!({"name": "shop", "scopes": [PERMISSION]});
    let admin = tokens["access_token"].as_str();
    let made = world.call("admin-create-client", admin, &[], &form).await.expect(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let basic = STANDARD.encode(format!("{}:{}", text(&made["client"]["id"]), text(&made["secret"])));
    let headers = [("authorization", format!("Basic {basic}")), ("content-type", FORM.to_owned())];
    let answer = world.send("auth-oauth-token", None, &[], &headers, GRANT.into()).await.expect(200);
    text(&answer["access_token"])
}

async fn sign_up(world: &World, token: Option<&str>, address: &str) -> EndpointReply {
    let headers = [("content-type", "application/json".to_owned()), ("x-client-address", address.to_owned())];
    world.send("auth-register", token, &[], &headers, Draft::new().form().to_string().into_bytes()).await
}

#[tokio::test]
async fn each_person_behind_a_backend_has_limits_of_their_own() {
    let world = World::new(&Stack::get(), &[("RATE_LIMIT_SCALE", "1")]).await;
    let token = backend_of(&world).await;
    for _ in 0..3 {
        let reply = sign_up(&world, Some(&token), "198.51.100.31").await;
        assert!(reply.status < 300, "{reply:?}");
    }
    assert_eq!(sign_up(&world, Some(&token), "198.51.100.31").await.status, 429);
    let other = sign_up(&world, Some(&token), "198.51.100.32").await;
    assert!(other.status < 300, "{other:?}");
    // Others share the limit of their own network, whatever they state. One sign-up of it was the backend's maker's.
    let mut statuses = Vec::new();
    for last in 41..45 {
        statuses.push(sign_up(&world, None, &format!("198.51.100.{last}")).await.status);
    }
    assert!(statuses[..2].iter().all(|status| *status < 300), "{statuses:?}");
    assert_eq!(statuses[2..], [429, 429]);
}
