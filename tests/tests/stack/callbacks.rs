//! Callbacks of providers, signed by the tests like the sandbox's: valid, forged, stale, repeated, false.

use serde_json::{Value, json};
use verinym::{
    domain::{secret::Secret, time::Timestamp},
    providers::signature::{Scheme, WebhookKey, standard_webhooks},
};
use verinym_tests::{ApiResponse, Person, Stack, people::tag, until};

const PATH: &str = "/v1/providers/sandbox/webhook";

struct Sender {
    stack: Stack,
    key: WebhookKey,
}

impl Sender {
    async fn new() -> Self {
        let stack = Stack::get();
        let secret = stack.aws().secret("provider-sandbox").await;
        let secret = Secret::new(secret["webhook_secret"].as_str().unwrap().to_owned());
        Self { stack, key: Scheme::StandardWebhooks.key(&secret).unwrap() }
    }

    async fn send(&self, key: &WebhookKey, signed_at: Timestamp, body: &Value) -> ApiResponse {
        let text = body.to_string();
        let headers = standard_webhooks::signed_headers(
            std::slice::from_ref(key),
            &format!("msg_{}", tag()),
            signed_at,
            text.as_bytes(),
        );
        let request = self.stack.client().post(PATH).body("application/json", text);
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().await
    }

    async fn truly(&self, body: &Value) -> ApiResponse {
        self.send(&self.key, Timestamp::now(), body).await
    }

    /// A check that the provider is processing, and the provider's reference.
    async fn check(&self, scenario: &str) -> (Person, String, String) {
        let person = self.stack.person().await;
        let check = person.check(&format!("{scenario}-{}", tag())).await;
        let id = check["id"].as_str().unwrap().to_owned();
        let staff = self.stack.moderator().await;
        let path = format!("/v1/admin/kyc/checks/{id}");
        let reference = until("the provider to be called", async || {
            let check = staff.get(&path).send().await.expect(200).json();
            check["provider_reference"].as_str().map(str::to_owned)
        })
        .await;
        (person, id, reference)
    }
}

/// The callback of a finished task.
fn task(reference: &str, decision: &str) -> Value {
    json!({
        "action": "validate", "type": "sandbox_document", "status": "completed",
        "task_id": "6f1a4f0e-6a1c-4a44-9d1d-0f3a5f6c7b11", "group_id": "6f1a4f0e-6a1c-4a44-9d1d-0f3a5f6c7b12",
        "request_id": reference, "created_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-01T00:00:01Z",
        "result": {"source_output": {"status": "id_found", "decision": decision, "reasons": []}},
    })
}

#[tokio::test]
async fn a_true_callback_moves_the_check_and_a_repeat_does_nothing() {
    let sender = Sender::new().await;
    let (person, id, reference) = sender.check("SILENT").await;
    let body = task(&reference, "approve");
    let first = sender.truly(&body).await.expect(200).json();
    assert_eq!(first["received"], true);
    assert!(first["id"].as_str().unwrap().starts_with("inb_"), "{first}");
    assert_eq!(sender.truly(&body).await.expect(200).json()["duplicate"], true);
    person.check_once(&id, "approved").await;
    // A poll would have found the outcome too: that the callback's worker looked stands under the callback's own id.
    let callback = first["id"].as_str().unwrap();
    let processed = until("the callback to be worked off", async || {
        let events = sender.stack.aws().events(callback).await;
        events.into_iter().find(|event| event["type"] == "kyc.callback.processed")
    })
    .await;
    assert_eq!(processed["data"]["outcome"], "settled", "{processed}");
    assert_eq!(sender.truly(&body).await.expect(200).json()["duplicate"], true);
    let staff = sender.stack.moderator().await;
    let events = staff.all(&format!("/v1/admin/kyc/checks/{id}/history")).await;
    assert_eq!(events.iter().filter(|event| event["type"] == "kyc.check.approved").count(), 1);
}

/// A callback is a hint: the result is read from the provider.
#[tokio::test]
async fn a_false_callback_does_not_change_the_result() {
    let sender = Sender::new().await;
    let (person, id, reference) = sender.check("SLOW").await;
    sender.truly(&task(&reference, "reject")).await.expect(200);
    let check = person.check_once(&id, "approved").await;
    assert_eq!(check["reasons"], json!([]));
}

#[tokio::test]
async fn callbacks_without_a_valid_signature_are_refused() {
    let sender = Sender::new().await;
    let body = task("6f1a4f0e-6a1c-4a44-9d1d-0f3a5f6c7b13", "approve");
    let foreign = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    let foreign = Scheme::StandardWebhooks.key(&foreign).unwrap();
    sender.send(&foreign, Timestamp::now(), &body).await.refused(401, "invalid_signature");
    let now = Timestamp::now().unix_seconds();
    for off in [-301, -86_400, 400] {
        let at = Timestamp::from_unix_seconds(now + off);
        sender.send(&sender.key, at, &body).await.refused(401, "stale_signature");
    }
    let bare = sender.stack.client().post(PATH).json(&body);
    bare.send().await.refused(401, "invalid_signature");
    // The body is covered: another one under the same signature is not taken.
    let text = body.to_string();
    let headers = standard_webhooks::signed_headers(
        std::slice::from_ref(&sender.key),
        "msg_1",
        Timestamp::now(),
        text.as_bytes(),
    );
    let request = sender.stack.client().post(PATH).body("application/json", text.replace("approve", "reject"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    request.send().await.refused(401, "invalid_signature");
    for provider in ["nobody", "Sandbox", "%20", "idfy2"] {
        let path = format!("/v1/providers/{provider}/webhook");
        sender.stack.client().post(&path).json(&body).send().await.refused(404, "not_found");
    }
}
