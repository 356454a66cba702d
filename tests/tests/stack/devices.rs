//! Devices: registered by sign-ins, trusted by a secret, removed; mails about new ones.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{
    ApiResponse, Client, Person, Stack,
    mailbox::Mail,
    people::tag,
    second_factor::{SecondFactor, challenge_of, enroll},
    sign_in::Identity,
};

fn form(person: &Person, password: &str, device: &Value) -> Value {
    json!({"email": person.draft.email, "password": password, "device": device})
}

/// Signs in with the right password on a device.
async fn on(stack: &Stack, person: &Person, device: &Value) -> Client {
    let client = stack.client();
    let answer = client.post("/v1/auth/login").json(&form(person, &person.draft.password, device)).send().await;
    client.holding(answer.expect(200).json())
}

/// Signs in on a device with both factors.
async fn on_with_factor(stack: &Stack, person: &Person, device: &Value, factor: &SecondFactor) -> Client {
    let client = stack.client();
    let answer = client.post("/v1/auth/login").json(&form(person, &person.draft.password, device)).send().await;
    let challenge = challenge_of(&answer.expect(200).json());
    client.holding(client.verify(&challenge, "totp", &factor.app.code().await).await.expect(200).json())
}

/// Tries a wrong password on a device.
async fn guess(stack: &Stack, person: &Person, device: &Value) -> ApiResponse {
    stack.client().post("/v1/auth/login").json(&form(person, "not the password at all", device)).send().await
}

async fn trust(client: &Client, device: &Value, trusted: bool) -> ApiResponse {
    let path = format!("/v1/devices/{}/trust", device.as_str().unwrap());
    client.put(&path).json(&json!({"trusted": trusted})).send().await
}

async fn end(stack: &Stack, token: &str) -> ApiResponse {
    stack.client().post("/v1/auth/sessions/end").json(&json!({"token": token})).send().await
}

fn phone() -> Value {
    json!({"fingerprint": tag(), "name": "Ada's phone", "platform": "ios"})
}

fn is_new_device(mail: &Mail) -> bool {
    mail.subject == "New sign-in to your account"
}

#[tokio::test]
async fn a_sign_in_registers_its_device_once() {
    let stack = Stack::get();
    let person = stack.person().await;
    assert_eq!(person.api.tokens["session"]["device_id"], Value::Null);
    let phone = phone();
    let first = on(&stack, &person, &phone).await;
    let again = on(&stack, &person, &json!({"fingerprint": phone["fingerprint"]})).await;
    let id = &first.tokens["session"]["device_id"];
    assert_eq!(id, &again.tokens["session"]["device_id"]);
    let devices = person.api.all("/v1/devices").await;
    assert_eq!(devices.len(), 1);
    let device = &devices[0];
    // What the second sign-in did not name stays.
    assert_eq!((&device["id"], &device["name"], &device["platform"]), (id, &json!("Ada's phone"), &json!("ios")));
    assert_eq!(device["trusted"], false);
    assert!(device["first_seen_at"].as_str() < device["last_seen_at"].as_str(), "{device}");
    let sessions = person.api.all("/v1/sessions").await;
    assert_eq!(sessions.iter().filter(|session| session["device_id"] == *id).count(), 2);
    assert!(!device.to_string().contains(phone["fingerprint"].as_str().unwrap()));
    // The same fingerprint with another person is another device.
    let other = stack.person().await;
    assert_ne!(on(&stack, &other, &phone).await.tokens["session"]["device_id"], *id);
}

#[tokio::test]
async fn sign_ins_at_once_on_a_new_device_register_it_once() {
    let stack = Stack::get();
    let person = stack.person().await;
    let phone = phone();
    join_all((0..4).map(|_| on(&stack, &person, &phone))).await;
    assert_eq!(person.api.all("/v1/devices").await.len(), 1);
}

