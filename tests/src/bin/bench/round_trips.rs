//! Sequential calls to AWS of the first call of a process, and of its later ones: release functions, started for this
//! and called as the gateway calls them, against the running stack.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{Client, Draft, Person, Stack, people::tag};

use crate::{
    BudgetRow, binaries,
    functions::variables_of,
    harness::{Running, gateway_event, with_header, with_path},
    median,
};

/// Processes of each function, and calls of each process.
const PROCESSES: usize = 3;
const CALLS: usize = 5;

/// What the first call of a process may cost beyond a later one: secrets, keys and KMS.
const FIRST_EXTRA: u32 = 2;

/// A restarted emulator delivers streams late, so that a check waits for the sweep at each of its steps.
const REVIEW_PATIENCE: Duration = Duration::from_mins(15);

/// A function, the budget of its later calls, and a fresh event for each call.
struct MeasuredCall {
    what: &'static str,
    function: &'static str,
    budget: u32,
    events: Vec<Value>,
}

pub async fn rows(stack: &Stack) -> Vec<BudgetRow> {
    let mut rows = Vec::new();
    for subject in subjects(stack).await {
        let variables = variables_of(stack, subject.function).await;
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for events in subject.events.chunks(CALLS) {
            let running = Running::start(&binaries().join(subject.function), &variables).await;
            for (call, event) in events.iter().enumerate() {
                let answer = running.invoke(event.clone()).await;
                let status = answer["statusCode"].as_u64().unwrap_or_default();
                assert!((200..300).contains(&status), "{}: {answer}", subject.what);
                let round_trips = running.round_trips(call).await;
                if call == 0 { &mut first } else { &mut later }.push(f64::from(round_trips));
            }
            running.end().await;
        }
        rows.push(row(format!("round trips, {}", subject.what), subject.budget, median(later)));
        rows.push(row("  first call of a process".to_owned(), subject.budget + FIRST_EXTRA, median(first)));
    }
    rows
}

fn row(what: String, budget: u32, measured: f64) -> BudgetRow {
    BudgetRow {
        what,
        budget: format!("≤ {budget}"),
        measured: format!("{measured}"),
        kept: measured <= f64::from(budget),
    }
}

async fn subjects(stack: &Stack) -> Vec<MeasuredCall> {
    const COUNT: usize = PROCESSES * CALLS;
    let moderator = stack.moderator().await;
    let people = join_all((0..COUNT).map(|_| stack.person())).await;
    let subject = |what, function, budget, events| MeasuredCall { what, function, budget, events };
    let each = |event: fn(&Person) -> Value| people.iter().map(event).collect::<Vec<_>>();
    let mut subjects = vec![
        subject("register", "auth-register", 2, (0..COUNT).map(|_| register()).collect()),
        subject("me", "auth-me", 1, each(|person| get(&person.api, "/v1/auth/me"))),
        subject("refresh", "auth-refresh", 2, each(refresh)),
        subject("login", "auth-login", 3, each(login)),
        subject("list", "kyc-list-checks", 2, each(|person| get(&person.api, "/v1/kyc/checks"))),
    ];
    let name = json!({"name": "Ada Lovelace"});
    let screening = gateway_event("POST", "/v1/aml/screenings", Some(moderator.token()), &name);
    subjects.push(subject("screening route", "aml-screen-name", 2, vec![screening; COUNT]));

    // Those people begin a check by the function measured; others wait for a reviewer meanwhile.
    let waiting = join_all((0..COUNT).map(async |_| {
        let person = stack.person().await;
        person.check(&format!("REVIEW-{}", tag())).await["id"].as_str().unwrap().to_owned()
    }));
    let waiting = waiting.await;
    let mut creations = Vec::new();
    for person in &people {
        let document = person.passport(&format!("REVIEW-{}", tag())).await;
        let body = json!({"document_ids": [document]});
        creations.push(gateway_event("POST", "/v1/kyc/checks", Some(person.api.token()), &body));
    }
    subjects.push(subject("create check", "kyc-create-check", 3, creations));
    subjects.push(subject("decide", "kyc-decide-check", 3, decisions(&moderator, &waiting).await));
    subjects
}

fn get(api: &Client, path: &str) -> Value {
    gateway_event("GET", path, Some(api.token()), &Value::Null)
}

fn register() -> Value {
    gateway_event("POST", "/v1/auth/register", None, &Draft::new().form())
}

fn refresh(person: &Person) -> Value {
    let body = json!({"refresh_token": person.api.refresh_token()});
    gateway_event("POST", "/v1/auth/refresh", None, &body)
}

fn login(person: &Person) -> Value {
    let body = json!({"email": person.draft.email, "password": person.draft.password});
    gateway_event("POST", "/v1/auth/login", None, &body)
}

/// An approval of each check, once it is in review.
async fn decisions(moderator: &Client, checks: &[String]) -> Vec<Value> {
    let mut events = Vec::new();
    let began = std::time::Instant::now();
    for id in checks {
        let path = format!("/v1/kyc/checks/{id}");
        let version = loop {
            let check = moderator.get(&format!("/v1/admin/kyc/checks/{id}")).send().await.expect(200).json();
            if check["state"] == "in_review" {
                break check["version"].clone();
            }
            assert!(began.elapsed() < REVIEW_PATIENCE, "{id} stays {}", check["state"]);
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        let event = gateway_event("PUT", &path, Some(moderator.token()), &json!({"decision": "approve"}));
        let event = with_path(event, "/v1/kyc/checks/{id}", &[("id", id)]);
        events.push(with_header(event, "if-match", &format!("\"{version}\"")));
    }
    events
}
