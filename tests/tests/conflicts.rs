//! Every route and worker with a conflict at the first transaction of each invocation: the role of a function must grant all calls by which it
//! reads and decides again.
//!
//! Flows without a conflict are compared with the grants in `usage`, by the functions' logs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a test cannot do is its failure")]

use serde_json::{Value, json};
use verinym_tests::{
    Draft, Stack,
    client::multipart,
    passkey::SoftPasskey,
    people::tag,
    picture,
    receiver::Receiver,
    second_factor::Authenticator,
    sign_in::Identity,
    template::{Template, allows},
    until,
    world::{EndpointReply, World},
};

/// One caller in a world, whose calls carry an idempotency key.
struct Caller<'a> {
    world: &'a World,
    draft: Draft,
    access: String,
    refresh: String,
}

impl<'a> Caller<'a> {
    /// A new person, confirmed and signed in.
    async fn new(world: &'a World, draft: Draft) -> Self {
        world.call("auth-register", None, &[], &draft.form()).await;
        world.settle(None).await;
        let token = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
        let form = json!({"token": token, "password": draft.password});
        world.call("auth-verify-email", None, &[], &form).await.expect(200);
        let mut caller = Self { world, draft, access: String::new(), refresh: String::new() };
        caller.login().await;
        caller
    }

    /// A person with a role, signed in after the role was granted.
    async fn staff(world: &'a World, role: &str) -> Self {
        let mut caller = Self::new(world, Draft::new()).await;
        let payload = json!({"email": caller.draft.email, "role": role});
        world.invoke("admin-bootstrap", payload).await.expect("the role is given");
        caller.login().await;
        caller
    }

    async fn login(&mut self) {
        self.login_on(&Value::Null).await;
    }

    /// Signs in on a device; the answer.
    async fn login_on(&mut self, device: &Value) -> Value {
        let form = json!({"email": self.draft.email, "password": self.draft.password, "device": device});
        let tokens = self.world.call("auth-login", None, &[], &form).await.expect(200);
        self.access = token(&tokens, "access_token");
        self.refresh = token(&tokens, "refresh_token");
        self.world.settle(None).await;
        tokens
    }

    async fn call(&self, function: &str, path: &[(&str, &str)], body: &Value) -> EndpointReply {
        self.call_at(function, path, body, None).await
    }

    /// With the version that the caller read, if the route requires it.
    async fn call_at(
        &self,
        function: &str,
        path: &[(&str, &str)],
        body: &Value,
        version: Option<u64>,
    ) -> EndpointReply {
        let mut headers =
            vec![("content-type", "application/json".to_owned()), ("idempotency-key", format!("key-{}", tag()))];
        headers.extend(version.map(|version| ("if-match", format!("\"{version}\""))));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let reply = self.world.send(function, Some(&self.access), path, &headers, body).await;
        assert!(reply.status < 500, "{function}: {reply:?}");
        reply
    }

    async fn upload(&self, number: &str) -> String {
        let fields = [("document_type", "passport"), ("document_number", number)];
        let (content_type, body) = multipart(&fields, &picture::page(number));
        let headers = [("content-type", content_type), ("idempotency-key", format!("key-{}", tag()))];
        let reply = self.world.send("kyc-upload-document", Some(&self.access), &[], &headers, body).await;
        let id = reply.expect(201)["id"].as_str().unwrap().to_owned();
        self.world.settle(None).await;
        id
    }

    /// Submits a check with a new passport; its id once the workers are done.
    async fn check(&self, number: &str) -> String {
        let document = self.upload(number).await;
        let check = self.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await.expect(201);
        self.world.settle(None).await;
        check["id"].as_str().unwrap().to_owned()
    }

    /// The staff's view of a check once it is in review. Meanwhile the provider is polled.
    async fn seen_at_review(&self, id: &str) -> Value {
        until(&format!("check {id} to be at review"), async || {
            self.world.settle(None).await;
            let seen = self.seen(id).await;
            (seen["state"] == "in_review").then_some(seen)
        })
        .await
    }

    /// The staff's view of a check.
    async fn seen(&self, id: &str) -> Value {
        self.call("admin-get-check", &[("id", id)], &Value::Null).await.expect(200)
    }
}

fn token(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap().to_owned()
}

