//! Ways to sign in: providers, second factors, passkeys.

use serde_json::{Value, json};
use verinym_tests::{
    Draft,
    passkey::SoftPasskey,
    people::tag,
    second_factor::Authenticator,
    sign_in::Identity,
    texts::{number, wrong},
    world::World,
};

use crate::caller::{Caller, token};

/// Makes an account, links it to another one, and removes a link.
pub async fn social(world: &World) {
    let authorize = async |caller: Option<&str>, link: bool, who: &Identity| {
        let query = format!("redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&link={link}");
        let path = [("provider", "google"), ("?", query.as_str())];
        let begun = world.call("auth-oauth-authorize", caller, &path, &Value::Null).await.expect(200);
        let (code, state) = world.stack.code_at_provider(begun["authorization_url"].as_str().unwrap(), who).await;
        json!({"code": code, "state": state, "binding": begun["binding"]})
    };
    let exchange = async |caller: Option<&str>, form: &Value| {
        world.call("auth-oauth-exchange", caller, &[("provider", "google")], form).await.expect(200)
    };
    exchange(None, &authorize(None, false, &Identity::new()).await).await;
    let caller = Caller::new(world, Draft::new()).await;
    let by_address = authorize(None, false, &Identity::at(&caller.draft.email)).await;
    exchange(None, &by_address).await;
    let access = Some(caller.access.as_str());
    exchange(access, &authorize(access, true, &Identity::new()).await).await;
    let linked = caller.call("auth-oauth-accounts", &[], &Value::Null).await.expect(200);
    let id = linked["items"][0]["id"].as_str().unwrap();
    caller.call("auth-oauth-unlink", &[("id", id)], &Value::Null).await.expect(204);
    world.settle(None).await;
}

/// A second factor: enrolled, used, renewed and removed.
pub async fn second_factors(world: &World) {
    let mut person = Caller::new(world, Draft::new()).await;
    let app = enroll(&person).await;
    let renewed = person.call("auth-mfa-renew-backup-codes", &[], &Value::Null).await.expect(200);
    person.call("auth-mfa-backup-codes", &[], &Value::Null).await.expect(200);
    let form = json!({"email": person.draft.email, "password": person.draft.password, "device": {"fingerprint": "f1"}});
    let challenge = world.call("auth-login", None, &[], &form).await.expect(200)["challenge"]["token"].clone();
    let wrong = json!({"challenge_token": challenge, "method": "totp", "code": app.wrong_code()});
    world.call("auth-mfa-verify", None, &[], &wrong).await.expect(401);
    let right = json!({"challenge_token": challenge, "method": "totp", "code": app.code().await});
    let tokens = world.call("auth-mfa-verify", None, &[], &right).await.expect(200);
    person.access = token(&tokens, "access_token");
    world.settle(None).await;
    let code = &renewed["backup_codes"][0];
    let form = json!({"password": person.draft.password, "method": "backup_code", "code": code});
    let tokens = person.call("auth-reauthenticate", &[], &form).await.expect(200);
    person.access = token(&tokens, "access_token");
    let form = json!({"method": "backup_code", "code": renewed["backup_codes"][1]});
    person.call("auth-mfa-disable", &[], &form).await.expect(204);
    world.settle(None).await;
}

/// A number: verified, enrolled as second factor, and used.
pub async fn text_messages(world: &World) {
    let person = Caller::new(world, Draft::new()).await;
    let (phone, mut known) = (number(), Vec::new());
    person.call("account-set-phone", &[], &json!({"phone": phone})).await.expect(202);
    world.settle(None).await;
    known.push(world.stack.texted_code(&phone, &known).await);
    person.call("account-verify-phone", &[], &json!({"code": wrong(&known[0])})).await.expect(400);
    person.call("account-verify-phone", &[], &json!({"code": known[0]})).await.expect(200);
    person.call("auth-mfa-setup", &[], &json!({"method": "sms", "phone": phone})).await.expect(202);
    world.settle(None).await;
    known.push(world.stack.texted_code(&phone, &known).await);
    person.call("auth-mfa-activate", &[], &json!({"method": "sms", "code": wrong(&known[1])})).await.expect(400);
    person.call("auth-mfa-activate", &[], &json!({"method": "sms", "code": known[1]})).await.expect(200);
    person.call("auth-mfa-send-own-code", &[], &json!({"method": "sms"})).await.expect(202);
    world.settle(None).await;
    let form = json!({"email": person.draft.email, "password": person.draft.password});
    let challenge = world.call("auth-login", None, &[], &form).await.expect(200)["challenge"]["token"].clone();
    let form = json!({"challenge_token": challenge, "method": "sms"});
    world.call("auth-mfa-send-code", None, &[], &form).await.expect(202);
    world.settle(None).await;
    known.push(world.stack.texted_code(&phone, &known).await);
    world.settle(None).await;
}

/// A passkey: registered, used and removed; and one that a reset of the password removes.
pub async fn passkeys(world: &World) {
    let person = Caller::new(world, Draft::new()).await;
    let mut passkey = SoftPasskey::new();
    for _ in 0..2 {
        let options = person.call("auth-passkey-register-options", &[], &Value::Null).await.expect(200);
        let credential = passkey.registers(&options["publicKey"]);
        let form = json!({"challenge_id": options["challenge_id"], "name": "a phone", "credential": credential});
        let made = person.call("auth-passkey-register", &[], &form).await.expect(201);
        let path = [("id", made["credential"]["id"].as_str().unwrap())];
        person.call("auth-rename-passkey", &path, &json!({"name": "a laptop"})).await.expect(200);
        person.call("auth-list-passkeys", &[], &Value::Null).await.expect(200);
        for (count, status) in [(1, 200), (0, 401)] {
            passkey.sign_count = count;
            let email = json!({"email": person.draft.email});
            let options = world.call("auth-passkey-sign-in-options", None, &[], &email).await.expect(200);
            let credential = passkey.signs_in(&options["publicKey"]);
            let device = json!({"fingerprint": tag()});
            let form = json!({"challenge_id": options["challenge_id"], "credential": credential, "device": device});
            world.call("auth-passkey-sign-in", None, &[], &form).await.expect(status);
        }
        person.call("auth-remove-passkey", &path, &Value::Null).await.expect(204);
    }
    world.settle(None).await;
}

/// The authenticator app of a person who just enrolled it.
pub async fn enroll(person: &Caller<'_>) -> Authenticator {
    let setup = person.call("auth-mfa-setup", &[], &json!({"method": "totp"})).await.expect(201);
    let app = Authenticator::new(setup["secret"].as_str().unwrap());
    let form = json!({"method": "totp", "code": app.code().await});
    person.call("auth-mfa-activate", &[], &form).await.expect(200);
    person.world.settle(None).await;
    app
}