#[tokio::test]
async fn at_most_twenty_devices_are_kept() {
    let stack = Stack::get();
    let person = stack.person().await;
    let first = on(&stack, &person, &phone()).await;
    for _ in 0..20 {
        on(&stack, &person, &phone()).await;
    }
    let newest = on(&stack, &person, &phone()).await;
    let devices = newest.all("/v1/devices?limit=7").await;
    assert_eq!(devices.len(), 20);
    assert!(devices.iter().all(|device| device["id"] != first.tokens["session"]["device_id"]));
}

#[tokio::test]
async fn removing_a_device_ends_its_sessions_and_no_others() {
    let stack = Stack::get();
    let (person, other) = (stack.person().await, stack.person().await);
    let phone = phone();
    let (one, two) = (on(&stack, &person, &phone).await, on(&stack, &person, &phone).await);
    let elsewhere = on(&stack, &person, &self::phone()).await;
    let id = one.tokens["session"]["device_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/devices/{id}");
    other.api.delete(&path).send().await.refused(404, "not_found");
    person.api.delete("/v1/devices/dev_x").send().await.refused(404, "not_found");
    person.api.delete(&path).send().await.expect(204);
    for ended in [&one, &two] {
        ended.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
        let form = json!({"refresh_token": ended.refresh_token()});
        stack.client().post("/v1/auth/refresh").json(&form).send().await.refused(401, "invalid_refresh_token");
    }
    for lives in [&person.api, &elsewhere] {
        lives.get("/v1/auth/me").send().await.expect(200);
    }
    person.api.delete(&path).send().await.refused(404, "not_found");
    // Afterwards it is a new device.
    assert_ne!(on(&stack, &person, &phone).await.tokens["session"]["device_id"], json!(id));
}

/// A stranger locks the account out: only the secret keeps it open for its device, and guesses on the device are counted too.
#[tokio::test]
async fn a_trusted_device_signs_in_while_the_account_is_locked_out() {
    let stack = Stack::get();
    let (person, other) = (stack.person().await, stack.person().await);
    let phone = phone();
    let signed_in = on(&stack, &person, &phone).await;
    let id = signed_in.tokens["session"]["device_id"].clone();
    trust(&other.api, &id, true).await.refused(404, "not_found");
    let answer = trust(&signed_in, &id, true).await.expect(200).json();
    assert_eq!(answer["device"]["trusted"], true);
    let with = |secret: &Value| {
        let mut device = phone.clone();
        device["secret"] = secret.clone();
        device
    };
    let trusted = with(&answer["device_secret"]);
    for _ in 0..5 {
        guess(&stack, &person, &phone).await.refused(401, "invalid_credentials");
    }
    let right = form(&person, &person.draft.password, &phone);
    stack.client().post("/v1/auth/login").json(&right).send().await.refused(429, "temporarily_locked");
    // Neither a secret of another person's device nor one of the client's own making is trusted.
    let of_other = on(&stack, &other, &phone).await;
    let foreign = trust(&of_other, &of_other.tokens["session"]["device_id"], true).await.expect(200).json();
    for secret in [&json!("of-my-own-making"), &foreign["device_secret"]] {
        let form = form(&person, &person.draft.password, &with(secret));
        stack.client().post("/v1/auth/login").json(&form).send().await.refused(429, "temporarily_locked");
    }
    let back = on(&stack, &person, &trusted).await;
    assert_eq!(back.tokens["session"]["device_id"], id);

    // Whoever stole the secret cannot guess without end.
    for _ in 0..5 {
        guess(&stack, &person, &trusted).await.refused(401, "invalid_credentials");
    }
    guess(&stack, &person, &trusted).await.refused(429, "temporarily_locked");
}

