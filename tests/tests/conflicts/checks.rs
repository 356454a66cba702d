//! Checks, callbacks of providers, and webhooks.

use serde_json::{Value, json};
use verinym_tests::{Draft, people::tag, receiver::Receiver, world::World};

use crate::caller::Caller;

pub async fn checks(world: &World) {
    let applicant = Caller::new(world, Draft::new()).await;
    let moderator = Caller::staff(world, "moderator").await;
    let admin = Caller::staff(world, "admin").await;

    let unused = applicant.upload(&format!("OK-{}", tag())).await;
    applicant.call("kyc-delete-document", &[("id", unused.as_str())], &Value::Null).await.expect(204);
    world.settle(None).await;

    let draft =
        applicant.call("kyc-create-check", &[], &json!({"document_ids": [], "submit": false})).await.expect(201);
    let id = draft["id"].as_str().unwrap();
    let document = applicant.upload(&format!("SILENT-{}", tag())).await;
    let form = json!({"document_ids": [document]});
    applicant.call("kyc-attach-documents", &[("id", id)], &form).await.expect(200);
    applicant.call("kyc-submit-check", &[("id", id)], &Value::Null).await.expect(200);
    world.settle(None).await;
    applicant.call("kyc-cancel-check", &[("id", id)], &Value::Null).await.expect(200);
    world.settle(None).await;

    let approved = applicant.check(&format!("OK-{}", tag())).await;
    applicant.call("kyc-check-history", &[("id", approved.as_str())], &Value::Null).await.expect(200);

    let reviewed = Caller::new(world, Draft::new()).await;
    let id = reviewed.check(&format!("REVIEW-{}", tag())).await;
    let seen = moderator.seen_at_review(&id).await;
    let content = [("id", seen["document_ids"][0].as_str().unwrap())];
    moderator.call("kyc-get-document-content", &content, &Value::Null).await.expect(200);
    moderator.call("admin-get-applicant", &[("id", id.as_str())], &Value::Null).await.expect(200);
    moderator.call("kyc-add-note", &[("id", id.as_str())], &json!({"text": "A note."})).await.expect(201);
    moderator.call("admin-list-notes", &[("id", id.as_str())], &Value::Null).await.expect(200);
    moderator.call("kyc-claim-check", &[("id", id.as_str())], &Value::Null).await.expect(200);
    moderator.call("kyc-release-check", &[("id", id.as_str())], &Value::Null).await.expect(204);
    let version = moderator.seen(&id).await["version"].as_u64();
    let form = json!({"decision": "request_documents", "reasons": ["document_unreadable"]});
    moderator.call_at("kyc-decide-check", &[("id", id.as_str())], &form, version).await.expect(200);
    world.settle(None).await;

    let listed = Draft { given_name: "Karim Nabil".to_owned(), family_name: "al-Zubayri".to_owned(), ..Draft::new() };
    let listed = Caller::new(world, Draft { date_of_birth: "1971-03-09".to_owned(), ..listed }).await;
    let id = listed.check(&format!("OK-{}", tag())).await;
    let hits = moderator.seen_at_review(&id).await["hits"].as_array().unwrap().clone();
    assert!(!hits.is_empty(), "the listed name has hits");
    for hit in &hits {
        let hit_id = hit["id"].as_str().unwrap();
        let mut version = hit["version"].as_u64();
        for who in [&moderator, &admin] {
            let form = json!({"decision": "false_positive", "reason": "Another person by the passport."});
            let reply = who.call_at("aml-decide-hit", &[("id", hit_id)], &form, version).await;
            version = reply.body["version"].as_u64();
            if reply.status == 200 {
                break;
            }
        }
    }
    let version = moderator.seen(&id).await["version"].as_u64();
    moderator.call_at("kyc-decide-check", &[("id", id.as_str())], &json!({"decision": "approve"}), version).await;
    world.settle(None).await;

    let lists = admin.call("aml-list-lists", &[], &Value::Null).await.expect(200);
    let list = lists["items"][0]["id"].as_str().unwrap();
    admin.call("aml-refresh-list", &[("id", list)], &Value::Null).await.expect(202);
    let form = json!({"name": "Karim Nabil al-Zubayri"});
    moderator.call("aml-screen-name", &[], &form).await.expect(200);
    world.settle(None).await;
}

/// Callbacks of the provider: one for a task of a check, one again after it ended.
pub async fn callbacks(world: &World) {
    let applicant = Caller::new(world, Draft::new()).await;
    let id = applicant.check(&format!("SILENT-{}", tag())).await;
    for _ in 0..2 {
        world.callback(&id).await;
        world.settle(None).await;
    }
}

/// An endpoint that fails, is made well and hears of everything again, and one that is gone.
pub async fn webhooks(world: &World) {
    let owner = Caller::new(world, Draft::new()).await;
    let receiver = Receiver::start(&[200, 410]);
    let form = json!({"url": &receiver.url, "events": ["user.locked"]});
    let endpoint = owner.call("webhooks-create-endpoint", &[], &form).await.expect(201);
    let path = [("id", endpoint["id"].as_str().unwrap())];
    owner.call("webhooks-rotate-secret", &path, &Value::Null).await.expect(200);
    let delivery = owner.call("webhooks-send-test", &path, &Value::Null).await.expect(202);
    world.settle(None).await;
    let of_delivery = [path[0], ("delivery", delivery["id"].as_str().unwrap())];
    owner.call("webhooks-retry-delivery", &of_delivery, &Value::Null).await.expect(202);
    world.settle(None).await;
    let gone = owner.call("webhooks-get-endpoint", &path, &Value::Null).await.expect(200);
    assert_eq!(gone["disabled_reason"], "gone", "{gone}");
    owner.call("webhooks-update-endpoint", &path, &form).await.expect(200);
    let since = json!({"since": gone["created_at"]});
    owner.call("webhooks-retry-deliveries", &path, &since).await.expect(202);
    world.settle(None).await;
    assert!(receiver.requests().len() > 2);
    owner.call("webhooks-delete-endpoint", &path, &Value::Null).await.expect(204);
}
