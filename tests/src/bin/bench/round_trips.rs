//! Sequential calls to AWS on the path of a warm call.

use serde_json::json;
use verinym_tests::{Stack, people::tag, usage::invocations};

use crate::{Row, median};

/// Function and budget.
const BUDGETS: [(&str, &str, u64); 7] = [
    ("register", "auth-register", 2),
    ("me", "auth-me", 1),
    ("refresh", "auth-refresh", 2),
    ("login", "auth-login", 3),
    ("create check", "kyc-create-check", 3),
    ("list", "kyc-list-checks", 2),
    ("decide", "kyc-decide-check", 3),
];
const TIMES: usize = 9;

pub async fn rows(stack: &Stack) -> Vec<Row> {
    for _ in 0..TIMES {
        call_each(stack).await;
    }
    let seen = invocations(&stack.aws()).await;
    BUDGETS
        .iter()
        .map(|(what, function, budget)| {
            let last = seen.iter().rev().filter(|one| one.function == *function && one.outcome == "ok").take(TIMES);
            // The first calls of a process read secrets and keys: the middle one is a warm one.
            #[allow(clippy::cast_precision_loss, reason = "a handful")]
            let middle = median(last.map(|one| one.round_trips as f64).collect());
            Row {
                what: format!("round trips, {what}"),
                budget: format!("≤ {budget}"),
                measured: format!("{middle}"),
                kept: middle <= f64::from(u32::try_from(*budget).unwrap()),
            }
        })
        .collect()
}

async fn call_each(stack: &Stack) {
    let person = stack.person().await;
    person.api.get("/v1/auth/me").send().await.expect(200);
    let form = json!({"refresh_token": person.api.refresh_token()});
    person.api.stranger().post("/v1/auth/refresh").json(&form).send().await.expect(200);
    let check = person.check(&format!("REVIEW-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    person.api.get("/v1/kyc/checks").send().await.expect(200);
    let moderator = stack.moderator().await;
    let check = moderator.staff_check_once(id, "in_review").await;
    let version = format!("\"{}\"", check["version"]);
    let decide = moderator.put(&format!("/v1/kyc/checks/{id}")).header("if-match", &version);
    decide.json(&json!({"decision": "approve"})).send().await.expect(200);
}
