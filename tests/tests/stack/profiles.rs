//! Profiles: merge patches, versions, and the effect of a change on a verification.

use serde_json::{Value, json};
use verinym_tests::{Stack, people::tag};

#[tokio::test]
async fn a_patch_merges_and_null_clears() {
    let person = Stack::get().person().await;
    let patch = async |body: Value| person.api.patch("/v1/users/profile").json(&body).send().await;
    let address = json!({"line1": "1 Main Street", "city": "Pune", "postal_code": "411001", "country": "IN"});
    let user = patch(json!({"address": address, "locale": "en-IN"})).await.expect(200).json();
    assert_eq!(user["address"]["city"], "Pune");
    let user = patch(json!({"address": {"city": "Mumbai"}})).await.expect(200).json();
    assert_eq!(user["address"]["city"], "Mumbai");
    assert_eq!(user["address"]["line1"], "1 Main Street");
    assert_eq!(user["given_name"], person.draft.given_name.as_str());
    let user = patch(json!({"address": null, "locale": null})).await.expect(200).json();
    assert_eq!((&user["address"], &user["locale"]), (&Value::Null, &Value::Null));
    let user =
        patch(json!({"national_id": {"country": "US", "type": "ssn", "value": "123-45-6789"}})).await.expect(200);
    assert_eq!(user.json()["national_id"], "***-**-6789");
    assert!(!user.text().contains("123-45"), "{user}");
    let put = person.api.put("/v1/users/profile").json(&json!({"given_name": "Ada"})).send().await.expect(200).json();
    assert_eq!((&put["given_name"], &put["family_name"]), (&json!("Ada"), &json!(person.draft.family_name)));
    patch(json!({"email": "new@example.org"})).await.refused(400, "unknown_field");
    patch(json!({"roles": ["admin"]})).await.refused(400, "unknown_field");
    patch(json!({"date_of_birth": "2199-01-01"})).await.refused(400, "validation_failed");
}

#[tokio::test]
async fn a_change_of_a_stale_version_is_refused() {
    let person = Stack::get().person().await;
    let tag = person.api.get("/v1/users/profile").send().await.expect(200).header("etag").unwrap().to_owned();
    let change = async |name: &str, tag: &str| {
        let request = person.api.patch("/v1/users/profile").header("if-match", tag);
        request.json(&json!({"given_name": name})).send().await
    };
    let changed = change("Ada", &tag).await.expect(200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    change("Eve", &tag).await.refused(412, "stale_version");
    let user = person.api.get("/v1/users/profile").header("if-none-match", &tag).send().await.expect(200).json();
    assert_eq!(user["given_name"], "Ada");
}

#[tokio::test]
async fn a_username_can_be_taken_changed_and_given_back() {
    let stack = Stack::get();
    let (one, other) = (stack.person().await, stack.person().await);
    let name = format!("name{}", &tag()[..10]);
    let take = async |person: &verinym_tests::Person, name: Value| {
        person.api.patch("/v1/users/profile").json(&json!({"username": name})).send().await
    };
    take(&one, json!(name)).await.expect(200);
    take(&other, json!(name)).await.refused(409, "username_taken");
    take(&one, Value::Null).await.expect(200);
    take(&other, json!(name)).await.expect(200);
}

#[tokio::test]
async fn names_stay_while_a_check_is_open_and_cost_an_approval_after() {
    let person = Stack::get().person().await;
    let check = person.check(&format!("SLOW-{}", tag())).await;
    let change = async |body: Value| person.api.patch("/v1/users/profile").json(&body).send().await;
    change(json!({"given_name": "Other"})).await.refused(409, "check_in_progress");
    change(json!({"date_of_birth": "1970-01-01"})).await.refused(409, "check_in_progress");
    change(json!({"locale": "en"})).await.expect(200);
    person.check_once(check["id"].as_str().unwrap(), "approved").await;
    change(json!({"locale": "de"})).await.expect(200);
    let status = person.api.get("/v1/kyc/status").send().await.expect(200).json();
    assert_eq!(status["kyc_status"], "approved");
    change(json!({"given_name": "Other"})).await.expect(200);
    let status = person.api.get("/v1/kyc/status").send().await.expect(200).json();
    assert_eq!(status["kyc_status"], "expired");
}
