//! Text messages as second factor.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{
    ApiResponse, Client, Person, Stack,
    second_factor::enroll,
    texts::{number, wrong},
    world::World,
};

use crate::phone::person_of;

async fn set_up(api: &Client, phone: &str) -> ApiResponse {
    api.post("/v1/auth/mfa/setup").json(&json!({"method": "sms", "phone": phone})).send().await
}

async fn activate(api: &Client, code: &str) -> ApiResponse {
    api.post("/v1/auth/mfa/activate").json(&json!({"method": "sms", "code": code})).send().await
}

/// Enrolls a number; the code that did.
async fn enroll_number(stack: &Stack, api: &Client, phone: &str) -> (String, Value) {
    let known = stack.texted_codes(phone).await;
    set_up(api, phone).await.expect(202);
    let code = stack.texted_code(phone, &known).await;
    let active = activate(api, &code).await.expect(200).json();
    (code, active)
}

async fn send(client: &Client, challenge: &str) -> ApiResponse {
    let form = json!({"challenge_token": challenge, "method": "sms"});
    client.post("/v1/auth/mfa/challenge/send").json(&form).send().await
}

async fn challenged(stack: &Stack, person: &Person) -> Value {
    let form = json!({"email": person.draft.email, "password": person.draft.password});
    stack.client().post("/v1/auth/login").json(&form).send().await.expect(200).json()["challenge"].clone()
}

async fn methods(api: &Client) -> Value {
    api.get("/v1/auth/me").send().await.expect(200).json()["user"]["mfa_methods"].clone()
}

#[tokio::test]
async fn an_enrolled_number_signs_in_by_a_code_that_works_once() {
    let stack = Stack::get();
    let (person, phone) = (stack.person().await, number());
    let sent = set_up(&person.api, &phone).await.expect(202).json();
    assert!(sent["phone_masked"].as_str().unwrap().contains('*') && !sent.to_string().contains(&phone), "{sent}");
    let first = stack.texted_code(&phone, &[]).await;
    activate(&person.api, &wrong(&first)).await.refused(400, "invalid_code");
    let active = activate(&person.api, &first).await.expect(200).json();
    assert_eq!((&active["mfa_enabled"], active["backup_codes"].as_array().unwrap().len()), (&json!(true), 10));
    let me = person.api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(
        (&me["session"]["amr"], &me["user"]["mfa_methods"]),
        (&json!(["pwd", "sms", "mfa"]), &json!(["sms", "backup_code"]))
    );
    set_up(&person.api, &phone).await.refused(409, "mfa_already_enabled");

    let (client, challenge) = (stack.client(), challenged(&stack, &person).await);
    assert_eq!(challenge["methods"], json!(["sms", "backup_code"]));
    let token = challenge["token"].as_str().unwrap();
    client.verify(token, "sms", &first).await.refused(401, "invalid_code");
    send(&client, token).await.expect(202);
    let second = stack.texted_code(&phone, std::slice::from_ref(&first)).await;
    send(&client, token).await.expect(202);
    let third = stack.texted_code(&phone, &[first, second.clone()]).await;
    client.verify(token, "sms", &second).await.refused(401, "invalid_code");
    let both = join_all([client.verify(token, "sms", &third), client.verify(token, "sms", &third)]).await;
    let mut statuses: Vec<_> = both.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "two calls with one code");
    let tokens = both.into_iter().find(|answer| answer.status == 200).unwrap().json();
    assert_eq!(tokens["session"]["amr"], json!(["pwd", "sms", "mfa"]));
}

