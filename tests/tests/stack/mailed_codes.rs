//! Codes that are mailed to complete a sign-in of somebody without a second factor.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Person, Stack, second_factor::enroll};

/// A person whose sign-in was answered with a challenge for a mailed code, as the risk of a sign-in demands it. Here a challenge of
/// the person's second factor is made one: the app is then removed.
async fn stepped_up(stack: &Stack, challenges: usize) -> (Person, Vec<String>) {
    let person = stack.person().await;
    let factor = enroll(&person.api).await;
    let mut tokens = Vec::new();
    for _ in 0..challenges {
        tokens.push(stack.client().challenged(&person.draft.email, &person.draft.password).await);
    }
    let form = json!({"method": "backup_code", "code": factor.backup_codes[0]});
    person.api.post("/v1/auth/mfa/disable").json(&form).send().await.expect(204);
    for item in challenges_of(stack, &person).await {
        stack.aws().set(&stack.named("ephemeral"), &item["pk"], "methods", &json!({"L": [{"S": "email_otp"}]})).await;
    }
    (person, tokens)
}

async fn challenges_of(stack: &Stack, person: &Person) -> Vec<Value> {
    let items = stack.aws().scan("ephemeral").await;
    let of_person = |item: &Value| item["user"]["S"] == json!(person.id) && item.get("amr").is_some();
    items.into_iter().filter(of_person).collect()
}

async fn send(client: &Client, challenge: &str) -> ApiResponse {
    let form = json!({"challenge_token": challenge, "method": "email_otp"});
    client.post("/v1/auth/mfa/challenge/send").json(&form).send().await
}

/// The code of the newest mail that is not among the known ones.
async fn mailed(stack: &Stack, person: &Person, known: &[String]) -> String {
    let mail = stack
        .mail(&person.draft.email, "a sign-in code", |mail| {
            mail.subject == "Your sign-in code" && code_in(&mail.text).is_some_and(|code| !known.contains(&code))
        })
        .await;
    code_in(&mail.text).unwrap()
}

fn code_in(text: &str) -> Option<String> {
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    text.lines().find(is_code).map(str::to_owned)
}

/// Another code of six digits.
fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn a_mailed_code_signs_in_once_and_enrolls_nothing() {
    let stack = Stack::get();
    let (person, challenges) = stepped_up(&stack, 1).await;
    let (client, challenge) = (stack.client(), &challenges[0]);
    client.verify(challenge, "email_otp", "123456").await.refused(401, "invalid_code");
    let sent = send(&client, challenge).await.expect(202).json();
    assert_eq!(sent, json!({"method": "email_otp", "expires_in": 300}));
    let code = mailed(&stack, &person, &[]).await;
    let both =
        join_all([client.verify(challenge, "email_otp", &code), client.verify(challenge, "email_otp", &code)]).await;
    let mut statuses: Vec<_> = both.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "two calls with one code");
    let tokens = both.into_iter().find(|answer| answer.status == 200).unwrap().json();
    assert_eq!(tokens["session"]["amr"], json!(["pwd", "email"]));
    let me = client.holding(tokens).get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["mfa_enabled"], &me["user"]["mfa_methods"]), (&json!(false), &json!([])));
    client.verify(challenge, "email_otp", &code).await.refused(401, "challenge_expired");
    send(&client, challenge).await.refused(401, "challenge_expired");
}

#[tokio::test]
async fn a_further_code_makes_the_earlier_one_void_and_three_are_sent_for_a_challenge() {
    let stack = Stack::get();
    let (person, challenges) = stepped_up(&stack, 1).await;
    let (client, challenge) = (stack.client(), &challenges[0]);
    let mut codes = Vec::new();
    for _ in 0..3 {
        send(&client, challenge).await.expect(202);
        codes.push(mailed(&stack, &person, &codes).await);
    }
    let refused = send(&client, challenge).await.refused(429, "rate_limited");
    assert!((1..=300).contains(&refused.header("retry-after").unwrap().parse::<u32>().unwrap()));
    client.verify(challenge, "email_otp", &codes[0]).await.refused(401, "invalid_code");
    client.verify(challenge, "email_otp", &codes[1]).await.refused(401, "invalid_code");
    client.verify(challenge, "email_otp", &format!(" {}-{} ", &codes[2][..3], &codes[2][3..])).await.expect(200);
}

#[tokio::test]
async fn a_mailed_code_answers_no_challenge_but_its_own_and_not_after_its_end() {
    let stack = Stack::get();
    let (person, challenges) = stepped_up(&stack, 2).await;
    let (other, others) = stepped_up(&stack, 1).await;
    let client = stack.client();
    send(&client, &challenges[0]).await.expect(202);
    let code = mailed(&stack, &person, &[]).await;
    send(&client, &challenges[1]).await.expect(202);
    mailed(&stack, &person, std::slice::from_ref(&code)).await;
    send(&client, &others[0]).await.expect(202);
    mailed(&stack, &other, &[]).await;
    client.verify(&challenges[1], "email_otp", &code).await.refused(401, "invalid_code");
    client.verify(&others[0], "email_otp", &code).await.refused(401, "invalid_code");
    // Of two codes of one person the time of one runs out.
    for item in challenges_of(&stack, &person).await {
        let mut sent = item["sent"].clone();
        sent["M"]["expires_at"]["S"] = json!("2026-01-01T00:00:00.000Z");
        stack.aws().set(&stack.named("ephemeral"), &item["pk"], "sent", &sent).await;
    }
    client.verify(&challenges[0], "email_otp", &code).await.refused(401, "invalid_code");
    // No code is sent for what a challenge does not offer.
    let app = stack.person().await;
    enroll(&app.api).await;
    let challenge = client.challenged(&app.draft.email, &app.draft.password).await;
    send(&client, &challenge).await.refused(400, "validation_failed");
    client.verify(&challenge, "email_otp", "123456").await.refused(401, "invalid_code");
    // Nor once a second factor is enrolled.
    enroll(&person.api).await;
    send(&client, &challenges[0]).await.refused(401, "challenge_expired");
}

#[tokio::test]
async fn mailed_codes_guessed_over_many_challenges_are_stopped_at_ten_an_hour() {
    let stack = Stack::get();
    let (person, challenges) = stepped_up(&stack, 4).await;
    let client = stack.client();
    let mut known = Vec::new();
    for challenge in &challenges {
        send(&client, challenge).await.expect(202);
        known.push(mailed(&stack, &person, &known).await);
    }
    // Five end a challenge.
    for _ in 0..5 {
        client.verify(&challenges[0], "email_otp", &wrong(&known[0])).await.refused(401, "invalid_code");
    }
    client.verify(&challenges[0], "email_otp", &known[0]).await.refused(401, "challenge_expired");
    let guesses = challenges[1..3].iter().zip(&known[1..]).flat_map(|(challenge, code)| {
        let (client, code) = (&client, wrong(code));
        (0..5).map(move |_| {
            let code = code.clone();
            async move { client.verify(challenge, "email_otp", &code).await }
        })
    });
    let answers = join_all(guesses).await;
    let compared = answers.iter().filter(|answer| answer.code().as_deref() == Some("invalid_code")).count();
    assert!(compared <= 5, "{compared}");
    for _ in compared..5 {
        client.verify(&challenges[3], "email_otp", &wrong(&known[3])).await.refused(401, "invalid_code");
    }
    client.verify(&challenges[3], "email_otp", &known[3]).await.refused(429, "too_many_codes");
    send(&client, &challenges[3]).await.refused(429, "too_many_codes");
}