async fn accounts(world: &World) {
    let mut caller = Caller::new(world, Draft::new()).await;
    let first = caller.refresh.clone();
    let mut newest = first.clone();
    for _ in 0..2 {
        let tokens = world.call("auth-refresh", None, &[], &json!({"refresh_token": newest})).await.expect(200);
        newest = token(&tokens, "refresh_token");
    }
    world.call("auth-refresh", None, &[], &json!({"refresh_token": first})).await.expect(401);
    // Even where ending it met a conflict, the session is over.
    world.call("auth-refresh", None, &[], &json!({"refresh_token": newest})).await.expect(401);

    caller.login().await;
    let changed = "another horse, another staple";
    let form = json!({"current_password": caller.draft.password, "new_password": changed});
    caller.call("account-change-password", &[], &form).await.expect(204);
    changed.clone_into(&mut caller.draft.password);
    world.call("auth-forgot-password", None, &[], &json!({"email": caller.draft.email})).await.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "reset", None).await.token().unwrap();
    let form = json!({"token": token, "password": "a third horse and its staple"});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    "a third horse and its staple".clone_into(&mut caller.draft.password);

    caller.login().await;
    let profile = caller.call("account-get-profile", &[], &Value::Null).await.expect(200);
    let change = json!({"username": format!("u{}", &tag()[..12]), "given_name": "Mara"});
    caller.call_at("account-update-profile", &[], &change, profile["version"].as_u64()).await.expect(200);
    let new = Draft::new().email;
    caller.call("account-change-email", &[], &json!({"email": new})).await.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&new, "confirm-email", None).await.token().unwrap();
    caller.call("account-confirm-email", &[], &json!({"token": token})).await.expect(200);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "undo-email", None).await.token().unwrap();
    world.call("account-undo-email", None, &[], &json!({"token": token})).await.expect(200);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "reset", Some(&token)).await.token().unwrap();
    let form = json!({"token": token, "password": caller.draft.password});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    caller.login().await;
    let sessions = caller.call("account-list-sessions", &[], &Value::Null).await.expect(200);
    caller.call("account-revoke-other-sessions", &[], &Value::Null).await.expect(200);
    let own = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    caller.call("account-revoke-session", &[("id", own.as_str())], &Value::Null).await;
    caller.login().await;
    caller.call("auth-logout", &[], &Value::Null).await.expect(204);
    // A device that is trusted, one that is removed, and a sign-in that is disowned.
    let device = |secret: &Value| json!({"fingerprint": "f1", "name": "a phone", "secret": secret});
    let first = caller.login_on(&device(&Value::Null)).await;
    let id = first["session"]["device_id"].as_str().unwrap();
    let trusted = caller.call("account-trust-device", &[("id", id)], &json!({"trusted": true})).await.expect(200);
    caller.login_on(&device(&trusted["device_secret"])).await;
    caller.call("account-list-devices", &[], &Value::Null).await.expect(200);
    caller.call("account-remove-device", &[("id", id)], &Value::Null).await.expect(204);
    caller.login_on(&device(&Value::Null)).await;
    let token = world.stack.link(&caller.draft.email, "end-session", None).await.token().unwrap();
    world.call("auth-end-session", None, &[], &json!({"token": token})).await.expect(204);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "reset", Some(&token)).await.token().unwrap();
    let form = json!({"token": token, "password": caller.draft.password});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    // A link that signs in.
    let asked = world.call("auth-magic-link", None, &[], &json!({"email": caller.draft.email})).await.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "magic-link", None).await.token().unwrap();
    let form = json!({"token": token, "nonce": asked["nonce"], "device": {"fingerprint": "f2"}});
    world.call("auth-magic-link-verify", None, &[], &form).await.expect(200);
    // Deactivated, and reactivated by the next sign-in.
    caller.login().await;
    caller.call("account-deactivate", &[], &Value::Null).await.expect(204);
    caller.login().await;

    // An account that was never confirmed, with a user name: the reset frees what a stranger may have claimed.
    let draft = Draft::new();
    let mut form = draft.form();
    form["username"] = format!("n{}", &tag()[..12]).into();
    world.call("auth-register", None, &[], &form).await;
    world.settle(None).await;
    world.call("auth-resend-verification", None, &[], &json!({"email": draft.email})).await.expect(202);
    world.call("auth-forgot-password", None, &[], &json!({"email": draft.email})).await.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&draft.email, "reset", None).await.token().unwrap();
    let form = json!({"token": token, "password": "of the owner, a fourth horse"});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    world.settle(None).await;
}

