//! Guessing of passwords: many attempts at once, several names of one account, many addresses of one network; and strangers who try to
//! lock an owner out.

use std::collections::BTreeMap;

use futures::StreamExt;
use serde_json::{Value, json};
use verinym_tests::{
    Draft, Person, Stack,
    people::tag,
    until,
    world::{EndpointReply, World},
};

const WRONG: &str = "not the password at all";

/// The number of responses by status and code.
fn tally(replies: &[EndpointReply]) -> BTreeMap<(u16, String), usize> {
    replies.iter().fold(BTreeMap::new(), |mut all, reply| {
        *all.entry((reply.status, reply.body["code"].as_str().unwrap_or_default().to_owned())).or_default() += 1;
        all
    })
}

fn count(tally: &BTreeMap<(u16, String), usize>, status: u16, code: &str) -> usize {
    tally.get(&(status, code.to_owned())).copied().unwrap_or_default()
}

async fn with_username(stack: &Stack) -> (Person, String) {
    let (draft, username) = (Draft::new(), format!("name{}", &tag()[..10]));
    let mut form = draft.form();
    form["username"] = json!(username);
    let made = stack.client().post("/v1/auth/register").json(&form).send().await.expect(201).json();
    stack.verified(&draft).await;
    let api = stack.client().login(&draft.email, &draft.password).await;
    (Person { id: made["user"]["id"].as_str().unwrap().to_owned(), draft, api }, username)
}

/// One flood at a time, and this many of its calls in flight: the emulator answers them one after another, and calls of other
/// tests have a second each.
static FLOOD: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
const IN_FLIGHT: usize = 20;

async fn flood<F: Future<Output = EndpointReply>>(calls: impl Iterator<Item = F>) -> Vec<EndpointReply> {
    let _alone = FLOOD.lock().await;
    futures::stream::iter(calls).buffer_unordered(IN_FLIGHT).collect().await
}

/// A person of an isolated world who registered with a user name; the address is not confirmed yet. Floods of calls go to the handlers in
/// this process, because the emulator would start a process for each call.
async fn registered(world: &World) -> (Draft, String, String) {
    let (draft, username) = (Draft::new(), format!("name{}", &tag()[..10]));
    let mut form = draft.form();
    form["username"] = json!(username);
    world.call("auth-register", None, &[], &form).await.expect(201);
    world.settle(None).await;
    let link = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
    (draft, username, link)
}

async fn confirmed(world: &World) -> (Draft, String) {
    let (draft, username, link) = registered(world).await;
    let form = json!({"token": link, "password": draft.password});
    world.call("auth-verify-email", None, &[], &form).await.expect(200);
    (draft, username)
}

async fn login(world: &World, name: &Value, password: &str) -> EndpointReply {
    let mut form = name.clone();
    form["password"] = json!(password);
    world.call("auth-login", None, &[], &form).await
}

/// Asserts that at most five passwords were compared, and that all other calls found the identifier locked out.
#[track_caller]
fn are_five_guesses(replies: &[EndpointReply], status: u16) {
    let tally = tally(replies);
    let compared = count(&tally, status, "invalid_credentials");
    assert!((1..=5).contains(&compared), "{tally:?}");
    assert_eq!(compared + count(&tally, 429, "temporarily_locked"), replies.len(), "{tally:?}");
}

/// Of sixty guesses at once five are compared, for each name of the account and for names without an account.
#[tokio::test]
async fn sixty_sign_ins_at_once_are_five_guesses() {
    let world = World::new(&Stack::get(), &[]).await;
    let (draft, username) = confirmed(&world).await;
    let (by_email, by_name) = (json!({"email": draft.email}), json!({"username": username}));
    for names in [vec![by_email.clone(), by_name.clone()], vec![json!({"email": Draft::new().email})]] {
        let guesses = (0..60).map(|n: usize| {
            let (name, guess) = (names[n % names.len()].clone(), format!("{WRONG} {n}"));
            let world = &world;
            async move { login(world, &name, &guess).await }
        });
        are_five_guesses(&flood(guesses).await, 401);
    }
    // All five were wrong: the account is locked by either name.
    for name in [by_email, by_name] {
        assert_eq!(login(&world, &name, &draft.password).await.expect(429)["code"], "temporarily_locked");
    }
}

#[tokio::test]
async fn sixty_changes_at_once_are_five_guesses() {
    let world = World::new(&Stack::get(), &[]).await;
    let (draft, _) = confirmed(&world).await;
    let tokens = login(&world, &json!({"email": draft.email}), &draft.password).await.expect(200);
    let token = tokens["access_token"].as_str();
    let world = &world;
    let guesses = (0..60).map(|n| async move {
        let form = json!({"current_password": format!("{WRONG} {n}"), "new_password": format!("kettle {}", tag())});
        world.call("account-change-password", token, &[], &form).await
    });
    are_five_guesses(&flood(guesses).await, 400);
    world.call("auth-me", token, &[], &Value::Null).await.expect(200);
}

