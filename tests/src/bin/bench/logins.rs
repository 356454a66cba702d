//! The CPU time of a login compared with that of one Argon2id hash.

use futures::future::join_all;
use serde_json::json;
use verinym::{crypto::password, domain::secret::SecretText};
use verinym_tests::Stack;

use crate::{
    BudgetRow, binaries,
    functions::variables_of,
    harness::{Running, gateway_event},
};

/// The measurements take turns, so that other work on the machine affects both alike.
const TURNS: u32 = 10;
/// Each signs in once in a turn.
const PEOPLE: u32 = 20;
const LOGINS: u32 = TURNS * PEOPLE;
const BUDGET: f64 = 85.0;

/// CPU time of both, user's and system's: a function that waits for DynamoDB leaves its core to others, and so does a
/// thread that the machine has set aside.
pub async fn row(stack: &Stack) -> BudgetRow {
    // Several people, so that neither the limit of one identifier nor the most sessions of one person is reached.
    let people = join_all((0..PEOPLE).map(|_| stack.person())).await;
    let running = Running::start(&binaries().join("auth-login"), &variables_of(stack, "auth-login").await).await;
    let secret = SecretText::new(people[0].draft.password.clone());

    let mut argon = 0.0;
    let mut before = 0;
    for turn in 0..=TURNS {
        for person in &people {
            let form = json!({"email": person.draft.email, "password": person.draft.password});
            let answer = running.invoke(gateway_event("POST", "/v1/auth/login", None, &form)).await;
            assert_eq!(answer["statusCode"], 200, "{answer}");
        }
        if turn == 0 {
            // The first turn made clients and read keys.
            before = running.ticks();
            continue;
        }
        argon += hashes(&secret);
    }
    let login = f64::from(u32::try_from(running.ticks() - before).unwrap()) / 100.0;
    running.end().await;

    let share = 100.0 * argon / login;
    let each = |seconds: f64| 1e3 * seconds / f64::from(LOGINS);
    BudgetRow {
        what: "CPU of a bare Argon2id, of a login's".to_owned(),
        budget: format!("≥ {BUDGET} %"),
        measured: format!("{share:.0} % ({:.1} of {:.1} ms)", each(argon), each(login)),
        kept: share >= BUDGET,
    }
}

/// Seconds of CPU for as many bare hashes as a turn has logins.
fn hashes(secret: &SecretText) -> f64 {
    let before = cpu_of_this_thread();
    for _ in 0..PEOPLE {
        password::hash(secret, &password::Params::default()).unwrap();
    }
    cpu_of_this_thread() - before
}

/// Seconds this thread has run so far, by the kernel's count in nanoseconds.
fn cpu_of_this_thread() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds: f64 = schedstat.split(' ').next().unwrap().parse().unwrap();
    nanoseconds / 1e9
}
