//! Every submitted snapshot is screened, whatever became of its check, and its hits are carried over to the person's next check.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{
    Stack,
    people::{Draft, tag},
    until,
    world::World,
};

use crate::crash::Applicant;

fn listed() -> Value {
    json!({"given_name": "Karim Nabil", "family_name": "al-Zubayri", "date_of_birth": "1971-03-09"})
}

fn plain() -> Value {
    json!({"given_name": "Arthur", "family_name": "Miller", "date_of_birth": "1980-01-01"})
}

/// A person of a small world who submits under a listed name.
struct Case<'a> {
    world: &'a World,
    applicant: Applicant<'a>,
    first: String,
}

impl<'a> Case<'a> {
    async fn new(world: &'a World, number: &str) -> Self {
        let applicant = Applicant::new(world).await;
        applicant.call("account-update-profile", &[], &listed()).await;
        let document = applicant.upload(&format!("{number}-{}", tag())).await;
        world.settle(None).await;
        let check = applicant.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await;
        Self { world, applicant, first: check["id"].as_str().unwrap().to_owned() }
    }

    /// Changes the name and submits another check with another document; returns the check after the workers have run.
    async fn again(&self) -> Value {
        self.applicant.call("account-update-profile", &[], &plain()).await;
        let document = self.applicant.upload(&format!("SILENT-{}", tag())).await;
        self.world.settle(None).await;
        let check = self.applicant.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await;
        self.world.settle(None).await;
        let id = check["id"].as_str().unwrap();
        // The provider vouches for the document.
        self.world.callback(id).await;
        self.world.settle(None).await;
        let check = self.stored(id).await;
        assert_ne!(check["state"]["S"], "approved", "{check}");
        check
    }

    async fn stored(&self, id: &str) -> Value {
        let items = self.world.aws.scan_named(&self.world.table("kyc")).await;
        items.into_iter().find(|item| item["id"]["S"] == id).expect("the check")
    }

    fn hits(check: &Value) -> usize {
        check["screening"]["M"]["hits"]["L"].as_array().unwrap().len()
    }

    /// Deletes the outbox rows of this check, as if their messages were lost.
    async fn lose_messages(&self) {
        let table = self.world.table("outbound");
        for item in self.world.aws.scan_named(&table).await {
            if item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("OUT#")) {
                let body = json!({"TableName": table, "Key": {"pk": item["pk"], "sk": item["sk"]}});
                self.world.aws.call("dynamodb", "DynamoDB_20120810.DeleteItem", &body).await;
            }
        }
    }
}

#[tokio::test]
async fn a_snapshot_is_screened_though_its_check_was_cancelled_before() {
    let world = World::new(&Stack::get(), &[]).await;
    let case = Case::new(&world, "OK").await;
    case.applicant.call("kyc-cancel-check", &[("id", &case.first)], &Value::Null).await;
    world.settle(None).await;
    let first = case.stored(&case.first).await;
    assert_eq!((&first["state"]["S"], &first["screening"]["M"]["done"]["BOOL"]), (&json!("cancelled"), &json!(true)));
    assert!(Case::hits(&first) > 0 && first["state_pk"].is_null(), "{first}");
    let events = world.events(&case.first).await;
    assert_eq!(events.last().map(String::as_str), Some("kyc.check.screened"), "{events:?}");
    let told = case.applicant.call("kyc-check-history", &[("id", &case.first)], &Value::Null).await;
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "its person sees the submission alone: {told}");
    let second = case.again().await;
    assert_eq!((&second["state"]["S"], Case::hits(&second)), (&json!("in_review"), Case::hits(&first)));
}

#[tokio::test]
async fn a_doubt_about_a_name_outlives_its_check_and_the_name() {
    let world = World::new(&Stack::get(), &[]).await;
    let applicant = Applicant::new(&world).await;
    let doubtful = json!({"given_name": "K\u{430}rim", "family_name": "Nobody", "date_of_birth": "1980-01-01"});
    applicant.call("account-update-profile", &[], &doubtful).await;
    let document = applicant.upload(&format!("OK-{}", tag())).await;
    world.settle(None).await;
    let check = applicant.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await;
    let first = check["id"].as_str().unwrap().to_owned();
    applicant.call("kyc-cancel-check", &[("id", &first)], &Value::Null).await;
    world.settle(None).await;
    let case = Case { world: &world, applicant, first };
    let second = case.again().await;
    assert_eq!(second["state"]["S"], "in_review", "{second}");
    assert_eq!(reasons_of(&second), ["name_mixed_scripts"]);
}

