//! The risk of sign-ins: what is allowed, asked for more or refused, and what is recorded and mailed. A world of each test has networks and
//! places of its own, by addresses of the documentation ranges.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{
    Draft, Stack,
    people::tag,
    world::{EndpointReply, World},
};

/// Made for the unit tests of the location database.
const PLACES: &[u8] = include_bytes!("../../../shared/src/location/places.mmdb");
const POLICY: &str = include_str!("../../../shared/domain/src/risk/default_policy.json");

const BERLIN: &str = "192.0.2.7";
const TOKYO: &str = "2001:db8::1";
/// Without a place.
const SOMEWHERE: &str = "10.9.8.7";

const REFUSED: &str = "A sign-in to your account was refused";

/// A world with places, and the default policy with these replacements in its text.
async fn world(replacements: &[(&str, &str)], variables: &[(&str, &str)]) -> World {
    let (stack, name) = (Stack::get(), tag());
    let (policy, places) = (format!("{name}.json"), format!("{name}.mmdb"));
    let mut variables = variables.to_vec();
    variables.extend([("RISK_POLICY", policy.as_str()), ("RISK_LOCATIONS", places.as_str())]);
    if !variables.iter().any(|(name, _)| *name == "RISK_NETWORKS") {
        variables.push(("RISK_NETWORKS", ""));
    }
    let world = World::new(&stack, &variables).await;
    let mut text = POLICY.replace("default-1", &name);
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let bucket = &world.app().config.lists_bucket;
    world.aws.put_object(bucket, &format!("risk/{policy}"), text).await;
    world.aws.put_object(bucket, &format!("risk/{places}"), PLACES).await;
    world
}

/// Two wrong passwords of a network are many.
const STRICT: (&str, &str) = (r#""from": 20, "to": 120"#, r#""from": 0, "to": 2"#);

struct Somebody<'a> {
    world: &'a World,
    draft: Draft,
}

impl<'a> Somebody<'a> {
    /// Somebody with a confirmed address.
    async fn new(world: &'a World) -> Self {
        let draft = Draft::new();
        let made = world.call_from(BERLIN, "auth-register", &draft.form()).await;
        assert!(made.status < 300, "{made:?}");
        world.settle(None).await;
        let link = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
        let form = json!({"token": link, "password": draft.password});
        world.call_from(BERLIN, "auth-verify-email", &form).await.expect(200);
        Self { world, draft }
    }

    async fn with(&self, password: &str, address: &str, device: &Value) -> EndpointReply {
        let mut form = json!({"email": self.draft.email, "password": password});
        if !device.is_null() {
            form["device"] = device.clone();
        }
        self.world.call_from(address, "auth-login", &form).await
    }

    /// Signs in with the right password.
    async fn from(&self, address: &str, device: &Value) -> EndpointReply {
        self.with(&self.draft.password, address, device).await
    }

    async fn mails(&self, subject: &str) -> usize {
        self.world.settle(None).await;
        self.world.stack.mails(&self.draft.email).await.iter().filter(|mail| mail.subject == subject).count()
    }

    /// Answers a challenge with the code that is mailed for it.
    async fn answer(&self, challenged: &Value) -> EndpointReply {
        let token = &challenged["challenge"]["token"];
        let form = json!({"challenge_token": token, "method": "email_otp"});
        self.world.call_from(TOKYO, "auth-mfa-send-code", &form).await.expect(202);
        self.world.settle(None).await;
        let mail = self.world.stack.mail_about(&self.draft.email, "Your sign-in code").await;
        let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        let code = mail.text.lines().find(is_code).expect("a code");
        let form = json!({"challenge_token": token, "method": "email_otp", "code": code});
        self.world.call_from(TOKYO, "auth-mfa-verify", &form).await
    }

    /// Sets another password by mail.
    async fn reset(&mut self) {
        self.world.call_from(TOKYO, "auth-forgot-password", &json!({"email": self.draft.email})).await.expect(202);
        self.world.settle(None).await;
        let link = self.world.stack.link(&self.draft.email, "reset", None).await.token().unwrap();
        self.draft.password = format!("another password {}", tag());
        let form = json!({"token": link, "password": self.draft.password});
        self.world.call_from(TOKYO, "auth-reset-password", &form).await;
    }
}