#[tokio::test]
async fn sixty_confirmations_at_once_are_five_guesses() {
    let world = &World::new(&Stack::get(), &[]).await;
    let (_, _, link) = &registered(world).await;
    let guesses = (0..60).map(|n| async move {
        let form = json!({"token": link, "password": format!("{WRONG} {n}")});
        world.call("auth-verify-email", None, &[], &form).await
    });
    are_five_guesses(&flood(guesses).await, 400);
}

/// The right password, sent many times at once, causes no lock-out and does not count against later attempts.
#[tokio::test]
async fn right_passwords_at_once_are_given_back() {
    let world = &World::new(&Stack::get(), &[]).await;
    let (draft, _) = &confirmed(world).await;
    let name = &json!({"email": draft.email});
    let replies = flood((0..12).map(|_| login(world, name, &draft.password))).await;
    let tally = tally(&replies);
    let signed_in = count(&tally, 200, "");
    assert!(signed_in >= 5, "{tally:?}");
    assert_eq!(signed_in + count(&tally, 429, "temporarily_locked"), 12, "{tally:?}");
    for _ in 0..4 {
        assert_eq!(login(world, name, WRONG).await.expect(401)["code"], "invalid_credentials");
    }
    login(world, name, &draft.password).await.expect(200);
}

#[tokio::test]
async fn a_username_and_its_address_share_their_tries() {
    let stack = Stack::get();
    let (person, username) = with_username(&stack).await;
    let login = async |form: Value| stack.client().post("/v1/auth/login").json(&form).send().await;
    for n in 0..5 {
        let name = if n % 2 == 0 { json!({"username": username}) } else { json!({"email": person.draft.email}) };
        let mut form = name;
        form["password"] = json!(WRONG);
        login(form).await.refused(401, "invalid_credentials");
    }
    for form in [
        json!({"username": username, "password": person.draft.password}),
        json!({"email": person.draft.email, "password": person.draft.password}),
    ] {
        login(form).await.refused(429, "temporarily_locked");
    }
}

/// Four wrong passwords lock nothing; staff can see that there were some.
#[tokio::test]
async fn wrong_passwords_of_a_quarter_of_an_hour_are_one_event_that_staff_sees() {
    let stack = Stack::get();
    let person = stack.person().await;
    for _ in 0..4 {
        let form = json!({"email": person.draft.email, "password": WRONG});
        stack.client().post("/v1/auth/login").json(&form).send().await.refused(401, "invalid_credentials");
    }
    let audit = stack.auditor().await;
    let path = format!("/v1/admin/audit-logs?person={}", person.id);
    let events = until("the failures in the log", async || {
        let events = audit.all(&path).await;
        let failed: Vec<_> = events.into_iter().filter(|event| event["type"] == "user.sign_in_failed").collect();
        (!failed.is_empty()).then_some(failed)
    })
    .await;
    // Two, if a quarter of an hour ended between them.
    let quarters: Vec<_> = events.iter().map(|event| event["data"]["from"].as_str().unwrap()).collect();
    assert!(quarters.len() <= 2 && (quarters.len() == 1 || quarters[0] != quarters[1]), "{events:?}");
    assert!(!json!(events).to_string().contains(&person.draft.email));
}

async fn login_from(world: &World, ip: &str, email: &str, password: &str) -> (u16, String) {
    let reply = world.call_from(ip, "auth-login", &json!({"email": email, "password": password})).await;
    (reply.status, reply.body["code"].as_str().unwrap_or_default().to_owned())
}

/// An address that was registered and confirmed in a world of its own, with limits as they are.
async fn person_in(world: &World, ip: &str) -> Draft {
    let draft = Draft::new();
    world.call_from(ip, "auth-register", &draft.form()).await.expect(201);
    world.settle(None).await;
    let token = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
    let form = json!({"token": token, "password": draft.password});
    world.call_from(ip, "auth-verify-email", &form).await.expect(200);
    world.settle(None).await;
    draft
}

#[tokio::test]
async fn what_a_stranger_s_own_limit_refuses_does_not_count_against_the_owner() {
    let world = World::new(&Stack::get(), &[("RATE_LIMIT_SCALE", "1")]).await;
    let owner = person_in(&world, "192.0.2.1").await;
    // The stranger uses up what their network may do, on somebody else.
    for n in 0..5 {
        let unknown = format!("nobody{n}.{}@example.org", tag());
        assert_eq!(login_from(&world, "198.51.100.1", &unknown, WRONG).await.0, 401);
    }
    for _ in 0..20 {
        let refused = login_from(&world, "198.51.100.1", &owner.email, WRONG).await;
        assert_eq!(refused, (429, "rate_limited".to_owned()));
    }
    assert_eq!(login_from(&world, "192.0.2.1", &owner.email, &owner.password).await.0, 200);
}

