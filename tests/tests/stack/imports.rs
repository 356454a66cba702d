//! Accounts of other systems: imported with their password hashes, and exported.

use serde_json::{Value, json};
use verinym_tests::{Draft, Stack, people::tag};

/// bcrypt of `correct horse`, by another implementation.
const BCRYPT: &str = "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
/// Argon2id of 300 letters x.
const OF_300: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$t9JEr4JQ1pvKyZOLzAhGbv2VoVgF+a7gIvUbrOQKCZc";

async fn import(stack: &Stack, rows: Value) -> Vec<Value> {
    let answer = stack.aws().invoke("admin-import-users", &json!({"users": rows})).await;
    answer["results"].as_array().unwrap().clone()
}

async fn refused(stack: &Stack, email: &str, password: &str) {
    let form = json!({"email": email, "password": password});
    stack.client().post("/v1/auth/login").json(&form).send().await.refused(401, "invalid_credentials");
}

async fn event_types(stack: &Stack, user: &Value) -> Vec<String> {
    let events = stack.auditor().await.all(&format!("/v1/admin/audit-logs?person={}", user.as_str().unwrap())).await;
    let mut types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    types.sort();
    types
}

#[tokio::test]
async fn an_imported_password_signs_in_and_its_hash_is_replaced_by_ours_once() {
    let stack = Stack::get();
    let email = Draft::new().email;
    let row = json!({"email": email, "email_verified": true, "given_name": "Ada", "password_hash": BCRYPT});
    let created = import(&stack, json!([row])).await;
    assert_eq!(created[0]["outcome"], "created", "{created:?}");
    let user = &created[0]["user_id"];
    refused(&stack, &email, "Correct horse").await;
    let session = stack.client().login(&email, "correct horse").await;
    let profile = session.get("/v1/users/profile").send().await.expect(200).json();
    assert_eq!((&profile["id"], &profile["given_name"]), (user, &json!("Ada")));
    stack.client().login(&email, "correct horse").await;
    let types = event_types(&stack, user).await;
    assert_eq!(types.iter().filter(|kind| *kind == "password.rehashed").count(), 1, "{types:?}");
    assert!(types.contains(&"user.imported".to_owned()), "{types:?}");

    // Again: nothing changes, not even the password that is ours by now.
    let row = json!({"email": email, "email_verified": true, "given_name": "Eve", "password_hash": OF_300});
    assert_eq!(import(&stack, json!([row])).await, [json!({"outcome": "exists"})]);
    stack.client().login(&email, "correct horse").await;
    assert_eq!(session.get("/v1/users/profile").send().await.expect(200).json()["given_name"], "Ada");
}

/// It is longer than a password of ours may be, so its hash stays.
#[tokio::test]
async fn an_imported_password_of_any_length_signs_in_again_and_again() {
    let stack = Stack::get();
    let email = Draft::new().email;
    let created = import(&stack, json!([{"email": email, "email_verified": true, "password_hash": OF_300}])).await;
    let password = "x".repeat(300);
    for _ in 0..2 {
        stack.client().login(&email, &password).await;
    }
    refused(&stack, &email, &password[1..]).await;
    assert!(!event_types(&stack, &created[0]["user_id"]).await.contains(&"password.rehashed".to_owned()));
}

