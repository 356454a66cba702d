//! Passkeys, by a software authenticator: registration, sign-in with and without a name, and what does not sign in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{
    ApiResponse, Client, Person, Stack,
    passkey::SoftPasskey,
    people::tag,
    second_factor::{challenge_of, enroll},
};

async fn with_passkey(stack: &Stack) -> (Person, SoftPasskey, Value) {
    let (person, mut passkey) = (stack.person().await, SoftPasskey::new());
    let registered = person.api.register_passkey(&mut passkey).await.expect(201).json();
    (person, passkey, registered["credential"].clone())
}

async fn remove(client: &Client, id: &Value) -> ApiResponse {
    client.delete(&format!("/v1/auth/webauthn/credentials/{}", id.as_str().unwrap())).send().await
}

#[tokio::test]
async fn a_passkey_signs_in_with_and_without_a_name_and_counts_as_two_factors() {
    let stack = Stack::get();
    let (person, mut passkey, registered) = with_passkey(&stack).await;
    assert_eq!((&registered["name"], &registered["last_used_at"]), (&json!("a phone"), &Value::Null));
    stack.mail_about(&person.draft.email, "A passkey was added").await;
    let tokens = stack.client().passkey_sign_in(&mut passkey).await.expect(200).json();
    assert_eq!((&tokens["user"]["id"], &tokens["session"]["amr"]), (&json!(person.id), &json!(["pop", "user", "mfa"])));
    let options = stack.client().sign_in_options(Some(&person.draft.email)).await;
    assert_eq!(options["publicKey"]["allowCredentials"][0]["id"], passkey.credential_id());
    let answer = passkey.signs_in(&options["publicKey"]);
    stack.client().sign_in_with(&options, &answer).await.expect(200);
    // Some authenticators name nobody.
    for nobody in [Value::Null, json!("")] {
        let options = stack.client().sign_in_options(None).await;
        let mut answer = passkey.signs_in(&options["publicKey"]);
        answer["response"]["userHandle"] = nobody;
        stack.client().sign_in_with(&options, &answer).await.expect(200);
    }
    // Nothing else is asked for where a second factor is enrolled.
    enroll(&person.api).await;
    let signed_in = stack.client().holding(stack.client().passkey_sign_in(&mut passkey).await.expect(200).json());
    signed_in
        .post("/v1/users/email/change")
        .json(&json!({"email": format!("{}@example.org", tag())}))
        .send()
        .await
        .expect(202);
    let form = json!({"email": person.draft.email, "password": person.draft.password});
    challenge_of(&stack.client().post("/v1/auth/login").json(&form).send().await.expect(200).json());
    let listed = person.api.all("/v1/auth/webauthn/credentials?limit=1").await;
    assert!(listed.len() == 1 && listed[0]["last_used_at"].is_string(), "{listed:?}");
}