/// Wrong passwords for accounts of other people, from one network.
async fn spray(world: &World, address: &str) {
    for _ in 0..3 {
        let form = json!({"email": Draft::new().email, "password": "not the password at all"});
        assert_eq!(world.call_from(address, "auth-login", &form).await.expect(401)["code"], "invalid_credentials");
    }
}

fn device() -> Value {
    json!({"fingerprint": tag()})
}

/// What the event of a session's beginning says of its risk.
async fn risk_of(world: &World, session: &Value) -> Value {
    let events = world.event_data(session["session"]["id"].as_str().unwrap()).await;
    events.into_iter().find(|(kind, _)| kind == "session.created").unwrap().1
}

#[tokio::test]
async fn a_sign_in_records_its_decision_and_a_new_place_lowers_its_trust() {
    let world = world(&[], &[]).await;
    let ada = Somebody::new(&world).await;
    let phone = device();
    let first = ada.from(BERLIN, &phone).await.expect(200);
    let risk = risk_of(&world, &first).await;
    assert_eq!(risk["risk_measures"], json!({"account_velocity": 0, "address_velocity": 0, "old_password": 0}));
    assert_eq!((&first["session"]["trust_score"], &risk["trust"]), (&json!(70), &json!(70)));
    let again = ada.from(BERLIN, &phone).await.expect(200);
    let risk = risk_of(&world, &again).await;
    for (factor, measure) in [("new_device", 1), ("new_network", 0), ("new_country", 0), ("impossible_travel", 0)] {
        assert_eq!(risk["risk_measures"][factor], measure, "{factor}: {risk}");
    }
    assert_eq!((&risk["risk_outcome"], &risk["risk_score"]), (&json!("allow"), &json!(0)));
    // The telephone in another network, of which the database knows no place.
    let roaming = ada.from(SOMEWHERE, &phone).await.expect(200);
    let risk = risk_of(&world, &roaming).await;
    assert_eq!((&risk["risk_score"], &roaming["session"]["trust_score"]), (&json!(10), &json!(60)));
    assert_eq!(
        (&risk["risk_measures"]["new_country"], &risk["risk_measures"]["impossible_travel"]),
        (&Value::Null, &Value::Null)
    );
    let recorded = risk.to_string();
    assert!(!recorded.contains(SOMEWHERE) && !recorded.contains("DE"), "{recorded}");
    // Now it is known.
    let known = ada.from(SOMEWHERE, &phone).await.expect(200);
    assert_eq!(known["session"]["trust_score"], 70);
}

#[tokio::test]
async fn a_trusted_device_raises_the_trust_of_the_session() {
    let world = world(&[], &[]).await;
    let ada = Somebody::new(&world).await;
    let mut phone = device();
    let first = ada.from(BERLIN, &phone).await.expect(200);
    let (token, id) = (first["access_token"].as_str(), first["session"]["device_id"].as_str().unwrap());
    let trusted = world.call("account-trust-device", token, &[("id", id)], &json!({"trusted": true})).await.expect(200);
    phone["secret"] = trusted["device_secret"].clone();
    assert_eq!(ada.from(BERLIN, &phone).await.expect(200)["session"]["trust_score"], 100);
    // An impossible journey on it, as through a proxy: allowed.
    let far = ada.from(TOKYO, &phone).await.expect(200);
    let risk = risk_of(&world, &far).await;
    assert!(risk["risk_measures"]["impossible_travel"].as_u64().unwrap() > 900, "{risk}");
    assert_eq!((&risk["risk_outcome"], &risk["risk_score"]), (&json!("allow"), &json!(35)));
    assert_eq!(far["session"]["trust_score"], 65);
}

