//! Checks that cannot be screened for a while, because no lists are in force.

use serde_json::{Value, json};
use verinym_tests::{Stack, people::tag, world::World};

use crate::crash::Applicant;

/// A check in a world of its own, and its stored state.
struct Unscreened<'a> {
    world: &'a World,
    id: String,
    key: Value,
}

impl<'a> Unscreened<'a> {
    /// A check that the provider confirmed while no lists were in force.
    async fn new(world: &'a World) -> Self {
        let pointer = json!({"pk": {"S": "LISTS"}, "sk": {"S": "CURRENT"}});
        let body = json!({"TableName": world.table("kyc"), "Key": pointer});
        world.aws.call("dynamodb", "DynamoDB_20120810.DeleteItem", &body).await;
        let applicant = Applicant::new(world).await;
        let document = applicant.upload(&format!("SILENT-{}", tag())).await;
        world.settle(None).await;
        let check = applicant.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await;
        let id = check["id"].as_str().unwrap().to_owned();
        world.settle(None).await;
        world.callback(&id).await;
        world.settle(None).await;
        let kyc = world.aws.scan_named(&world.table("kyc")).await;
        let item = kyc.iter().find(|item| item["id"]["S"] == id.as_str()).expect("the check");
        Self { world, key: json!({"pk": item["pk"], "sk": item["sk"]}), id }
    }

    async fn stored(&self) -> Value {
        let body = json!({"TableName": self.world.table("kyc"), "Key": self.key, "ConsistentRead": true});
        self.world.aws.call("dynamodb", "DynamoDB_20120810.GetItem", &body).await["Item"].clone()
    }

    /// Changes the stored times, as if the check had waited since then.
    async fn waited_since(&self, then: &str) {
        let body = json!({
            "TableName": self.world.table("kyc"), "Key": self.key,
            "UpdateExpression": "SET screening.since = :then, next_run_at = :then",
            "ExpressionAttributeValues": {":then": {"S": then}},
        });
        self.world.aws.call("dynamodb", "DynamoDB_20120810.UpdateItem", &body).await;
    }

    /// Sends a message like the sweep's. Returns whether the worker finished it, instead of putting it back.
    async fn again(&self) -> bool {
        let key = tag();
        let person = self.key["pk"]["S"].as_str().unwrap().trim_start_matches("U#");
        let body = json!({"kind": "again", "subject": self.id, "person": person});
        let message = json!({"key": key, "correlation_id": "test", "body": body});
        self.world.message("workers-screen-check", &message).await;
        self.world.settle(None).await;
        let work = format!("WORK#workers-screen-check#{key}");
        let work = self.world.aws.partition_named(&self.world.table("ephemeral"), &work).await;
        work.first().is_some_and(|item| item["done"]["BOOL"] == true)
    }
}

#[tokio::test]
async fn a_check_that_cannot_be_screened_waits_by_one_message_and_is_screened_when_it_can_be() {
    let world = World::new(&Stack::get(), &[]).await;
    let check = Unscreened::new(&world).await;
    assert_eq!(check.stored().await["state"]["S"], "processing");
    assert!(check.again().await, "its own message comes back: the sweep's is one too many");

    check.waited_since("2026-01-01T00:00:00.000Z").await;
    assert!(!check.again().await, "the message stays with it");
    let stored = check.stored().await;
    assert_eq!(
        (&stored["state"]["S"], &stored["reasons"]["L"][0]["S"]),
        (&json!("in_review"), &json!("screening_unavailable"))
    );

    // Lists whose artifact does not read: no message is left to the dead letters.
    world.aws.copy_partition(&world.stack.named("kyc"), &world.table("kyc"), "LISTS").await;
    let set = json!({
        "TableName": world.table("kyc"), "Key": {"pk": {"S": "LISTS"}, "sk": {"S": "CURRENT"}},
        "UpdateExpression": "SET artifact = :none", "ExpressionAttributeValues": {":none": {"S": "artifacts/none"}},
    });
    world.aws.call("dynamodb", "DynamoDB_20120810.UpdateItem", &set).await;
    assert!(!check.again().await, "it comes back later");

    world.aws.copy_partition(&world.stack.named("kyc"), &world.table("kyc"), "LISTS").await;
    assert!(check.again().await);
    let stored = check.stored().await;
    assert_eq!(stored["screening"]["M"]["done"]["BOOL"], true);
    assert_eq!(stored["reasons"]["L"], json!([]));
}