fn reasons_of(check: &Value) -> Vec<&str> {
    check["reasons"]["L"].as_array().unwrap().iter().map(|reason| reason["S"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_next_check_waits_for_the_screening_of_a_snapshot_whose_message_was_lost() {
    let world = World::new(&Stack::get(), &[]).await;
    let case = Case::new(&world, "OK").await;
    case.applicant.call("kyc-cancel-check", &[("id", &case.first)], &Value::Null).await;
    case.lose_messages().await;
    let lost = case.stored(&case.first).await;
    assert_eq!((&lost["screening"]["M"]["done"]["BOOL"], Case::hits(&lost)), (&json!(false), 0));
    assert!(lost["state_pk"]["S"].as_str().unwrap().starts_with("unscreened#"), "the sweep finds it: {lost}");
    let second = case.again().await;
    let first = case.stored(&case.first).await;
    assert!(Case::hits(&first) > 0 && Case::hits(&second) == Case::hits(&first), "{first} {second}");
    assert_eq!(second["state"]["S"], "in_review");
}

#[tokio::test]
async fn a_snapshot_is_screened_though_the_provider_rejected_its_check_before() {
    let world = World::new(&Stack::get(), &[]).await;
    let case = Case::new(&world, "BAD").await;
    world.settle(None).await;
    let first = until("the rejection", async || {
        let message = json!({"key": tag(), "correlation_id": "test", "body": {
            "kind": "again", "subject": case.first, "person": case.applicant.id().await}});
        world.message("workers-verify", &message).await;
        world.settle(None).await;
        Some(case.stored(&case.first).await).filter(|check| check["state"]["S"] == "rejected")
    })
    .await;
    assert!(Case::hits(&first) > 0, "{first}");
    let seen = case.applicant.call("kyc-get-check", &[("id", &case.first)], &Value::Null).await;
    assert_eq!(seen["reasons"][0]["code"], "document_forged", "nothing of the hits: {seen}");
    assert_eq!(case.again().await["state"]["S"], "in_review");
}

#[tokio::test]
async fn stale_lists_leave_a_closed_check_unscreened_and_the_next_one_unapproved() {
    let world = World::new(&Stack::get(), &[]).await;
    // No lists: neither can be screened.
    let pointer = json!({"pk": {"S": "LISTS"}, "sk": {"S": "CURRENT"}});
    let body = json!({"TableName": world.table("kyc"), "Key": pointer});
    world.aws.call("dynamodb", "DynamoDB_20120810.DeleteItem", &body).await;
    let case = Case::new(&world, "OK").await;
    case.applicant.call("kyc-cancel-check", &[("id", &case.first)], &Value::Null).await;
    world.settle(None).await;
    case.again().await;
    let first = case.stored(&case.first).await;
    assert_eq!(first["screening"]["M"]["done"]["BOOL"], false);
    assert!(first["state_pk"]["S"].as_str().unwrap().starts_with("unscreened#"), "{first}");
    // Lists come: the message of the closed check finds them.
    world.aws.copy_partition(&world.stack.named("kyc"), &world.table("kyc"), "LISTS").await;
    let set = json!({
        "TableName": world.table("kyc"), "Key": {"pk": first["pk"], "sk": first["sk"]},
        "UpdateExpression": "SET next_run_at = :then", "ExpressionAttributeValues": {":then": {"S": "2026-01-01T00:00:00.000Z"}},
    });
    world.aws.call("dynamodb", "DynamoDB_20120810.UpdateItem", &set).await;
    let message = json!({"key": tag(), "correlation_id": "test", "body": {
        "kind": "again", "subject": case.first, "person": case.applicant.id().await}});
    world.message("workers-screen-check", &message).await;
    world.settle(None).await;
    let first = case.stored(&case.first).await;
    assert!(first["screening"]["M"]["done"]["BOOL"] == true && Case::hits(&first) > 0, "{first}");
}

#[tokio::test]
async fn cancelling_before_the_screening_and_renaming_approves_nobody() {
    const PEOPLE: usize = 12;
    let stack = Stack::get();
    let moderator = stack.moderator().await;
    join_all((0..PEOPLE).map(async |number| {
        let draft = Draft {
            given_name: "Karim Nabil".into(),
            family_name: "al-Zubayri".into(),
            date_of_birth: "1971-03-09".into(),
            ..Draft::new()
        };
        let person = stack.person_of(draft).await;
        // Withdrawn at once, or somewhere on its way.
        let first = person.check(&format!("SLOW-{}", tag())).await["id"].as_str().unwrap().to_owned();
        tokio::time::sleep(std::time::Duration::from_millis(number as u64 % 4 * 150)).await;
        person.api.post(&format!("/v1/kyc/checks/{first}/cancel")).send().await.expect(200);
        person.api.patch("/v1/users/profile").json(&plain()).send().await.expect(200);
        let second = person.check(&format!("OK-{}", tag())).await["id"].as_str().unwrap().to_owned();
        let seen = until("the second check to be decided or in review", async || {
            let check = moderator.get(&format!("/v1/admin/kyc/checks/{second}")).send().await.expect(200).json();
            matches!(check["state"].as_str(), Some("approved" | "in_review" | "rejected")).then_some(check)
        })
        .await;
        assert_eq!(
            (&seen["state"], &seen["reasons"][0]["code"]),
            (&json!("in_review"), &json!("sanctions_match")),
            "{seen}"
        );
    }))
    .await;
}
