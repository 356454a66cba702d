//! What a login costs a core beside its Argon2id.

use std::time::Instant;

use serde_json::json;
use verinym::{crypto::password, domain::secret::SecretText};
use verinym_tests::Stack;

use crate::{
    Row, binaries,
    functions::variables,
    harness::{Running, gateway_event},
};

const LOGINS: u32 = 200;
const BUDGET: f64 = 90.0;

/// Time on a core of both, since a function that waits for DynamoDB leaves its core to others.
pub async fn row(stack: &Stack) -> Row {
    let person = stack.person().await;
    let running = Running::start(&binaries().join("auth-login"), &variables(Some(stack)).await).await;
    let form = json!({"email": person.draft.email, "password": person.draft.password});
    let event = gateway_event("POST", "/v1/auth/login", None, &form);
    let before = running.ticks();
    for _ in 0..LOGINS {
        let answer = running.invoke(event.clone()).await;
        assert_eq!(answer["statusCode"], 200, "{answer}");
    }
    let ticks = u32::try_from(running.ticks() - before).unwrap();
    let login = f64::from(ticks) / 100.0 / f64::from(LOGINS);
    running.end().await;

    let secret = SecretText::new(person.draft.password.clone());
    let began = Instant::now();
    for _ in 0..LOGINS {
        password::hash(&secret, &password::Params::default()).unwrap();
    }
    let argon = began.elapsed().as_secs_f64() / f64::from(LOGINS);
    let share = 100.0 * argon / login;
    Row {
        what: "logins on one core, of what Argon2id alone allows".to_owned(),
        budget: format!("≥ {BUDGET} %"),
        measured: format!("{share:.0} %"),
        kept: share >= BUDGET,
    }
}