/// The owner's sign-ins do not reset the failures of a stranger, and an owner who mistypes has no less tries afterwards.
#[tokio::test]
async fn a_sign_in_forgives_wrong_passwords_of_its_own_network_only() {
    let world = World::new(&Stack::get(), &[]).await;
    let (owner, stranger) = ("192.0.2.1", "198.51.100.1");
    let draft = person_in(&world, owner).await;
    let wrong = (401, "invalid_credentials".to_owned());
    for _ in 0..2 {
        for _ in 0..3 {
            assert_eq!(login_from(&world, owner, &draft.email, WRONG).await, wrong);
        }
        assert_eq!(login_from(&world, owner, &draft.email, &draft.password).await.0, 200);
    }
    for _ in 0..4 {
        assert_eq!(login_from(&world, stranger, &draft.email, WRONG).await, wrong);
    }
    assert_eq!(login_from(&world, owner, &draft.email, &draft.password).await.0, 200);
    assert_eq!(login_from(&world, stranger, &draft.email, WRONG).await, wrong);
    let locked = login_from(&world, stranger, &draft.email, WRONG).await;
    assert_eq!(locked, (429, "temporarily_locked".to_owned()));
}

#[tokio::test]
async fn a_reset_lets_an_owner_in_whom_strangers_locked_out() {
    let world = World::new(&Stack::get(), &[("RATE_LIMIT_SCALE", "1")]).await;
    let owner = person_in(&world, "192.0.2.1").await;
    // From as many networks as the stranger likes: at last the account is locked, and its limit used up.
    for n in 0..8 {
        login_from(&world, &format!("198.51.100.{n}"), &owner.email, WRONG).await;
    }
    assert_eq!(login_from(&world, "192.0.2.1", &owner.email, &owner.password).await.0, 429);
    let asked = world.call_from("192.0.2.1", "auth-forgot-password", &json!({"email": owner.email})).await;
    asked.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&owner.email, "reset", None).await.token().unwrap();
    let password = format!("another kettle {}", tag());
    let form = json!({"token": token, "password": password});
    world.call_from("192.0.2.1", "auth-reset-password", &form).await.expect(204);
    assert_eq!(login_from(&world, "192.0.2.1", &owner.email, &password).await, (200, String::new()));
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_source() {
    let world = World::new(&Stack::get(), &[("RATE_LIMIT_SCALE", "1")]).await;
    let tries = async |ip: String| {
        let unknown = format!("nobody.{}@example.org", tag());
        login_from(&world, &ip, &unknown, WRONG).await.0
    };
    for n in 0..5 {
        assert_eq!(tries(format!("2001:db8:7:7:{n:x}::{n:x}")).await, 401);
    }
    assert_eq!(tries("2001:db8:7:7:ffff::1".to_owned()).await, 429);
    assert_eq!(tries("2001:db8:7:8::1".to_owned()).await, 401);
    // Another spelling of an IPv4 address is no other address.
    for n in 0..5 {
        let ip = if n % 2 == 0 { "203.0.113.9" } else { "::ffff:203.0.113.9" };
        assert_eq!(tries(ip.to_owned()).await, 401);
    }
    assert_eq!(tries("::ffff:cb00:7109".to_owned()).await, 429);
}

#[tokio::test]
async fn mails_that_a_stranger_asks_for_leave_the_owner_their_own() {
    let world = World::new(&Stack::get(), &[("RATE_LIMIT_SCALE", "1")]).await;
    let owner = person_in(&world, "192.0.2.1").await;
    let ask = async |ip: &str| {
        let before = mails(&world, &owner.email).await;
        world.call_from(ip, "auth-forgot-password", &json!({"email": owner.email})).await.expect(202);
        world.settle(None).await;
        mails(&world, &owner.email).await - before
    };
    let mut sent = 0;
    for _ in 0..5 {
        sent += ask("198.51.100.1").await;
    }
    assert_eq!(sent, 3, "three an hour to one asker");
    assert_eq!(ask("192.0.2.1").await, 1, "the owner asks for the first time");
    sent += 1;
    for n in 2..9 {
        for _ in 0..3 {
            sent += ask(&format!("198.51.100.{n}")).await;
        }
    }
    assert_eq!(sent, 20, "twenty an hour over all askers");
}

/// Mails with a link to set a new password.
async fn mails(world: &World, email: &str) -> usize {
    let all = world.stack.mails(email).await;
    all.iter().filter(|mail| mail.page().is_some_and(|page| page.contains("reset"))).count()
}