#[tokio::test]
async fn a_refused_sign_in_tells_only_whoever_knows_the_password_and_the_owner() {
    for protection in ["false", "true"] {
        let world = world(&[STRICT], &[("ENUMERATION_PROTECTION", protection)]).await;
        let ada = Somebody::new(&world).await;
        let home = device();
        let signed_in = ada.from(BERLIN, &home).await.expect(200);
        spray(&world, TOKYO).await;
        let wrong = ada.with("not the password at all", TOKYO, &device()).await;
        let form = json!({"email": Draft::new().email, "password": "not the password at all"});
        let unknown = world.call_from(TOKYO, "auth-login", &form).await;
        assert_eq!((wrong.status, &wrong.body["code"]), (401, &json!("invalid_credentials")));
        assert_eq!((wrong.status, wrong.headers.len()), (unknown.status, unknown.headers.len()));
        assert_eq!(ada.mails(REFUSED).await, 0);

        let refused = ada.from(TOKYO, &device()).await.expect(403);
        assert_eq!(refused["code"], "sign_in_refused");
        assert_eq!(ada.from(TOKYO, &device()).await.expect(403)["code"], "sign_in_refused");
        // Of those at once too.
        let new = [device(), device()];
        for reply in join_all(new.iter().map(|device| ada.from(TOKYO, device))).await {
            assert_eq!(reply.expect(403)["code"], "sign_in_refused");
        }
        assert_eq!(ada.mails(REFUSED).await, 1, "one an hour");
        let user = signed_in["user"]["id"].as_str().unwrap();
        let events = world.event_data(user).await;
        let refusals: Vec<_> = events.iter().filter(|(kind, _)| kind.starts_with("user.sign_in_refused")).collect();
        let kinds: Vec<_> = refusals.iter().map(|(kind, _)| kind.as_str()).collect();
        let again = "user.sign_in_refused_again";
        assert_eq!(kinds, ["user.sign_in_refused", again, again, again]);
        assert_eq!(refusals[0].1["risk_outcome"], "refuse");
        assert_eq!(world.counters().await.get("auth_login_total{outcome=\"refused\"}"), Some(&4));
        // Nothing of it was learned: the owner's own place is as it was, and the network of the refused one is still new.
        let own = ada.from(BERLIN, &home).await.expect(200);
        assert_eq!(risk_of(&world, &own).await["risk_measures"]["new_network"], 0);
        assert_eq!(ada.from(TOKYO, &device()).await.expect(403)["code"], "sign_in_refused");
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_owner_out_for_no_longer_than_they_want() {
    let world = world(&[STRICT], &[]).await;
    let mut ada = Somebody::new(&world).await;
    let mut phone = device();
    let first = ada.from(BERLIN, &phone).await.expect(200);
    let (token, id) = (first["access_token"].as_str(), first["session"]["device_id"].as_str().unwrap());
    let trusted = world.call("account-trust-device", token, &[("id", id)], &json!({"trusted": true})).await.expect(200);
    phone["secret"] = trusted["device_secret"].clone();
    spray(&world, TOKYO).await;
    ada.from(TOKYO, &device()).await.expect(403);
    // The device that they trust, even from there.
    let allowed = ada.from(TOKYO, &phone).await;
    assert_eq!(allowed.status, 200, "{allowed:?}");
    // A new password by mail.
    let bob = Somebody::new(&world).await;
    bob.from(BERLIN, &device()).await.expect(200);
    spray(&world, TOKYO).await;
    bob.from(TOKYO, &device()).await.expect(403);
    ada = bob;
    ada.reset().await;
    let opened = ada.from(TOKYO, &device()).await.expect(200);
    assert_eq!(opened["challenge"]["methods"], json!(["email_otp"]));
    ada.answer(&opened).await.expect(200);
}

#[tokio::test]
async fn a_risky_sign_in_of_somebody_without_a_second_factor_needs_a_mailed_code() {
    let world = world(&[], &[]).await;
    let ada = Somebody::new(&world).await;
    ada.from(BERLIN, &device()).await.expect(200);
    let abroad = device();
    let challenge = ada.from(TOKYO, &abroad).await.expect(200);
    assert_eq!((&challenge["mfa_required"], &challenge["access_token"]), (&json!(true), &Value::Null));
    assert_eq!(challenge["challenge"]["methods"], json!(["email_otp"]));
    // An unanswered challenge makes nothing known.
    assert_eq!(ada.from(TOKYO, &abroad).await.expect(200)["mfa_required"], true);
    let session = ada.answer(&challenge).await.expect(200);
    let risk = risk_of(&world, &session).await;
    assert_eq!((&risk["risk_outcome"], &risk["risk_score"]), (&json!("step_up"), &json!(90)));
    assert_eq!((&risk["risk_proof"], &session["session"]["trust_score"]), (&json!("mailbox"), &json!(0)));
    // Now it is their device and their place.
    let again = ada.from(TOKYO, &abroad).await.expect(200);
    assert_eq!(again["session"]["trust_score"], 70, "{again}");
}

#[tokio::test]
async fn sign_ins_at_once_from_several_networks_all_stay_in_the_history() {
    let world = world(&[], &[]).await;
    let ada = Somebody::new(&world).await;
    let phone = device();
    ada.from(BERLIN, &phone).await.expect(200);
    let networks: Vec<_> = (1..5).map(|network| format!("10.0.{network}.9")).collect();
    for reply in join_all(networks.iter().map(|network| ada.from(network, &phone))).await {
        reply.expect(200);
    }
    for network in &networks {
        let again = ada.from(network, &phone).await.expect(200);
        let risk = risk_of(&world, &again).await;
        assert_eq!(risk["risk_measures"]["new_network"], 0, "{network}: {risk}");
    }
}

#[tokio::test]
async fn a_listed_network_raises_the_risk() {
    let name = format!("{}.txt", tag());
    let world = world(&[], &[("RISK_NETWORKS", &name)]).await;
    world.aws.put_object(&world.app().config.lists_bucket, &format!("risk/{name}"), "10.9.8.0/24 # exits\n").await;
    let ada = Somebody::new(&world).await;
    let phone = device();
    let first = ada.from(BERLIN, &phone).await.expect(200);
    assert_eq!(risk_of(&world, &first).await["risk_measures"]["address_reputation"], 0);
    let listed = ada.from(SOMEWHERE, &phone).await.expect(200);
    let risk = risk_of(&world, &listed).await;
    assert_eq!((&risk["risk_points"]["address_reputation"], &risk["risk_score"]), (&json!(30), &json!(40)));
}

/// A deployment that names objects which are missing or damaged still lets its people in.
#[tokio::test]
async fn missing_and_damaged_files_keep_nobody_out() {
    let stack = Stack::get();
    let name = tag();
    let missing = [("RISK_POLICY", "missing"), ("RISK_NETWORKS", "missing"), ("RISK_LOCATIONS", name.as_str())];
    let world = World::new(&stack, &missing).await;
    world.aws.put_object(&world.app().config.lists_bucket, &format!("risk/{name}"), "<html>").await;
    let ada = Somebody::new(&world).await;
    let session = ada.from(BERLIN, &Value::Null).await.expect(200);
    let risk = risk_of(&world, &session).await;
    assert_eq!(risk["risk_policy"], "default-1");
    assert_eq!(risk["risk_measures"].get("address_reputation"), None);
}

#[tokio::test]
async fn a_trusted_session_has_twice_the_throughput_limits() {
    for (base, calls) in [("70", 10), ("90", 20)] {
        let trust = format!("\"base\": {base}");
        let world = world(&[("\"base\": 70", &trust)], &[("RATE_LIMIT_SCALE", "1")]).await;
        let ada = Somebody::new(&world).await;
        let session = ada.from(BERLIN, &Value::Null).await.expect(200);
        let upload = async || {
            let headers = [("content-type", "multipart/form-data; boundary=x".to_owned())];
            world.send("kyc-upload-document", session["access_token"].as_str(), &[], &headers, b"--x--".to_vec()).await
        };
        for call in 0..calls {
            let reply = upload().await;
            assert_eq!(reply.status, 400, "call {call} at a trust of {base}: {reply:?}");
        }
        let reply = upload().await;
        assert_eq!(reply.status, 429, "{reply:?}");
        assert!(reply.headers.contains_key("retry-after"));
    }
}

#[tokio::test]
async fn staff_see_the_risk_of_a_sign_in_and_its_person_does_not() {
    let stack = Stack::get();
    let person = stack.person().await;
    let events = stack.admin().await.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
    let of = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    assert!(of("session.created")["risk_score"].as_u64().is_some_and(|score| score <= 100));
    assert_eq!(of("user.registered")["risk_score"], Value::Null);
    let session = &person.api.all("/v1/sessions").await[0];
    assert!(session["trust_score"].as_u64().is_some_and(|trust| trust <= 100), "{session}");
}