/// Makes an account, links it to another one, and removes a link.
async fn social(world: &World) {
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

/// Roles: made, given, changed, taken and deleted.
async fn roles(world: &World) {
    let admin = Caller::staff(world, "admin").await;
    let person = Caller::new(world, Draft::new()).await;
    let id = person.call("auth-me", &[], &Value::Null).await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
    let name = format!("r{}", &tag()[..12]);
    let (path, account) = ([("name", name.as_str())], [("id", id.as_str())]);
    let made = json!({"name": name, "permissions": ["kyc:read"]});
    admin.call("admin-create-role", &[], &made).await.expect(201);
    for roles in [json!(["user", name]), json!(["user"])] {
        let shown = world.send("admin-get-user-roles", Some(&admin.access), &account, &[], vec![]).await;
        let tag = shown.headers["etag"].to_str().unwrap().to_owned();
        let version = tag.trim_matches('"').parse().ok();
        admin.call_at("admin-set-user-roles", &account, &json!({"roles": roles}), version).await.expect(200);
    }
    admin.call("admin-change-role", &path, &json!({"permissions": ["aml:read"]})).await.expect(200);
    admin.call("admin-delete-role", &path, &Value::Null).await.expect(204);
    world.settle(None).await;
}

/// A second factor: enrolled, used, renewed and removed.
async fn second_factors(world: &World) {
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

/// A passkey: registered, used and removed; and one that a reset of the password removes.
async fn passkeys(world: &World) {
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
async fn enroll(person: &Caller<'_>) -> Authenticator {
    let setup = person.call("auth-mfa-setup", &[], &json!({"method": "totp"})).await.expect(201);
    let app = Authenticator::new(setup["secret"].as_str().unwrap());
    let form = json!({"method": "totp", "code": app.code().await});
    person.call("auth-mfa-activate", &[], &form).await.expect(200);
    person.world.settle(None).await;
    app
}

/// An administrator reads an account and acts on it.
async fn administration(world: &World) {
    let admin = Caller::staff(world, "admin").await;
    let person = Caller::new(world, Draft::new()).await;
    let id = person.call("auth-me", &[], &Value::Null).await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
    let account = [("id", id.as_str())];
    let email = format!("email={}", person.draft.email.replace('@', "%40"));
    admin.call("admin-find-users", &[("?", email.as_str())], &Value::Null).await.expect(200);
    admin.call("admin-get-user", &[account[0], ("?", "unmasked=true")], &Value::Null).await.expect(200);
    enroll(&person).await;
    for function in ["admin-reset-user-mfa", "admin-revoke-user-sessions", "admin-reset-user-password"] {
        admin.call(function, &account, &Value::Null).await.expect(204);
    }
    admin.call("admin-lock-user", &account, &json!({"reason": "other"})).await.expect(204);
    admin.call("admin-unlock-user", &account, &Value::Null).await.expect(204);
    world.settle(None).await;
}

async fn checks(world: &World) {
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
async fn callbacks(world: &World) {
    let applicant = Caller::new(world, Draft::new()).await;
    let id = applicant.check(&format!("SILENT-{}", tag())).await;
    for _ in 0..2 {
        world.callback(&id).await;
        world.settle(None).await;
    }
}

/// An endpoint that fails, is made well and hears of everything again, and one that is gone.
async fn webhooks(world: &World) {
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

#[tokio::test]
async fn what_a_function_calls_after_a_conflict_is_granted_by_its_role() {
    let world = World::new(&Stack::get(), &[]).await;
    world.faults.conflict_in_each_invocation();
    accounts(&world).await;
    second_factors(&world).await;
    passkeys(&world).await;
    roles(&world).await;
    administration(&world).await;
    if !world.stack.lacks("localstack", "its functions do not reach the identity providers") {
        social(&world).await;
    }
    checks(&world).await;
    callbacks(&world).await;
    if !world.stack.lacks("localstack", "its functions do not reach the receiver") {
        webhooks(&world).await;
    }
    for worker in ["workers-sweep-checks", "workers-sweep-outbox", "workers-run-due", "workers-expire"] {
        world.invoke(worker, json!({})).await.unwrap_or_else(|| panic!("{worker} failed"));
    }

    let template = Template::main();
    let functions = template.functions();
    let used = world.faults.used();
    let mut lacking = Vec::new();
    for (function, used) in &used {
        let Some(function) = functions.iter().find(|one| one.name == *function) else { continue };
        let granted = template.grants(&function.role);
        let missing = used.iter().filter(|used| !granted.iter().any(|grant| allows(grant, used)));
        lacking.extend(missing.map(|action| format!("{}: {action}", function.name)));
    }
    assert!(used.len() > 35, "only {} functions ran: {:?}", used.len(), used.keys());
    assert!(lacking.is_empty(), "used after a conflict and not granted: {lacking:#?}");
}
