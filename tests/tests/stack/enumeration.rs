//! While the protection is on, no route reveals to a stranger whether an address has an account.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use verinym_tests::{
    Draft, Stack,
    people::tag,
    world::{EndpointReply, World},
};

const WRONG: &str = "not the password at all";

struct Stage {
    world: World,
    /// An address with a confirmed account.
    taken: String,
    /// An address without an account.
    free: String,
    /// Each call comes from a network of its own, so that no call's limit depends on the time since the one before.
    networks: AtomicUsize,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new(&Stack::get(), &[("ENUMERATION_PROTECTION", "true")]).await;
        let owner = Draft::new();
        world.call_from("192.0.2.1", "auth-register", &owner.form()).await.expect(202);
        world.settle(None).await;
        let token = world.stack.link(&owner.email, "verify", None).await.token().unwrap();
        let form = json!({"token": token, "password": owner.password});
        world.call_from("192.0.2.1", "auth-verify-email", &form).await.expect(200);
        world.settle(None).await;
        Self { world, taken: owner.email, free: Draft::new().email, networks: AtomicUsize::new(0) }
    }

    /// Everything that a stranger sees of a response, and the AWS calls that it took.
    async fn seen(&self, function: &str, form: &Value) -> Seen {
        self.world.faults.set(None);
        let ip = format!("198.51.100.{}", self.networks.fetch_add(1, Ordering::Relaxed));
        let reply = self.world.call_from(&ip, function, form).await;
        let mut calls = self.world.faults.calls();
        if function == "auth-register" {
            // Its keys are read for whichever shard the new id falls into, which is chance.
            calls.retain(|call| ["TransactWriteItems", "UpdateItem", "SendMessage"].contains(&call.as_str()));
        }
        // Secrets and the files of the risk rules are read once in a process.
        calls.retain(|call| !["GetSecretValue", "GET s3"].contains(&call.as_str()));
        calls.sort();
        Seen { answer: without_chance(reply), calls }
    }

    /// The same of both addresses.
    async fn alike(&self, what: &str, function: &str, form: impl Fn(&str) -> Value) -> Seen {
        let taken = self.seen(function, &form(&self.taken)).await;
        let free = self.seen(function, &form(&self.free)).await;
        assert_eq!(taken, free, "{what}: a taken address, and a free one");
        taken
    }
}

#[derive(Debug, PartialEq)]
struct Seen {
    answer: (u16, Vec<(String, String)>, Value),
    /// The AWS calls: the same number of each, so that both take the same time.
    calls: Vec<String>,
}

impl Seen {
    fn expect(&self, status: u16, code: &str) {
        let told = self.answer.2["code"].as_str().unwrap_or_default();
        assert_eq!((self.answer.0, told), (status, code), "{self:?}");
    }
}

fn without_chance(mut reply: EndpointReply) -> (u16, Vec<(String, String)>, Value) {
    if let Some(body) = reply.body.as_object_mut() {
        body.remove("correlation_id");
        body.remove("nonce");
    }
    let counted = ["x-correlation-id", "ratelimit", "retry-after"];
    let mut headers: Vec<_> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| !counted.contains(&name.as_str()))
        .collect();
    headers.sort();
    (reply.status, headers, reply.body)
}

