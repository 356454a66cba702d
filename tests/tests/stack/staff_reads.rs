//! What staff read of others: the permission it takes, and the events it leaves.

use serde_json::{Value, json};
use verinym_tests::{
    Client, Stack,
    people::{Draft, tag},
    until,
    world::World,
};

use crate::crash::Applicant;

/// The token of a new moderator of a small world.
pub(crate) async fn moderator_of(world: &World) -> String {
    let staff = Applicant::new(world).await;
    let key = json!({"pk": {"S": format!("U#{}", staff.id().await)}, "sk": {"S": "AUTH"}});
    let set = json!({
        "TableName": world.table("identity"), "Key": key, "UpdateExpression": "SET #roles = :roles",
        "ExpressionAttributeNames": {"#roles": "roles"},
        "ExpressionAttributeValues": {":roles": {"L": [{"S": "user"}, {"S": "moderator"}]}},
    });
    world.aws.call("dynamodb", "DynamoDB_20120810.UpdateItem", &set).await;
    staff.token().to_owned()
}

/// The event that this reader's call with this correlation id left, by type.
pub(crate) async fn event_of(auditor: &Client, reader: &str, kind: &str, correlation: &str) -> Option<Value> {
    let path = format!("/v1/admin/audit-logs?actor={reader}&type={kind}&limit=100");
    auditor.all(&path).await.into_iter().find(|event| event["correlation_id"] == correlation)
}

#[tokio::test]
async fn staff_get_no_document_before_it_was_inspected() {
    let world = World::new(&Stack::get(), &[]).await;
    let (applicant, moderator) = (Applicant::new(&world).await, moderator_of(&world).await);
    let document = applicant.upload(&format!("OK-{}", tag())).await;
    let path = [("id", document.as_str())];
    let read = async |function: &str| world.call(function, Some(&moderator), &path, &Value::Null).await.status;
    for _ in 0..20 {
        assert_eq!((read("kyc-get-document-content").await, read("kyc-get-document").await), (404, 404));
    }
    assert_eq!(applicant.reply("kyc-get-document-content", &path, &Value::Null).await.status, 200, "its person does");
    assert!(world.events(&document).await.iter().filter(|kind| *kind == "kyc.document.read").count() == 1);
    world.settle(None).await;
    assert_eq!((read("kyc-get-document-content").await, read("kyc-get-document").await), (200, 200));
}

