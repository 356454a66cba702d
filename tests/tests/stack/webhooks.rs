//! Outgoing webhooks: endpoints on loopback hear of events, signed, at least once, and of nobody else's.

use serde_json::{Value, json};
use verinym::{
    domain::{secret::Secret, time::Timestamp},
    providers::signature::Scheme,
};
use verinym_tests::{
    ApiResponse, Client, Person, Stack,
    people::tag,
    receiver::{Received, Receiver},
    until,
};

/// Whether the functions do not reach a receiver of this process.
fn out_of_reach(stack: &Stack) -> bool {
    stack.lacks("localstack", "its functions run in containers, which do not reach the receiver")
}

struct Endpoint {
    id: String,
    secret: String,
}

async fn made(client: &Client, server: &Receiver, events: &[&str]) -> Endpoint {
    let form = json!({"url": &server.url, "events": events, "description": "tests"});
    of(&client.post("/v1/webhooks").json(&form).send().await.expect(201))
}

fn of(created: &ApiResponse) -> Endpoint {
    let body = created.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    assert!(created.header("location").unwrap().ends_with(&format!("/v1/webhooks/{}", text("id"))), "{created}");
    Endpoint { id: text("id"), secret: text("secret") }
}

impl Endpoint {
    fn path(&self, rest: &str) -> String {
        format!("/v1/webhooks/{}{rest}", self.id)
    }

    async fn tested(&self, client: &Client) -> Value {
        client.post(&self.path("/test")).send().await.expect(202).json()
    }

    /// The delivery once it has this status.
    async fn delivery_once(&self, client: &Client, id: &Value, status: &str) -> Value {
        until(&format!("the delivery {id} to be {status}"), async || {
            let all = client.all(&self.path("/deliveries")).await;
            all.into_iter().find(|one| one["id"] == *id && one["status"] == status)
        })
        .await
    }
}

/// Whether a consumer with this secret accepts the request.
fn verified(request: &Received, secret: &str) -> bool {
    let scheme = Scheme::StandardWebhooks;
    let key = scheme.key(&Secret::new(secret.to_owned())).unwrap();
    let found = scheme.verify(&request.headers, request.body.as_bytes(), Timestamp::now(), &[key]);
    found.is_ok_and(|webhook| webhook.id == request.json()["id"].as_str().unwrap())
}

/// The first request with an event of this type.
async fn heard(server: &Receiver, kind: &str) -> Received {
    until(&format!("{kind} to be delivered"), async || {
        server.requests().into_iter().find(|request| request.json()["type"] == kind)
    })
    .await
}

async fn renamed(person: &Person, name: &str) -> u64 {
    let form = json!({"given_name": name});
    let user = person.api.patch("/v1/users/profile").json(&form).send().await.expect(200).json();
    user["version"].as_u64().unwrap()
}