#[tokio::test]
async fn a_secret_is_void_after_the_next_one_and_after_the_trust_was_ended() {
    let stack = Stack::get();
    let person = stack.person().await;
    let phone = phone();
    let signed_in = on(&stack, &person, &phone).await;
    let id = signed_in.tokens["session"]["device_id"].clone();
    let first = trust(&signed_in, &id, true).await.expect(200).json();
    let second = trust(&signed_in, &id, true).await.expect(200).json();
    assert_ne!(first["device_secret"], second["device_secret"]);
    let ended = trust(&signed_in, &id, false).await.expect(200).json();
    assert_eq!((&ended["device"]["trusted"], &ended["device_secret"]), (&json!(false), &Value::Null));
    let third = trust(&signed_in, &id, true).await.expect(200).json();
    for _ in 0..5 {
        guess(&stack, &person, &phone).await.refused(401, "invalid_credentials");
    }
    for void in [&first, &second] {
        let mut device = phone.clone();
        device["secret"] = void["device_secret"].clone();
        let form = form(&person, &person.draft.password, &device);
        stack.client().post("/v1/auth/login").json(&form).send().await.refused(429, "temporarily_locked");
    }
    let mut device = phone.clone();
    device["secret"] = third["device_secret"].clone();
    on(&stack, &person, &device).await;
}

/// A stranger may have trusted the device.
#[tokio::test]
async fn a_new_password_ends_the_trust_of_devices() {
    let stack = Stack::get();
    let person = stack.person().await;
    let phone = phone();
    let signed_in = on(&stack, &person, &phone).await;
    let id = signed_in.tokens["session"]["device_id"].clone();
    let trusted = trust(&signed_in, &id, true).await.expect(200).json();
    assert_eq!(trusted["device"]["trusted"], true);
    let change = json!({"current_password": person.draft.password, "new_password": format!("another horse {}", tag())});
    signed_in.post("/v1/users/password/change").json(&change).send().await.expect(204);
    assert_eq!(signed_in.all("/v1/devices").await[0]["trusted"], false);
}

#[tokio::test]
async fn the_owner_hears_of_a_new_device_and_not_of_the_first_sign_in_or_a_known_device() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (known, new) = (phone(), phone());
    on(&stack, &person, &known).await;
    on(&stack, &person, &known).await;
    let signed_in = on(&stack, &person, &new).await;
    // Where the account knows devices, a sign-in that names none is not on one of them.
    stack.client().login(&person.draft.email, &person.draft.password).await;
    let mails = async || stack.mails(&person.draft.email).await.iter().filter(|mail| is_new_device(mail)).count();
    verinym_tests::until("three mails about new devices", async || (mails().await == 3).then_some(())).await;
    let events = stack.auditor().await.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
    let told: Vec<_> = events.iter().filter(|event| event["type"] == "user.new_device").collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().any(|event| event["data"]["session"] == signed_in.session_id()));
}

#[tokio::test]
async fn a_disowned_sign_in_ends_and_the_password_is_void_until_it_is_reset() {
    let stack = Stack::get();
    let person = stack.person().await;
    let email = &person.draft.email;
    let stranger = on(&stack, &person, &phone()).await;
    let mail = stack.link(email, "end-session", None).await;
    let token = mail.token().unwrap();
    assert_eq!(mail.html_token().as_ref(), Some(&token));
    for bad in ["", "x", &token[..token.len() - 1]] {
        end(&stack, bad).await.refused(400, "invalid_token");
    }
    end(&stack, &token).await.expect(204);
    stranger.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    let again = json!({"email": email, "password": person.draft.password});
    stack.client().post("/v1/auth/login").json(&again).send().await.refused(401, "invalid_credentials");
    end(&stack, &token).await.refused(400, "invalid_token");

    let reset = stack.link(email, "reset-password", None).await.token().unwrap();
    let new = format!("another horse {}", tag());
    let form = json!({"token": reset, "password": new});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    let back = stack.client().login(email, &new).await;
    assert!(back.all("/v1/devices").await.is_empty(), "the stranger's device is forgotten");
}