#[tokio::test]
async fn registering_has_the_same_effects_whether_the_address_is_taken_or_not() {
    let stage = Stage::new().await;
    let names = [format!("name{}", &tag()[..10]), format!("name{}", &tag()[..10])];
    let name_of = |email: &str| names[usize::from(email == stage.free)].clone();
    let password = format!("kettle ornithopter {}", tag());
    let form = |email: &str, name: Option<String>| {
        let mut form = Draft::new().form();
        (form["email"], form["password"]) = (json!(email), json!(password));
        if let Some(name) = name {
            form["username"] = json!(name);
        }
        form
    };
    // Each twice, and without a username: what an earlier one left behind tells nothing either.
    let first = stage.alike("first", "auth-register", |email| form(email, Some(name_of(email)))).await;
    first.expect(202, "");
    stage.world.settle(None).await;
    for what in ["second", "third"] {
        stage.alike(what, "auth-register", |email| form(email, None)).await.expect(202, "");
    }
    // The name is gone, to the same address and to others.
    let again = stage.alike("same name", "auth-register", |email| form(email, Some(name_of(email)))).await;
    again.expect(409, "username_taken");
    let others = stage
        .alike("same name, another address", "auth-register", |email| form(&Draft::new().email, Some(name_of(email))))
        .await;
    others.expect(409, "username_taken");

    // Nor does signing in tell, by the address or the name, with the password registered with or another; and tries are
    // counted alike: five in all, over both names.
    let login = |name: &str, value: &str, password: &str| json!({name: value, "password": password});
    for what in ["right", "right again"] {
        stage
            .alike(what, "auth-login", |email| login("email", email, &password))
            .await
            .expect(401, "invalid_credentials");
    }
    let by_name = stage.alike("by name", "auth-login", |email| login("username", &name_of(email), &password)).await;
    by_name.expect(401, "invalid_credentials");
    stage.alike("wrong", "auth-login", |email| login("email", email, WRONG)).await.expect(401, "invalid_credentials");
    let fifth = stage.alike("wrong by name", "auth-login", |email| login("username", &name_of(email), WRONG)).await;
    fifth.expect(401, "invalid_credentials");
    for (name, value) in [("email", None), ("username", Some(()))] {
        let locked = stage
            .alike("locked", "auth-login", |email| {
                login(name, &value.map_or_else(|| email.to_owned(), |()| name_of(email)), &password)
            })
            .await;
        locked.expect(429, "temporarily_locked");
    }
}

/// Password attempts before a registration still count after it, as they do for a taken address.
#[tokio::test]
async fn tries_before_and_after_registering_count_alike() {
    let stage = Stage::new().await;
    let login = |email: &str| json!({"email": email, "password": WRONG});
    for n in 0..3 {
        stage.alike(&format!("before, {n}"), "auth-login", login).await.expect(401, "invalid_credentials");
    }
    let names = [format!("name{}", &tag()[..10]), format!("name{}", &tag()[..10])];
    let name_of = |email: &str| names[usize::from(email == stage.free)].clone();
    let register = |email: &str| {
        let mut form = Draft::new().form();
        (form["email"], form["username"]) = (json!(email), json!(name_of(email)));
        form
    };
    stage.alike("register", "auth-register", register).await.expect(202, "");
    let by_name = |email: &str| json!({"username": name_of(email), "password": WRONG});
    for n in 0..2 {
        stage.alike(&format!("after, {n}"), "auth-login", by_name).await.expect(401, "invalid_credentials");
    }
    stage.alike("locked by name", "auth-login", by_name).await.expect(429, "temporarily_locked");
    stage.alike("locked by address", "auth-login", login).await.expect(429, "temporarily_locked");
}

#[tokio::test]
async fn asking_for_mails_and_overlong_passwords_tell_nothing() {
    let stage = Stage::new().await;
    for function in ["auth-forgot-password", "auth-resend-verification", "auth-magic-link"] {
        stage.alike(function, function, |email| json!({"email": email})).await.expect(202, "");
    }
    // Longer than any password of another system.
    let overlong = "k".repeat(5_000);
    let login = |email: &str| json!({"email": email, "password": overlong});
    for _ in 0..7 {
        // It is compared with nothing, so it counts for nothing.
        stage.alike("overlong", "auth-login", login).await.expect(401, "invalid_credentials");
    }
}

/// The right password for an unconfirmed address causes another mail to confirm it; a wrong password causes none.
#[tokio::test]
async fn signing_in_before_confirming_sends_the_mail_again() {
    let world = World::new(&Stack::get(), &[("ENUMERATION_PROTECTION", "true"), ("RATE_LIMIT_SCALE", "1")]).await;
    let draft = Draft::new();
    world.call_from("192.0.2.1", "auth-register", &draft.form()).await.expect(202);
    world.settle(None).await;
    let links = async || {
        let mails = world.stack.mails(&draft.email).await;
        mails.iter().filter_map(verinym_tests::mailbox::Mail::token).collect::<Vec<_>>()
    };
    assert_eq!(links().await.len(), 1);
    let login = async |n: usize, password: &str| {
        let form = json!({"email": draft.email, "password": password});
        let reply = world.call_from(&format!("192.0.2.{n}"), "auth-login", &form).await;
        world.settle(None).await;
        reply.body["code"].clone()
    };
    assert_eq!(login(1, WRONG).await, "invalid_credentials");
    assert_eq!(links().await.len(), 1);
    for n in 2..6 {
        assert_eq!(login(n, &draft.password).await, "invalid_credentials");
    }
    // Three an hour of these.
    let links = links().await;
    assert_eq!(links.len(), 4, "{links:?}");
}