#[tokio::test]
async fn what_an_auditor_reads_is_masked_and_content_takes_a_reviewer() {
    let stack = Stack::get();
    let draft = Draft {
        given_name: "Emeka".into(),
        family_name: "Okonkwo".into(),
        date_of_birth: "1958-05-20".into(),
        ..Draft::new()
    };
    let person = stack.person_of(draft).await;
    let check = person.check(&format!("OK-{}", tag())).await;
    let (id, document) = (check["id"].as_str().unwrap(), check["document_ids"][0].as_str().unwrap());
    let (moderator, auditor) = (stack.moderator().await, stack.auditor().await);
    moderator.staff_check_once(id, "in_review").await;

    let content = format!("/v1/kyc/documents/{document}/content");
    auditor.get(&content).send().await.refused(403, "forbidden");
    auditor.get(&content).header("range", "bytes=0-0").send().await.refused(403, "forbidden");
    let read = moderator.get(&content).send().await.expect(200);
    let correlation = read.header("x-correlation-id").unwrap().to_owned();
    let event = event_of(&auditor, moderator.user_id(), "kyc.document.read", &correlation).await;
    assert_eq!(event.expect("the event is there once the bytes are")["person"], person.id.as_str());

    let mut hits = Vec::new();
    for path in [
        format!("/v1/admin/kyc/checks/{id}"),
        format!("/v1/aml/hits?check_id={id}"),
        format!("/v1/aml/hits?user_id={}&limit=1", person.id),
    ] {
        let of = |answer: &Value| answer["hits"].as_array().or(answer["items"].as_array()).unwrap().clone();
        let masked = auditor.get(&path).send().await.expect(200);
        for hit in of(&masked.json()) {
            for field in ["name", "explanation", "reason", "first_reason"] {
                assert_eq!(hit[field], Value::Null, "{field} in {path}");
            }
            assert_eq!(hit["dates_of_birth"], json!([]));
        }
        for word in ["Okonkwo", "OKONKWO", "Emeka", "1958"] {
            assert!(!masked.text().contains(word), "{word} in {path}: {masked}");
        }
        let correlation = masked.header("x-correlation-id").unwrap();
        assert!(event_of(&auditor, auditor.user_id(), "aml.hit.read", correlation).await.is_none());

        let plain = moderator.get(&path).send().await.expect(200);
        hits = of(&plain.json());
        assert!(hits[0]["name"].as_str().unwrap().to_lowercase().contains("okonkwo"), "{plain}");
        let correlation = plain.header("x-correlation-id").unwrap();
        let event = event_of(&auditor, moderator.user_id(), "aml.hit.read", correlation).await;
        let event = event.unwrap_or_else(|| panic!("no event of {path}"));
        assert_eq!(event["person"], person.id.as_str());
        assert!(event["data"]["hits"].as_array().unwrap().contains(&hits[0]["id"]), "{event}");
        assert!(!event.to_string().to_lowercase().contains("okonkwo"));
    }
    // The whole queue: each person on the page has an event of their own.
    let page = moderator.get("/v1/aml/hits?limit=100").send().await.expect(200);
    let correlation = page.header("x-correlation-id").unwrap().to_owned();
    let people: std::collections::BTreeSet<String> = page.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["user_id"].as_str().unwrap().to_owned())
        .collect();
    let path = format!("/v1/admin/audit-logs?actor={}&correlation_id={correlation}&limit=100", moderator.user_id());
    let told: std::collections::BTreeSet<String> =
        auditor.all(&path).await.iter().map(|event| event["person"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, people);

    let path = format!("/v1/aml/hits/{}/decision", hits[0]["id"].as_str().unwrap());
    let form = json!({"decision": "false_positive", "reason": "x"});
    auditor.post(&path).header("if-match", "\"1\"").json(&form).send().await.refused(403, "forbidden");

    // A decision shows the hit, and so does its replay, which is a read like any other.
    let hit = hits.iter().find(|hit| hit["decision"] == "open").expect("an open hit");
    let (path, version) =
        (format!("/v1/aml/hits/{}/decision", hit["id"].as_str().unwrap()), hit["version"].to_string());
    let (key, form) = (tag(), json!({"decision": "true_match", "reason": "x"}));
    let decide =
        async |version: &str| moderator.post(&path).key(&key).header("if-match", version).json(&form).send().await;
    decide("*").await.refused(428, "if_match_required");
    let version = format!("\"{version}\"");
    let first = decide(&version).await.expect(200);
    let again = decide(&version).await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    assert!(again.text().to_lowercase().contains("okonkwo"), "{again}");
    let correlation = again.header("x-correlation-id").unwrap();
    let event =
        event_of(&auditor, moderator.user_id(), "aml.hit.read", correlation).await.expect("an event of the replay");
    assert_eq!((&event["person"], &event["data"]["hits"]), (&json!(person.id), &json!([hit["id"]])));
}

#[tokio::test]
async fn the_log_tells_who_read_addresses_of_others_in_it() {
    let stack = Stack::get();
    let (person, auditor) = (stack.person().await, stack.auditor().await);
    let read = auditor.get(&format!("/v1/admin/audit-logs?person={}", person.id)).send().await.expect(200);
    assert!(read.json()["items"].as_array().unwrap().iter().any(|event| event["ip"].is_string()));
    let correlation = read.header("x-correlation-id").unwrap().to_owned();
    let told = until("the event of the reading", async || {
        event_of(&auditor, auditor.user_id(), "audit.log.read", &correlation).await
    })
    .await;
    assert_eq!(told["person"], person.id.as_str());
    assert!(told["data"]["people"].as_array().unwrap().contains(&json!(person.id)), "{told}");
    // What shows nobody's address but the reader's own is not told.
    let own =
        auditor.get(&format!("/v1/admin/audit-logs?actor={}&limit=2", auditor.user_id())).send().await.expect(200);
    let correlation = own.header("x-correlation-id").unwrap();
    assert!(event_of(&auditor, auditor.user_id(), "audit.log.read", correlation).await.is_none());
}