#[tokio::test]
async fn app_and_number_stand_side_by_side_and_removing_one_leaves_the_other() {
    let stack = Stack::get();
    let (person, phone) = (stack.person().await, number());
    let factor = enroll(&person.api).await;
    let (used, active) = enroll_number(&stack, &person.api, &phone).await;
    assert_eq!(methods(&person.api).await, json!(["totp", "sms", "backup_code"]));
    // Backup codes of before are void.
    let challenge = challenged(&stack, &person).await;
    let token = challenge["token"].as_str().unwrap();
    stack.client().verify(token, "backup_code", &factor.backup_codes[0]).await.refused(401, "invalid_code");
    stack.client().verify(token, "backup_code", active["backup_codes"][0].as_str().unwrap()).await.expect(200);

    // A change of the profile's number moves nothing.
    let other = number();
    person.api.post("/v1/users/phone").json(&json!({"phone": other})).send().await.expect(202);
    stack.texted_code(&other, &[]).await;
    let disable = async |method: &str, code: &str| {
        let form = json!({"method": method, "code": code});
        person.api.post("/v1/auth/mfa/disable").json(&form).send().await
    };
    let own = async || person.api.post("/v1/auth/mfa/code/send").json(&json!({"method": "sms"})).send().await;
    own().await.expect(202);
    let code = stack.texted_code(&phone, std::slice::from_ref(&used)).await;
    disable("sms", &wrong(&code)).await.refused(400, "invalid_code");
    disable("sms", &code).await.expect(204);
    assert_eq!(methods(&person.api).await, json!(["totp", "backup_code"]));
    own().await.refused(409, "mfa_not_enabled");

    enroll_number(&stack, &person.api, &other).await;
    disable("totp", &factor.app.code().await).await.expect(204);
    assert_eq!(methods(&person.api).await, json!(["sms", "backup_code"]));
    own().await.expect(202);
    let known = stack.texts(&other).await;
    assert!(!known.is_empty());
}

#[tokio::test]
async fn somebody_whose_only_factor_is_a_number_authenticates_again_with_it() {
    let stack = Stack::get();
    let (person, phone) = (stack.person().await, number());
    let (used, _) = enroll_number(&stack, &person.api, &phone).await;
    person.api.post("/v1/auth/mfa/code/send").json(&json!({"method": "sms"})).send().await.expect(202);
    let code = stack.texted_code(&phone, std::slice::from_ref(&used)).await;
    let again = async |code: &str| {
        let form = json!({"password": person.draft.password, "method": "sms", "code": code});
        person.api.post("/v1/auth/reauthenticate").json(&form).send().await
    };
    let tokens = again(&code).await.expect(200).json();
    assert_eq!(tokens["session"]["amr"], json!(["pwd", "sms", "mfa"]));
    again(&code).await.refused(400, "invalid_code");
}

#[tokio::test]
async fn while_text_messages_fail_the_other_methods_are_offered() {
    let stack = Stack::get();
    let world = World::new(&stack, &[]).await;
    let ((draft, access), phone) = (person_of(&world).await, number());
    let call = async |function: &str, body: Value| world.call(function, Some(&access), &[], &body).await;
    call("auth-mfa-setup", json!({"method": "sms", "phone": phone})).await.expect(202);
    world.settle(None).await;
    let code = stack.texted_code(&phone, &[]).await;
    let active = call("auth-mfa-activate", json!({"method": "sms", "code": code})).await.expect(200);
    let form = json!({"email": draft.email, "password": draft.password});
    let challenge = world.call("auth-login", None, &[], &form).await.expect(200)["challenge"].clone();
    let (breaker, until) = (json!({"S": "BREAKER#sns"}), json!({"S": "2999-01-01T00:00:00.000Z"}));
    world.aws.set(&world.table("ephemeral"), &breaker, "open_until", &until).await;
    let form = json!({"challenge_token": challenge["token"], "method": "sms"});
    let refused = world.call("auth-mfa-send-code", None, &[], &form).await;
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.expect(503)["code"], "sms_unavailable");
    for (function, body) in
        [("account-set-phone", json!({"phone": phone})), ("auth-mfa-send-own-code", json!({"method": "sms"}))]
    {
        assert_eq!(call(function, body).await.expect(503)["code"], "sms_unavailable", "{function}");
    }
    assert_eq!(challenge["methods"], json!(["sms", "backup_code"]));
    let form = json!({
        "challenge_token": challenge["token"], "method": "backup_code", "code": active["backup_codes"][0],
    });
    world.call("auth-mfa-verify", None, &[], &form).await.expect(200);
}

#[tokio::test]
async fn a_setup_says_what_it_needs() {
    let stack = Stack::get();
    let person = stack.person().await;
    for form in
        [json!({"method": "sms"}), json!({"method": "totp", "phone": number()}), json!({"method": "sms", "phone": "1"})]
    {
        person.api.post("/v1/auth/mfa/setup").json(&form).send().await.refused(400, "validation_failed");
    }
    let jamaica = json!({"method": "sms", "phone": "+18765550123"});
    person.api.post("/v1/auth/mfa/setup").json(&jamaica).send().await.refused(409, "sms_not_offered");
    activate(&person.api, "123456").await.refused(409, "no_mfa_setup");
}
