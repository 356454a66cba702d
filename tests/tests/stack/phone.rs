//! The number of the profile: set, verified by a code, changed, and what of it shows where.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{
    ApiResponse, Client, Draft, Stack,
    texts::{number, wrong},
    world::World,
};

async fn set(api: &Client, phone: &str) -> ApiResponse {
    api.post("/v1/users/phone").json(&json!({"phone": phone})).send().await
}

async fn verify(api: &Client, code: &str) -> ApiResponse {
    api.post("/v1/users/phone/verify").json(&json!({"code": code})).send().await
}

async fn profile(api: &Client) -> Value {
    api.get("/v1/users/profile").send().await.expect(200).json()
}

#[tokio::test]
async fn a_number_is_verified_by_its_code_once_and_a_changed_one_is_not_verified() {
    let stack = Stack::get();
    let (person, phone) = (stack.person().await, number());
    let api = &person.api;
    let typed = format!("{} {}", &phone[..6], &phone[6..]);
    let sent = set(api, &typed).await.expect(202).json();
    assert!(sent["phone_masked"].as_str().unwrap().ends_with(&phone[phone.len() - 4..]), "{sent}");
    assert!(!sent.to_string().contains(&phone), "{sent}");
    let before = profile(api).await;
    assert_eq!((&before["phone"], &before["phone_verified"]), (&json!(phone), &json!(false)));
    let code = stack.texted_code(&phone, &[]).await;
    verify(api, &wrong(&code)).await.refused(400, "invalid_code");
    let both = join_all([verify(api, &code), verify(api, &code)]).await;
    let mut statuses: Vec<_> = both.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "two calls with one code");
    let user = both.into_iter().find(|answer| answer.status == 200).unwrap().json();
    assert_eq!((&user["phone"], &user["phone_verified"]), (&json!(phone), &json!(true)));
    verify(api, &code).await.refused(400, "invalid_code");
    // A code of the old number does not verify another one.
    set(api, &phone).await.expect(202);
    assert_eq!(profile(api).await["phone_verified"], true, "the same number stays verified");
    let old = stack.texted_code(&phone, std::slice::from_ref(&code)).await;
    let other = number();
    set(api, &other).await.expect(202);
    let changed = profile(api).await;
    assert_eq!((&changed["phone"], &changed["phone_verified"]), (&json!(other), &json!(false)));
    verify(api, &old).await.refused(400, "invalid_code");
    verify(api, &stack.texted_code(&other, &[]).await).await.expect(200);
    // Somebody else may have the same number.
    let second = stack.person().await;
    set(&second.api, &other).await.expect(202);
}

#[tokio::test]
async fn five_wrong_codes_void_a_code_and_ten_an_hour_stop_all() {
    let stack = Stack::get();
    let (person, phone) = (stack.person().await, number());
    set(&person.api, &phone).await.expect(202);
    let first = stack.texted_code(&phone, &[]).await;
    for _ in 0..5 {
        verify(&person.api, &wrong(&first)).await.refused(400, "invalid_code");
    }
    verify(&person.api, &first).await.refused(400, "invalid_code");
    set(&person.api, &phone).await.expect(202);
    let second = stack.texted_code(&phone, std::slice::from_ref(&first)).await;
    for _ in 0..4 {
        verify(&person.api, &wrong(&second)).await.refused(400, "invalid_code");
    }
    verify(&person.api, &second).await.refused(429, "too_many_codes");
    set(&person.api, &phone).await.refused(429, "too_many_codes");
}

#[tokio::test]
async fn a_number_of_a_country_that_is_not_named_gets_no_message_and_changes_nothing() {
    let stack = Stack::get();
    let person = stack.person().await;
    // Jamaica has the calling code of the United States.
    for phone in ["+18765550123", "+8613812345678"] {
        set(&person.api, phone).await.refused(409, "sms_not_offered");
        assert!(stack.texts(phone).await.is_empty());
    }
    for wrong in ["123", "015112345678", "+49", ""] {
        set(&person.api, wrong).await.refused(400, "validation_failed");
    }
    assert_eq!(profile(&person.api).await["phone"], Value::Null);
}

#[tokio::test]
async fn the_number_is_masked_in_events_and_for_staff_and_stands_nowhere_in_the_clear() {
    let stack = Stack::get();
    let (person, phone) = (stack.person().await, number());
    set(&person.api, &phone).await.expect(202);
    verify(&person.api, &stack.texted_code(&phone, &[]).await).await.expect(200);
    let digits = &phone[1..];
    let events = stack.aws().events(&person.id).await;
    let kinds: Vec<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert!(kinds.contains(&"user.phone_code_requested") && kinds.contains(&"user.phone_verified"), "{kinds:?}");
    assert!(!json!(events).to_string().contains(digits));
    for table in ["identity", "events", "outbound", "ephemeral"] {
        let items = json!(stack.aws().scan(table).await).to_string();
        assert!(!items.contains(digits), "{table}");
    }
    let staff = stack.admin().await;
    let path = format!("/v1/admin/users/{}", person.id);
    let seen = staff.get(&path).send().await.expect(200).json();
    let shown = seen["phone"].as_str().unwrap_or_default().to_owned();
    assert!(shown == phone || shown.contains('*'), "{seen}");
}

#[tokio::test]
async fn a_number_gets_three_messages_an_hour_and_an_account_five() {
    let world = World::new(&Stack::get(), &[("RATE_LIMIT_SCALE", "1")]).await;
    let (_, access) = person_of(&world).await;
    let set = async |phone: &str| world.call("account-set-phone", Some(&access), &[], &json!({"phone": phone})).await;
    let (first, second) = (number(), number());
    for _ in 0..3 {
        set(&first).await.expect(202);
    }
    assert_eq!(set(&first).await.expect(429)["code"], "rate_limited");
    // The refused call counted for the account.
    set(&second).await.expect(202);
    assert_eq!(set(&second).await.expect(429)["code"], "rate_limited");
}

/// A person of a world, with an access token.
pub async fn person_of(world: &World) -> (Draft, String) {
    let draft = Draft::new();
    world.call("auth-register", None, &[], &draft.form()).await;
    world.settle(None).await;
    let token = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
    let form = json!({"token": token, "password": draft.password});
    world.call("auth-verify-email", None, &[], &form).await.expect(200);
    let form = json!({"email": draft.email, "password": draft.password});
    let tokens = world.call("auth-login", None, &[], &form).await.expect(200);
    let access = tokens["access_token"].as_str().unwrap().to_owned();
    (draft, access)
}