#[tokio::test]
async fn a_refused_row_names_its_faults_and_spoils_no_other() {
    let stack = Stack::get();
    let name = format!("name{}", &tag()[..10]);
    let email = || Draft::new().email;
    let twice = email();
    let results = import(
        &stack,
        json!([
            {"email": email(), "username": name},
            {"email": email(), "username": name},
            {"email": "nobody", "password_hash": "5f4dcc3b5aa765d61d8327deb882cf99"},
            {"email": email(), "password_hash": "$2b$31$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"},
            {"email": email(), "password": "in clear"},
            {"email": 7},
            "no object",
            {"email": twice},
            {"email": twice.to_uppercase()},
        ]),
    )
    .await;
    let codes = |at: usize| -> Vec<String> {
        let faults = results[at]["faults"].as_array().unwrap_or_else(|| panic!("{at}: {results:?}"));
        faults.iter().map(|fault| format!("{} {}", fault["field"], fault["code"]).replace('"', "")).collect()
    };
    // Of two with one name one is created, whichever comes first.
    let mut named = [&results[0]["outcome"], &results[1]["outcome"]].map(|outcome| outcome.as_str().unwrap());
    named.sort_unstable();
    assert_eq!(named, ["created", "refused"]);
    assert_eq!(codes(2), ["email invalid_email", "password_hash unknown_hash"]);
    assert_eq!(codes(3), ["password_hash hash_too_costly"]);
    assert_eq!(codes(4), ["password malformed"]);
    assert_eq!(codes(5), ["email malformed"]);
    assert_eq!(codes(6).len(), 1);
    let mut same = [&results[7]["outcome"], &results[8]["outcome"]].map(|outcome| outcome.as_str().unwrap());
    same.sort_unstable();
    assert_eq!(same, ["created", "exists"]);
}

/// Somebody registered the address before its owner came with the other system.
#[tokio::test]
async fn a_confirmed_address_goes_before_an_account_that_nobody_confirmed() {
    let stack = Stack::get();
    let stranger = Draft::new();
    stack.registered(&stranger).await;
    let token = stack.link(&stranger.email, "verify", None).await.token().unwrap();
    let unconfirmed = import(&stack, json!([{"email": stranger.email, "password_hash": BCRYPT}])).await;
    assert_eq!(unconfirmed, [json!({"outcome": "exists"})], "neither is confirmed: the first one stays");
    let row = json!({"email": stranger.email, "email_verified": true, "password_hash": BCRYPT});
    assert_eq!(import(&stack, json!([row])).await[0]["outcome"], "created");
    refused(&stack, &stranger.email, &stranger.password).await;
    // Not even with the link that was mailed to the owner.
    let form = json!({"token": token, "password": stranger.password});
    let confirmed = stack.client().post("/v1/auth/verify-email").json(&form).send().await;
    assert!(confirmed.status >= 400, "{confirmed}");
    stack.client().login(&stranger.email, "correct horse").await;
}

async fn exported(stack: &Stack, email: &str, hashes: bool) -> (Value, String) {
    let mut after = Value::Null;
    loop {
        let page = stack.aws().invoke("admin-export-users", &json!({"after": after, "hashes": hashes})).await;
        if let Some(row) = page["users"].as_array().unwrap().iter().find(|row| row["email"] == email) {
            return (row.clone(), page["id"].as_str().unwrap().to_owned());
        }
        after = page["next"].clone();
        assert_ne!(after, Value::Null, "{email} is not in the export");
    }
}

#[tokio::test]
async fn an_export_is_an_event_and_leaves_hashes_out_unless_they_are_asked_for() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (row, _) = exported(&stack, &person.draft.email, false).await;
    assert_eq!((&row["given_name"], &row["email_verified"]), (&json!(person.draft.given_name), &json!(true)));
    assert!(!row.to_string().contains("argon2"), "no hash");

    let (row, id) = exported(&stack, &person.draft.email, true).await;
    assert!(row["password_hash"].as_str().unwrap().starts_with("$argon2id$"));
    assert_eq!(row["password_normalised"], true);
    let events = stack.auditor().await.all(&format!("/v1/admin/audit-logs?subject={id}")).await;
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["type"], &events[0]["data"]["hashes"]), (&json!("users.exported"), &json!(true)));
    assert!(events[0]["data"]["count"].as_u64().unwrap() > 0);

    // What was exported is imported as it is: here, over an account that exists.
    assert_eq!(import(&stack, json!([row])).await, [json!({"outcome": "exists"})]);

    // An imported hash that nobody signed in with is exported as it was imported.
    let email = Draft::new().email;
    import(&stack, json!([{"email": email, "password_hash": BCRYPT}])).await;
    let (row, _) = exported(&stack, &email, true).await;
    assert_eq!((&row["password_hash"], row.get("password_normalised")), (&json!(BCRYPT), None));
}
