//! Second factors: enrolment, sign-in with a challenge, and what a stranger with a password or a session cannot do.

use futures::future::join_all;
use serde_json::json;
use verinym_tests::{
    Client, Draft, Person, Stack,
    second_factor::{Authenticator, SecondFactor, challenge_of, enroll},
    sign_in::Identity,
};

async fn enrolled(stack: &Stack) -> (Person, SecondFactor) {
    let person = stack.person().await;
    let factor = enroll(&person.api).await;
    (person, factor)
}

async fn challenged(stack: &Stack, person: &Person) -> String {
    stack.client().challenged(&person.draft.email, &person.draft.password).await
}

/// A session that both factors proved.
async fn signed_in(stack: &Stack, person: &Person, factor: &SecondFactor) -> Client {
    let challenge = challenged(stack, person).await;
    let answer = stack.client().verify(&challenge, "totp", &factor.app.code().await).await;
    stack.client().holding(answer.expect(200).json())
}

#[tokio::test]
async fn an_enrolled_person_signs_in_by_a_challenge_and_gets_no_tokens_before() {
    let stack = Stack::get();
    let person = stack.person().await;
    let api = &person.api;
    let me = api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["mfa_enabled"], &me["user"]["mfa_methods"]), (&json!(false), &json!([])));
    let answer = api.post("/v1/auth/mfa/setup").json(&json!({"method": "totp"})).key("setup").send().await.expect(201);
    let setup = answer.json();
    let uri = setup["otpauth_uri"].as_str().unwrap();
    assert!(uri.contains(setup["secret"].as_str().unwrap()) && uri.contains(&person.draft.email.replace('@', "%40")));
    assert!(setup["qr_svg"].as_str().unwrap().contains("<svg"));
    // The secret shows once.
    let again = api.post("/v1/auth/mfa/setup").json(&json!({"method": "totp"})).key("setup").send().await;
    again.refused(409, "already_done");
    assert_eq!(api.get("/v1/auth/mfa/backup-codes").send().await.expect(200).json()["remaining"], 0);

    let factor = enroll(&person.api).await;
    assert_eq!(factor.backup_codes.len(), 10);
    assert_eq!(api.get("/v1/auth/mfa/backup-codes").send().await.expect(200).json()["remaining"], 10);
    stack.mail_about(&person.draft.email, "A second factor was added").await;
    // The session that enrolled has proved both factors.
    let me = api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["mfa_enabled"], &me["session"]["amr"]), (&json!(true), &json!(["pwd", "otp", "mfa"])));
    api.post("/v1/auth/mfa/setup").json(&json!({"method": "totp"})).send().await.refused(409, "mfa_already_enabled");

    let challenge = challenged(&stack, &person).await;
    let tokens = stack.client().verify(&challenge, "totp", &factor.app.code().await).await.expect(200).json();
    assert_eq!(
        (&tokens["user"]["mfa_enabled"], &tokens["session"]["amr"]),
        (&json!(true), &json!(["pwd", "otp", "mfa"]))
    );
    stack.client().holding(tokens).get("/v1/auth/me").send().await.expect(200);
    stack.client().verify(&challenge, "totp", &factor.app.code().await).await.refused(401, "challenge_expired");
    stack.client().verify("made-up", "totp", "123456").await.refused(401, "challenge_expired");
}