#[tokio::test]
async fn an_endpoint_hears_of_its_owner_s_events_and_of_nobody_else_s() {
    let stack = Stack::get();
    if out_of_reach(&stack) {
        return;
    }
    let (person, other) = (stack.person().await, stack.person().await);
    let server = Receiver::start(&[]);
    let endpoint = made(&person.api, &server, &["user.*", "kyc.check.*"]).await;
    renamed(&other, "Olga").await;
    let version = renamed(&person, "Mara").await;
    let updated = heard(&server, "user.updated").await;
    assert!(verified(&updated, &endpoint.secret), "{updated:?}");
    assert_eq!(updated.header("content-type"), "application/json");
    let told = updated.json();
    assert_eq!(told["data"], json!({"user_id": person.id, "version": version}));
    assert_eq!(told["id"], updated.header("webhook-id"));

    let check = person.check(&format!("OK-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    let shown = person.check_once(id, "approved").await;
    let approved = heard(&server, "kyc.check.approved").await;
    assert!(verified(&approved, &endpoint.secret));
    let expected = json!({"check_id": id, "user_id": person.id, "status": "approved", "version": shown["version"]});
    assert_eq!(approved.json()["data"], expected);
    heard(&server, "kyc.check.submitted").await;
    for request in server.requests() {
        assert!(!request.body.contains(&other.id), "{}", request.body);
        assert_ne!(request.json()["type"], "session.created", "no filter matches it");
        for personal in [&person.draft.email, &person.draft.family_name, &person.draft.date_of_birth] {
            assert!(!request.body.contains(personal.as_str()), "{}", request.body);
        }
    }
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_with_the_same_id_and_body() {
    let stack = Stack::get();
    if out_of_reach(&stack) {
        return;
    }
    let person = stack.person().await;
    let server = Receiver::start(&[500]);
    let endpoint = made(&person.api, &server, &["user.locked"]).await;
    let delivery = endpoint.tested(&person.api).await;
    let done = endpoint.delivery_once(&person.api, &delivery["id"], "delivered").await;
    assert_eq!((&done["attempt"], &done["response_status"]), (&json!(2), &json!(200)));
    assert_eq!((&done["response_excerpt"], &done["next_attempt_at"]), (&json!("answer 200"), &Value::Null));
    assert!(done["duration_ms"].is_u64());
    let requests = server.requests();
    let [first, second] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((first.header("webhook-id"), &first.body), (second.header("webhook-id"), &second.body));
    assert!(verified(second, &endpoint.secret));
    assert_eq!(first.json()["type"], "webhook.test");

    // By hand it is delivered once more, under the same id.
    let retry = endpoint.path(&format!("/deliveries/{}/retry", delivery["id"].as_str().unwrap()));
    person.api.post(&retry).send().await.expect(202);
    let again = until("the third request", async || server.requests().get(2).cloned()).await;
    assert_eq!(again.header("webhook-id"), delivery["event_id"].as_str().unwrap());

    let second = endpoint.tested(&person.api).await;
    let paged = person.api.all(&endpoint.path("/deliveries?limit=1")).await;
    let ids: Vec<_> = paged.iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&second["id"], &delivery["id"]]);
}

#[tokio::test]
async fn a_pending_delivery_is_not_asked_for_again_and_one_without_answer_tells_nothing() {
    let person = Stack::get().person().await;
    // Nothing listens there.
    let form = json!({"url": "http://127.0.0.1:9/", "events": ["*"]});
    let endpoint = of(&person.api.post("/v1/webhooks").json(&form).send().await.expect(201));
    let delivery = endpoint.tested(&person.api).await;
    let tried = until("an attempt", async || {
        let all = person.api.all(&endpoint.path("/deliveries?status=pending")).await;
        all.into_iter().find(|one| one["id"] == delivery["id"] && one["attempt"] != 0)
    })
    .await;
    for field in ["response_status", "response_excerpt", "duration_ms"] {
        assert_eq!(tried[field], Value::Null, "{field}");
    }
    assert!(tried["next_attempt_at"].is_string());
    let retry = endpoint.path(&format!("/deliveries/{}/retry", delivery["id"].as_str().unwrap()));
    person.api.post(&retry).send().await.refused(409, "delivery_pending");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_its_owner_learns_of_it() {
    let stack = Stack::get();
    if out_of_reach(&stack) {
        return;
    }
    let person = stack.person().await;
    let server = Receiver::start(&[410]);
    let endpoint = made(&person.api, &server, &["user.locked"]).await;
    let before = Timestamp::now();
    let delivery = endpoint.tested(&person.api).await;
    endpoint.delivery_once(&person.api, &delivery["id"], "cancelled").await;
    let disabled = person.api.get(&endpoint.path("")).send().await.expect(200).json();
    assert_eq!((&disabled["enabled"], &disabled["disabled_reason"]), (&json!(false), &json!("gone")));
    stack.mail(&person.draft.email, "disabled", |mail| mail.subject.contains("webhook endpoint")).await;
    person.api.post(&endpoint.path("/test")).send().await.refused(409, "webhook_disabled");
    let since = json!({"since": before.to_string()});
    let retry = endpoint.path("/deliveries/retry");
    person.api.post(&retry).json(&since).send().await.refused(409, "webhook_disabled");

    let form = json!({"url": &server.url, "events": ["user.locked"]});
    let enabled = person.api.put(&endpoint.path("")).json(&form).send().await.expect(200).json();
    assert_eq!((&enabled["enabled"], &enabled["disabled_reason"]), (&json!(true), &Value::Null));
    person.api.post(&retry).json(&since).send().await.expect(202);
    endpoint.delivery_once(&person.api, &delivery["id"], "delivered").await;
}

#[tokio::test]
async fn both_secrets_sign_after_a_rotation() {
    let stack = Stack::get();
    if out_of_reach(&stack) {
        return;
    }
    let person = stack.person().await;
    let server = Receiver::start(&[]);
    let endpoint = made(&person.api, &server, &["*"]).await;
    let rotated = person.api.post(&endpoint.path("/rotate-secret")).send().await.expect(200).json();
    let second = rotated["secret"].as_str().unwrap();
    endpoint.tested(&person.api).await;
    let request = heard(&server, "webhook.test").await;
    assert_eq!(request.header("webhook-signature").split(' ').count(), 2);
    assert!(verified(&request, second) && verified(&request, &endpoint.secret));
    let shown = person.api.get(&endpoint.path("")).send().await.expect(200);
    assert!(!shown.text().contains("whsec_"), "{shown}");
    let known = shown.header("etag").unwrap();
    person.api.get(&endpoint.path("")).header("if-none-match", known).send().await.expect(304);
}

#[tokio::test]
async fn an_event_that_is_handed_out_twice_makes_one_delivery() {
    let stack = Stack::get();
    if out_of_reach(&stack) {
        return;
    }
    let person = stack.person().await;
    let server = Receiver::start(&[]);
    let endpoint = made(&person.api, &server, &["user.updated"]).await;
    renamed(&person, "Mara").await;
    let told = heard(&server, "user.updated").await.json();
    let events = stack.aws().events(&person.id).await;
    let event = events.into_iter().find(|event| event["id"] == told["id"]).expect("the event");
    // As if the worker had forgotten it.
    let message = json!({"key": tag(), "correlation_id": "again", "body": {"kind": "event", "event": event}});
    let record = json!({
        "messageId": "m", "receiptHandle": "r", "eventSource": "aws:sqs", "body": message.to_string(),
        "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
    });
    let answer = stack.aws().invoke("workers-fan-out-event", &json!({"Records": [record]})).await;
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(person.api.all(&endpoint.path("/deliveries")).await.len(), 1);
    let ids: Vec<_> = server.requests().iter().map(|request| request.json()["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == told["id"]), "{ids:?}");
}

#[tokio::test]
async fn endpoints_and_deliveries_of_others_are_not_found() {
    let stack = Stack::get();
    if out_of_reach(&stack) {
        return;
    }
    let (person, admin) = (stack.person().await, stack.admin().await);
    let server = Receiver::start(&[]);
    let endpoint = made(&person.api, &server, &["*"]).await;
    let delivery = endpoint.tested(&person.api).await;
    endpoint.delivery_once(&person.api, &delivery["id"], "delivered").await;
    let delivery = format!("/deliveries/{}/retry", delivery["id"].as_str().unwrap());
    for rest in ["", "/deliveries"] {
        admin.get(&endpoint.path(rest)).send().await.refused(404, "not_found");
    }
    for rest in ["/test", "/rotate-secret", delivery.as_str()] {
        admin.post(&endpoint.path(rest)).send().await.refused(404, "not_found");
    }
    // An endpoint of one's own does not lead to a delivery of somebody else's.
    let own = made(&admin, &server, &["*"]).await;
    admin.post(&own.path(&delivery)).send().await.refused(404, "not_found");
    admin.delete(&own.path("")).send().await.expect(204);
    person.api.delete(&endpoint.path("")).send().await.expect(204);
    person.api.get(&endpoint.path("")).send().await.refused(404, "not_found");
    assert!(person.api.all("/v1/webhooks").await.is_empty());
}

#[tokio::test]
async fn only_who_may_manage_webhooks_hears_of_everybody() {
    let stack = Stack::get();
    if out_of_reach(&stack) {
        return;
    }
    let admin = stack.admin().await;
    let server = Receiver::start(&[]);
    let form = json!({"url": &server.url, "events": ["user.registered", "aml.*"], "scope": "all"});
    stack.person().await.api.post("/v1/webhooks").json(&form).send().await.refused(403, "forbidden");
    stack.moderator().await.post("/v1/webhooks").json(&form).send().await.refused(403, "forbidden");
    let endpoint = of(&admin.post("/v1/webhooks").json(&form).send().await.expect(201));
    let person = stack.person().await;
    let registered = until("the registration to be delivered", async || {
        server.requests().into_iter().find(|request| request.json()["data"]["user_id"] == person.id.as_str())
    })
    .await;
    assert!(verified(&registered, &endpoint.secret));
    admin.delete(&endpoint.path("")).send().await.expect(204);
}

#[tokio::test]
async fn a_machine_client_that_may_manage_webhooks_has_endpoints_for_everybody_s_events() {
    let stack = Stack::get();
    if out_of_reach(&stack) {
        return;
    }
    let admin = stack.admin().await;
    let form = json!({"name": "events", "scopes": ["webhooks:manage"]});
    let made = admin.post("/v1/admin/clients").json(&form).send().await.expect(201).json();
    let basic = format!("{}:{}", made["client"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, basic);
    let token = stack
        .client()
        .post("/v1/oauth/token")
        .header("authorization", &format!("Basic {basic}"))
        .body("application/x-www-form-urlencoded", "grant_type=client_credentials")
        .send()
        .await
        .expect(200)
        .json();
    let client = stack.client().bearing(token["access_token"].as_str().unwrap());
    let server = Receiver::start(&[]);
    let mut form = json!({"url": &server.url, "events": ["user.updated"]});
    let refused = client.post("/v1/webhooks").json(&form).send().await.expect(400);
    assert_eq!(refused.json()["errors"][0]["field"], "scope", "{refused}");
    form["scope"] = "all".into();
    let endpoint = of(&client.post("/v1/webhooks").json(&form).send().await.expect(201));
    let person = stack.person().await;
    renamed(&person, "Mara").await;
    until("the change to be delivered", async || {
        server.requests().into_iter().find(|request| request.json()["data"]["user_id"] == person.id.as_str())
    })
    .await;
    client.delete(&endpoint.path("")).send().await.expect(204);
}

#[tokio::test]
async fn invalid_settings_are_named_and_nobody_has_more_than_ten_endpoints() {
    let person = Stack::get().person().await;
    let form = json!({"url": "ftp://hooks.example.com/", "events": ["user.*", "nothing.*"], "description": "a\u{7}"});
    let refused = person.api.post("/v1/webhooks").json(&form).send().await.expect(400);
    let fields: Vec<_> =
        refused.json()["errors"].as_array().unwrap().iter().map(|fault| fault["field"].clone()).collect();
    assert_eq!(fields, ["url", "events", "description"]);
    let form = json!({"url": "https://hooks.example.com/", "events": ["kyc.*"], "enabled": false});
    let create = || person.api.post("/v1/webhooks").json(&form).send();
    let all = futures::future::join_all((0..12).map(|_| create())).await;
    let created = all.iter().filter(|answer| answer.status == 201).count();
    assert!(created <= 10, "{created}");
    for _ in created..10 {
        create().await.expect(201);
    }
    create().await.refused(409, "too_many_webhooks");
    let pages = person.api.all("/v1/webhooks?limit=3").await;
    assert_eq!(pages.len(), 10);

    // The scope stays, and a stale entity tag is refused.
    let path = format!("/v1/webhooks/{}", pages[0]["id"].as_str().unwrap());
    let put = |tag: &str| person.api.put(&path).header("if-match", tag).json(&form);
    put("\"1\"").send().await.expect(200);
    put("\"1\"").send().await.refused(412, "stale_version");
}

/// A stranger who was in the account may have made endpoints.
#[tokio::test]
async fn endpoints_are_disabled_when_their_owner_recovers_the_account() {
    let stack = Stack::get();
    let person = stack.person().await;
    let form = json!({"url": "http://127.0.0.1:9/hooks", "events": ["*"]});
    let endpoint = of(&person.api.post("/v1/webhooks").json(&form).send().await.expect(201));
    let email = &person.draft.email;
    stack.client().post("/v1/auth/password/forgot").json(&json!({"email": email})).send().await.expect(202);
    let reset = stack.link(email, "reset-password", None).await.token().unwrap();
    let new = "another horse, another staple";
    let form = json!({"token": reset, "password": new});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    let back = stack.client().login(email, new).await;
    let disabled = until("the endpoint to be disabled", async || {
        let shown = back.get(&endpoint.path("")).send().await.expect(200).json();
        (shown["enabled"] == false).then_some(shown)
    })
    .await;
    assert_eq!(disabled["disabled_reason"], "account_recovered");
}