#[tokio::test]
async fn options_serve_for_one_answer_at_the_same_time_too() {
    let stack = Stack::get();
    let (person, mut passkey, _) = with_passkey(&stack).await;
    let options = stack.client().sign_in_options(None).await;
    let answer = passkey.signs_in(&options["publicKey"]);
    let client = stack.client();
    let answers = join_all((0..3).map(|_| client.sign_in_with(&options, &answer))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    client.sign_in_with(&options, &answer).await.refused(400, "ceremony_expired");
    // Options of a registration sign nobody in, and the reverse.
    let options = person.api.passkey_options().await;
    let answer = passkey.signs_in(&json!({"challenge": options["publicKey"]["challenge"], "rpId": "localhost"}));
    client.sign_in_with(&options, &answer).await.refused(400, "ceremony_expired");
    let options = client.sign_in_options(None).await;
    let mut other = SoftPasskey::new();
    let public_key =
        json!({"challenge": options["publicKey"]["challenge"], "rp": {"id": "localhost"}, "user": {"id": "AA"}});
    let answer = other.registers(&public_key);
    person.api.register_credential(&options, &answer).await.refused(400, "ceremony_expired");
}

#[tokio::test]
async fn an_answer_for_another_site_or_without_verification_of_its_user_is_refused() {
    let stack = Stack::get();
    let (person, mut passkey, _) = with_passkey(&stack).await;
    let client = stack.client();
    let mut elsewhere = SoftPasskey::new();
    "http://localhost.evil.example".clone_into(&mut elsewhere.origin);
    passkey.origin.clone_from(&elsewhere.origin);
    client.passkey_sign_in(&mut passkey).await.refused(401, "invalid_passkey");
    person.api.register_passkey(&mut elsewhere).await.refused(401, "invalid_passkey");
    elsewhere = SoftPasskey::new();
    elsewhere.verifies = false;
    passkey.origin.clone_from(&elsewhere.origin);
    passkey.verifies = false;
    client.passkey_sign_in(&mut passkey).await.refused(401, "invalid_passkey");
    person.api.register_passkey(&mut elsewhere).await.refused(401, "invalid_passkey");
    passkey.verifies = true;
    // A signature over other data, and the answer of an authenticator that nobody registered.
    let options = client.sign_in_options(None).await;
    let mut answer = passkey.signs_in(&options["publicKey"]);
    answer["response"]["signature"] = passkey.signs_in(&options["publicKey"])["response"]["authenticatorData"].clone();
    client.sign_in_with(&options, &answer).await.refused(401, "invalid_passkey");
    client.passkey_sign_in(&mut SoftPasskey::new()).await.refused(401, "invalid_passkey");
    for malformed in
        [json!(null), json!("x"), json!({}), json!({"id": "AA", "rawId": "AA", "type": "public-key", "response": {}})]
    {
        let options = client.sign_in_options(None).await;
        client.sign_in_with(&options, &malformed).await.refused(400, "validation_failed");
    }
    client.passkey_sign_in(&mut passkey).await.expect(200);
}

/// A passkey of one person never signs in to another account, whoever the options or the answer name.
#[tokio::test]
async fn a_passkey_signs_in_to_its_own_account_only() {
    let stack = Stack::get();
    let (owner, mut passkey, _) = with_passkey(&stack).await;
    let (stranger, mut strangers, _) = with_passkey(&stack).await;
    let client = stack.client();
    let options = client.sign_in_options(Some(&owner.draft.email)).await;
    let answer = strangers.signs_in(&options["publicKey"]);
    client.sign_in_with(&options, &answer).await.refused(401, "invalid_passkey");
    let options = client.sign_in_options(None).await;
    let mut answer = strangers.signs_in(&options["publicKey"]);
    answer["response"]["userHandle"] = passkey.signs_in(&options["publicKey"])["response"]["userHandle"].clone();
    client.sign_in_with(&options, &answer).await.refused(401, "invalid_passkey");
    // Options of one session register nothing in another one.
    let options = owner.api.passkey_options().await;
    let answer = SoftPasskey::new().registers(&options["publicKey"]);
    stranger.api.register_credential(&options, &answer).await.refused(400, "ceremony_expired");
    // A credential belongs to one account.
    let options = stranger.api.passkey_options().await;
    let answer = passkey.registers(&options["publicKey"]);
    stranger.api.register_credential(&options, &answer).await.refused(409, "passkey_registered");
    remove(&stranger.api, &owner.api.all("/v1/auth/webauthn/credentials").await[0]["id"])
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn a_count_of_uses_that_runs_back_is_refused_and_its_owner_hears_of_it() {
    let stack = Stack::get();
    let (person, mut passkey, _) = with_passkey(&stack).await;
    let client = stack.client();
    for count in [5, 6] {
        passkey.sign_count = count;
        client.passkey_sign_in(&mut passkey).await.expect(200);
    }
    for count in [6, 3, 0] {
        passkey.sign_count = count;
        client.passkey_sign_in(&mut passkey).await.refused(401, "invalid_passkey");
    }
    stack.mail_about(&person.draft.email, "sign-in with your passkey was refused").await;
    passkey.sign_count = 7;
    client.passkey_sign_in(&mut passkey).await.expect(200);
}

#[tokio::test]
async fn options_tell_nothing_about_an_address() {
    let stack = Stack::get();
    let (person, ..) = with_passkey(&stack).await;
    let (plain, client) = (stack.person().await, stack.client());
    let nobody = format!("nobody.{}@example.org", tag());
    let mut ids = Vec::new();
    for email in [&person.draft.email, &plain.draft.email, &nobody] {
        let mut options = client.sign_in_options(Some(email)).await;
        let allowed = options["publicKey"]["allowCredentials"].take();
        let again = client.sign_in_options(Some(email)).await;
        assert_eq!(allowed, again["publicKey"]["allowCredentials"], "asking again tells nothing");
        assert_eq!(allowed.as_array().map(Vec::len), Some(1));
        let names: Vec<_> = allowed[0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["id", "type"]);
        ids.push(allowed[0]["id"].clone());
        let mut unknown = SoftPasskey::new();
        let answer = unknown.signs_in(&again["publicKey"]);
        client.sign_in_with(&again, &answer).await.refused(401, "invalid_passkey");
    }
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    // A decoy is written as a real one is: base64url, of bytes that are no text.
    for decoy in &ids[1..] {
        let bytes = URL_SAFE_NO_PAD.decode(decoy.as_str().unwrap()).unwrap();
        assert!(bytes.len() >= 16 && !bytes.is_ascii(), "{decoy}");
    }
}

#[tokio::test]
async fn passkeys_are_renamed_removed_and_ten_at_most_and_one_way_in_stays() {
    let stack = Stack::get();
    let (person, mut first, registered) = with_passkey(&stack).await;
    let path = format!("/v1/auth/webauthn/credentials/{}", registered["id"].as_str().unwrap());
    let renamed = person.api.patch(&path).json(&json!({"name": "  my laptop "})).send().await.expect(200).json();
    assert_eq!(renamed["name"], "my laptop");
    person.api.patch(&path).json(&json!({"name": ""})).send().await.refused(400, "validation_failed");
    for _ in 1..10 {
        person.api.register_passkey(&mut SoftPasskey::new()).await.expect(201);
    }
    person.api.post("/v1/auth/webauthn/register/options").send().await.refused(409, "too_many_passkeys");
    remove(&person.api, &registered["id"]).await.expect(204);
    stack.mail_about(&person.draft.email, "A passkey was removed").await;
    stack.client().passkey_sign_in(&mut first).await.refused(401, "invalid_passkey");
    remove(&person.api, &registered["id"]).await.refused(404, "not_found");
    // The credential is free again.
    person.api.register_passkey(&mut first).await.expect(201);
}

#[tokio::test]
async fn a_stranger_s_passkey_does_not_survive_a_reset_of_the_password() {
    let stack = Stack::get();
    let (person, mut passkey, _) = with_passkey(&stack).await;
    stack
        .client()
        .post("/v1/auth/password/forgot")
        .json(&json!({"email": person.draft.email}))
        .send()
        .await
        .expect(202);
    let token = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
    let form = json!({"token": token, "password": format!("another horse {}", tag())});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    stack.client().passkey_sign_in(&mut passkey).await.refused(401, "invalid_passkey");
}

/// Wrong passwords of a stranger lock the account out; the passkey stays open. An administrator's lock closes it.
#[tokio::test]
async fn a_lock_out_leaves_passkeys_open_and_a_lock_does_not() {
    let stack = Stack::get();
    let (admin, (person, mut passkey, _)) = (stack.admin().await, with_passkey(&stack).await);
    let wrong = json!({"email": person.draft.email, "password": "not the password at all"});
    for _ in 0..6 {
        stack.client().post("/v1/auth/login").json(&wrong).send().await;
    }
    stack.client().post("/v1/auth/login").json(&wrong).send().await.refused(429, "temporarily_locked");
    stack.client().passkey_sign_in(&mut passkey).await.expect(200);
    let lock = format!("/v1/admin/users/{}/lock", person.id);
    admin.put(&lock).json(&json!({"reason": "other"})).send().await.expect(204);
    stack.client().passkey_sign_in(&mut passkey).await.refused(403, "account_locked");
}