#[tokio::test]
async fn a_setup_is_active_only_by_its_own_code() {
    let stack = Stack::get();
    let person = stack.person().await;
    let activate = async |code: &str| {
        let form = json!({"method": "totp", "code": code});
        person.api.post("/v1/auth/mfa/activate").json(&form).send().await
    };
    activate("123456").await.refused(409, "no_mfa_setup");
    let set_up = async || {
        let form = json!({"method": "totp"});
        let setup = person.api.post("/v1/auth/mfa/setup").json(&form).send().await.expect(201).json();
        Authenticator::new(setup["secret"].as_str().unwrap())
    };
    let (first, second) = (set_up().await, set_up().await);
    activate(&first.code().await).await.refused(400, "invalid_code");
    person.api.get("/v1/auth/me").send().await.expect(200);
    let backup = json!({"method": "backup_code", "code": "1"});
    person.api.post("/v1/auth/mfa/activate").json(&backup).send().await.refused(400, "validation_failed");
    // Until then the password is enough.
    stack.client().login(&person.draft.email, &person.draft.password).await;
    let code = second.code().await;
    let both = join_all([activate(&code), activate(&code)]).await;
    let mut statuses: Vec<_> = both.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn a_code_of_the_app_works_once_even_at_the_same_time() {
    let stack = Stack::get();
    let (person, factor) = enrolled(&stack).await;
    let challenges = [challenged(&stack, &person).await, challenged(&stack, &person).await];
    let (client, code) = (stack.client(), factor.app.code().await);
    let answers = join_all(challenges.iter().map(|challenge| client.verify(challenge, "totp", &code))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    let third = challenged(&stack, &person).await;
    client.verify(&third, "totp", &code).await.refused(401, "invalid_code");
    // The wrong code leaves the challenge to the right one.
    client.verify(&third, "totp", &factor.app.code().await).await.expect(200);
}

#[tokio::test]
async fn a_backup_code_works_once_and_its_owner_is_told() {
    let stack = Stack::get();
    let (person, factor) = enrolled(&stack).await;
    let (client, code) = (stack.client(), &factor.backup_codes[3]);
    let challenges = [challenged(&stack, &person).await, challenged(&stack, &person).await];
    let answers = join_all(challenges.iter().map(|challenge| client.verify(challenge, "backup_code", code))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    let right = answers.into_iter().find(|answer| answer.status == 200).unwrap().json();
    assert_eq!(right["session"]["amr"], json!(["pwd", "mfa"]));
    let api = client.holding(right);
    assert_eq!(api.get("/v1/auth/mfa/backup-codes").send().await.expect(200).json()["remaining"], 9);
    stack.mail_about(&person.draft.email, "A backup code was used").await;

    // Typed without care, and of somebody else.
    let third = challenged(&stack, &person).await;
    let (_, other) = enrolled(&stack).await;
    client.verify(&third, "backup_code", &other.backup_codes[0]).await.refused(401, "invalid_code");
    let typed = factor.backup_codes[4].to_lowercase().replace('-', " ");
    client.verify(&third, "backup_code", &typed).await.expect(200);

    let renewed = api.post("/v1/auth/mfa/backup-codes").send().await.expect(200).json();
    assert_eq!(renewed["backup_codes"].as_array().unwrap().len(), 10);
    let fourth = challenged(&stack, &person).await;
    client.verify(&fourth, "backup_code", &factor.backup_codes[5]).await.refused(401, "invalid_code");
    client.verify(&fourth, "backup_code", renewed["backup_codes"][0].as_str().unwrap()).await.expect(200);
}

/// Somebody who knows the password begins challenge after challenge and guesses in parallel.
#[tokio::test]
async fn codes_guessed_over_many_challenges_at_once_are_stopped_at_ten_an_hour() {
    let stack = Stack::get();
    let (person, factor) = enrolled(&stack).await;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(challenged(&stack, &person).await);
    }
    let last = challenged(&stack, &person).await;
    let (client, wrong) = (stack.client(), factor.app.wrong_code());
    let guesses = challenges.iter().flat_map(|challenge| (0..5).map(|_| client.verify(challenge, "totp", &wrong)));
    let answers = join_all(guesses).await;
    let of = |code: &str| answers.iter().filter(|answer| answer.code().as_deref() == Some(code)).count();
    assert!(answers.iter().all(|answer| answer.status != 200));
    assert!(of("invalid_code") <= 10, "{} guesses were compared", of("invalid_code"));
    for _ in of("invalid_code")..10 {
        client.verify(&last, "totp", &wrong).await.refused(401, "invalid_code");
    }
    // Now the right one is refused too, and so are backup codes.
    let fresh = challenged(&stack, &person).await;
    let refused = client.verify(&fresh, "totp", &factor.app.code().await).await.refused(429, "too_many_codes");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 3000);
    client.verify(&fresh, "backup_code", &factor.backup_codes[0]).await.refused(429, "too_many_codes");
    stack.mail_about(&person.draft.email, "Too many wrong codes were entered").await;
    // The session of its owner goes on.
    person.api.get("/v1/auth/me").send().await.expect(200);
}

#[tokio::test]
async fn the_fifth_wrong_code_ends_a_challenge() {
    let stack = Stack::get();
    let (person, factor) = enrolled(&stack).await;
    let (client, challenge) = (stack.client(), challenged(&stack, &person).await);
    for _ in 0..5 {
        client.verify(&challenge, "totp", &factor.app.wrong_code()).await.refused(401, "invalid_code");
    }
    client.verify(&challenge, "totp", &factor.app.code().await).await.refused(401, "challenge_expired");
    signed_in(&stack, &person, &factor).await;
}

#[tokio::test]
async fn a_new_password_voids_challenges_and_keeps_the_second_factor() {
    let stack = Stack::get();
    let (person, factor) = enrolled(&stack).await;
    let (client, challenge) = (stack.client(), challenged(&stack, &person).await);
    client.post("/v1/auth/password/forgot").json(&json!({"email": person.draft.email})).send().await.expect(202);
    let token = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
    let password = "another horse, another staple";
    let form = json!({"token": token, "password": password});
    client.post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    client.verify(&challenge, "totp", &factor.app.code().await).await.refused(401, "challenge_expired");
    let challenge = client.challenged(&person.draft.email, password).await;
    client.verify(&challenge, "backup_code", &factor.backup_codes[0]).await.expect(200);
}

#[tokio::test]
async fn acts_that_need_recent_authentication_need_the_second_factor_too() {
    let stack = Stack::get();
    let person = stack.person().await;
    // Somebody else signs in before the owner enrolls.
    let stranger = stack.client().login(&person.draft.email, &person.draft.password).await;
    let factor = enroll(&person.api).await;
    let change = async |api: &Client| {
        api.post("/v1/users/email/change").json(&json!({"email": Draft::new().email})).send().await
    };
    change(&stranger).await.refused(403, "reauthentication_required");
    for path in ["/v1/auth/mfa/backup-codes", "/v1/auth/mfa/disable", "/v1/auth/mfa/setup"] {
        let form = json!({"method": "totp", "code": "123456"});
        let request = stranger.post(path);
        let request = if path.ends_with("codes") { request } else { request.json(&form) };
        let answer = request.send().await;
        assert!(answer.status == 403 || answer.code().as_deref() == Some("unknown_field"), "{path} {}", answer.text());
    }
    let form = json!({"current_password": person.draft.password, "new_password": "another horse, another staple"});
    let answer = stranger.post("/v1/users/password/change").json(&form).send().await;
    answer.refused(403, "reauthentication_required");
    let again = async |form: serde_json::Value| stranger.post("/v1/auth/reauthenticate").json(&form).send().await;
    let password = &person.draft.password;
    let faults = again(json!({"password": password})).await.refused(400, "validation_failed").faults();
    assert_eq!(faults, ["code required", "method required"]);
    let wrong = json!({"password": password, "method": "totp", "code": factor.app.wrong_code()});
    again(wrong).await.refused(400, "invalid_code");
    let wrong = json!({"password": "wrong horse battery staple", "method": "totp", "code": factor.app.wrong_code()});
    again(wrong).await.refused(400, "invalid_credentials");
    change(&stranger).await.refused(403, "reauthentication_required");
    let right = json!({"password": password, "method": "totp", "code": factor.app.code().await});
    let tokens = again(right).await.expect(200).json();
    assert_eq!(tokens["session"]["id"], stranger.tokens["session"]["id"]);
    assert_eq!(tokens["session"]["amr"], json!(["pwd", "otp", "mfa"]));
    change(&stack.client().holding(tokens)).await.expect(202);
}

#[tokio::test]
async fn a_removed_second_factor_leaves_nothing_behind_and_another_can_be_enrolled() {
    let stack = Stack::get();
    let (person, factor) = enrolled(&stack).await;
    let disable = async |code: String| {
        let form = json!({"method": "totp", "code": code});
        person.api.post("/v1/auth/mfa/disable").json(&form).send().await
    };
    disable(factor.app.wrong_code()).await.refused(400, "invalid_code");
    let challenge = challenged(&stack, &person).await;
    disable(factor.app.code().await).await.expect(204);
    stack.mail_about(&person.draft.email, "The second factor was removed").await;
    stack.client().verify(&challenge, "backup_code", &factor.backup_codes[0]).await.refused(401, "challenge_expired");
    stack.client().login(&person.draft.email, &person.draft.password).await;
    disable(factor.app.wrong_code()).await.refused(409, "mfa_not_enabled");
    let second = enroll(&person.api).await;
    let challenge = challenged(&stack, &person).await;
    stack.client().verify(&challenge, "backup_code", &factor.backup_codes[1]).await.refused(401, "invalid_code");
    stack.client().verify(&challenge, "totp", &second.app.code().await).await.expect(200);
}

#[tokio::test]
async fn a_sign_in_through_a_provider_needs_the_second_factor_too() {
    let stack = Stack::get();
    if stack.lacks("localstack", "its functions run in containers, which do not reach the identity providers") {
        return;
    }
    let (person, factor) = enrolled(&stack).await;
    let owner = Identity::at(&person.draft.email);
    let challenge = challenge_of(&stack.signed_in_by("google", &owner).await.expect(200).json());
    let tokens = stack.client().verify(&challenge, "totp", &factor.app.code().await).await.expect(200).json();
    assert_eq!(tokens["session"]["amr"], json!(["fed", "otp", "mfa"]));
}

/// Somebody who got into an account changes its address and enrolls a second factor of their own.
#[tokio::test]
async fn undoing_a_change_of_the_address_removes_a_second_factor_that_came_after_it() {
    let stack = Stack::get();
    let password = "another horse, another staple";
    let moved = async |person: &Person| {
        let new = Draft::new().email;
        person.api.post("/v1/users/email/change").json(&json!({"email": new})).send().await.expect(202);
        let token = stack.link(&new, "confirm-email", None).await.token().unwrap();
        person.api.post("/v1/users/email/confirm").json(&json!({"token": token})).send().await.expect(200);
        stack.link(&person.draft.email, "undo-email-change", None).await.token().unwrap()
    };
    let restored = async |person: &Person, undo: &str| {
        stack.client().post("/v1/users/email/undo").json(&json!({"token": undo})).send().await.expect(200);
        let token = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
        let form = json!({"token": token, "password": password});
        stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    };
    let person = stack.person().await;
    let undo = moved(&person).await;
    enroll(&person.api).await;
    restored(&person, &undo).await;
    stack.client().login(&person.draft.email, password).await;

    // The owner's own, from before the change, stays.
    let (person, factor) = enrolled(&stack).await;
    let undo = moved(&person).await;
    restored(&person, &undo).await;
    let challenge = stack.client().challenged(&person.draft.email, password).await;
    stack.client().verify(&challenge, "totp", &factor.app.code().await).await.expect(200);
}

#[tokio::test]
async fn nothing_of_a_second_factor_is_readable_in_the_tables() {
    let stack = Stack::get();
    let person = stack.person().await;
    let form = json!({"method": "totp"});
    let setup = person.api.post("/v1/auth/mfa/setup").json(&form).send().await.expect(201).json();
    let secret = setup["secret"].as_str().unwrap().to_owned();
    let app = Authenticator::new(&secret);
    let form = json!({"method": "totp", "code": app.code().await});
    let active = person.api.post("/v1/auth/mfa/activate").json(&form).send().await.expect(200).json();
    let code = active["backup_codes"][0].as_str().unwrap().to_owned();
    let challenge = challenged(&stack, &person).await;
    for table in ["identity", "ephemeral", "events", "outbound"] {
        let text = format!("{:?}", stack.aws().scan(table).await);
        for hidden in [&secret, &code, &code.replace('-', ""), &challenge] {
            assert!(!text.contains(hidden.as_str()), "{table}");
        }
    }
}