/// Somebody else signs in, and keeps the owner out as well as they can.
#[tokio::test]
async fn disowning_a_sign_in_undoes_a_changed_password_and_an_enrolled_second_factor() {
    let stack = Stack::get();
    let person = stack.person().await;
    let email = &person.draft.email;
    let stranger = on(&stack, &person, &phone()).await;
    let token = stack.link(email, "end-session", None).await.token().unwrap();
    let theirs = format!("another horse {}", tag());
    let change = json!({"current_password": person.draft.password, "new_password": theirs});
    stranger.post("/v1/users/password/change").json(&change).send().await.expect(204);
    enroll(&stranger).await;
    end(&stack, &token).await.expect(204);
    stranger.get("/v1/auth/me").send().await.refused(401, "unauthenticated");

    let reset = stack.link(email, "reset-password", None).await.token().unwrap();
    let new = format!("third horse {}", tag());
    let form = json!({"token": reset, "password": new});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    let back = stack.client().login(email, &new).await;
    let me = back.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["mfa_enabled"], false);
}

#[tokio::test]
async fn disowning_a_sign_in_keeps_the_second_factor_that_the_owner_had() {
    let stack = Stack::get();
    let person = stack.person().await;
    let factor = enroll(&person.api).await;
    on_with_factor(&stack, &person, &phone(), &factor).await;
    let token = stack.link(&person.draft.email, "end-session", None).await.token().unwrap();
    end(&stack, &token).await.expect(204);
    let reset = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
    let new = format!("another horse {}", tag());
    let form = json!({"token": reset, "password": new});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    stack.client().challenged(&person.draft.email, &new).await;
}

/// A password alone registers no device and mails nobody.
#[tokio::test]
async fn a_device_is_registered_by_the_second_factor_where_there_is_one() {
    let stack = Stack::get();
    let person = stack.person().await;
    let factor = enroll(&person.api).await;
    let phone = phone();
    let form = form(&person, &person.draft.password, &phone);
    challenge_of(&stack.client().post("/v1/auth/login").json(&form).send().await.expect(200).json());
    assert!(person.api.all("/v1/devices").await.is_empty());
    let stored = format!("{:?}", stack.aws().scan("ephemeral").await);
    for plain in ["Ada's phone", phone["fingerprint"].as_str().unwrap()] {
        assert!(!stored.contains(plain), "{plain}");
    }
    let first = on_with_factor(&stack, &person, &phone, &factor).await;
    let devices = person.api.all("/v1/devices").await;
    assert_eq!(devices.len(), 1);
    assert_eq!(
        (&devices[0]["id"], &devices[0]["name"]),
        (&first.tokens["session"]["device_id"], &json!("Ada's phone"))
    );
    stack.link(&person.draft.email, "end-session", None).await;
    let again = on_with_factor(&stack, &person, &phone, &factor).await;
    assert_eq!(again.tokens["session"]["device_id"], devices[0]["id"]);
}

#[tokio::test]
async fn a_sign_in_through_a_provider_registers_its_device() {
    let stack = Stack::get();
    if stack.lacks("localstack", "its functions run in containers, which do not reach the identity providers") {
        return;
    }
    let (who, phone) = (Identity::new(), phone());
    let signed_in = async |device: &Value| {
        let answer = stack.signed_in_by_on("google", &who, device).await;
        stack.client().holding(answer.expect(200).json())
    };
    let first = signed_in(&phone).await;
    let again = signed_in(&phone).await;
    assert_eq!(first.tokens["session"]["device_id"], again.tokens["session"]["device_id"]);
    assert_eq!(again.all("/v1/devices").await.len(), 1);
    let faults = stack.signed_in_by_on("google", &who, &json!({"fingerprint": ""})).await;
    assert_eq!(faults.refused(400, "validation_failed").faults(), ["device.fingerprint invalid"]);
    let mails = stack.mails(&who.email).await;
    assert!(!mails.iter().any(is_new_device), "the first sign-in and a known device");
    signed_in(&self::phone()).await;
    stack.link(&who.email, "end-session", None).await;
}

/// Both links are pressed at once, or one twice: one disowns.
#[tokio::test]
async fn a_link_to_disown_a_sign_in_works_once() {
    let stack = Stack::get();
    let person = stack.person().await;
    on(&stack, &person, &phone()).await;
    let token = stack.link(&person.draft.email, "end-session", None).await.token().unwrap();
    let answers = join_all((0..3).map(|_| end(&stack, &token))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
}
