//! Signing up, confirming, lock-out, and passwords that were forgotten.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{Draft, Stack, people::tag, until};

#[tokio::test]
async fn of_two_registrations_of_one_address_at_once_one_wins() {
    let stack = Stack::get();
    let draft = Draft::new();
    let form = draft.form();
    let client = stack.client();
    let tries = join_all((0..8).map(|_| client.post("/v1/auth/register").json(&form).send())).await;
    let made = tries.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{}", tries.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    for answer in tries.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "email_taken");
    }
    // Another spelling of the same address is the same address.
    let mut shouted = form.clone();
    shouted["email"] = json!(draft.email.to_uppercase());
    client.post("/v1/auth/register").json(&shouted).send().await.refused(409, "email_taken");
    stack.verified(&draft).await;
}

#[tokio::test]
async fn a_username_is_one_person_s() {
    let stack = Stack::get();
    let username = format!("name{}", &tag()[..10]);
    let register = async |name: &str| {
        let mut form = Draft::new().form();
        form["username"] = json!(name);
        stack.client().post("/v1/auth/register").json(&form).send().await
    };
    register(&username).await.expect(201);
    register(&username.to_uppercase()).await.refused(409, "username_taken");
}

#[tokio::test]
async fn all_faults_of_a_form_are_told_at_once() {
    let form = json!({
        "email": "nobody", "password": "short", "phone": "12", "date_of_birth": "2199-01-01", "locale": "!",
        "given_name": "",
    });
    let answer = Stack::get().client().post("/v1/auth/register").json(&form).send().await;
    let faults = answer.refused(400, "validation_failed");
    let fields: Vec<_> = faults.faults().iter().map(|fault| fault.split(' ').next().unwrap().to_owned()).collect();
    for field in ["date_of_birth", "email", "given_name", "locale", "phone"] {
        assert!(fields.contains(&field.to_owned()), "{field} in {fields:?}");
    }
    for (password, code) in [("zq7Tw#Kp3", "too_short"), ("passwordpassword", "too_common")] {
        let mut form = Draft::new().form();
        form["password"] = json!(password);
        let answer = Stack::get().client().post("/v1/auth/register").json(&form).send().await;
        let answer = answer.refused(400, "validation_failed");
        assert_eq!(answer.faults(), [format!("password {code}")], "{answer}");
    }
}

#[tokio::test]
async fn invalid_values_are_refused_with_a_specific_code() {
    for (field, value, code) in [
        ("email", "jörg@example.org", "undeliverable_email"),
        ("given_name", "-", "no_letter"),
        ("given_name", "\u{3164}", "required"),
        ("given_name", "evil.example", "invalid_name"),
        ("given_name", "M\u{fffd}ller", "invalid_characters"),
        ("family_name", "www.evil.example", "invalid_name"),
        ("password", "gr\u{fffd}ne Wiese am Hang", "invalid_characters"),
    ] {
        let mut form = Draft::new().form();
        form[field] = json!(value);
        let answer = Stack::get().client().post("/v1/auth/register").json(&form).send().await;
        let answer = answer.refused(400, "validation_failed");
        assert_eq!(answer.faults(), [format!("{field} {code}")], "{value:?}: {answer}");
    }
}

#[tokio::test]
async fn pasted_values_are_cleaned_before_they_are_kept() {
    let mut form = Draft::new().form();
    form["given_name"] = json!("\u{202a}J\u{f6}rg \u{a0}R.\u{202c}");
    form["family_name"] = json!("M\u{200b}\u{fc}ller-L\u{fc}denscheidt\u{1160}");
    form["phone"] = json!("\u{202a}+91\u{a0}98765\u{202f}43210\u{202c}");
    form["locale"] = json!("en-US-u-ca-buddhist");
    form["national_id"] = json!({"country": "HK", "type": "hkid", "value": "a１２３４５６(3)"});
    let user =
        Stack::get().client().post("/v1/auth/register").json(&form).send().await.expect(201).json()["user"].clone();
    for (field, value) in [
        ("given_name", "Jörg R."),
        ("family_name", "Müller-Lüdenscheidt"),
        ("phone", "+919876543210"),
        ("locale", "en-US"),
        ("national_id", "****456(3)"),
    ] {
        assert_eq!(user[field], value, "{field}: {user}");
    }
}

#[tokio::test]
async fn confirming_needs_the_password_and_a_token_is_used_once() {
    let stack = Stack::get();
    let draft = Draft::new();
    stack.registered(&draft).await;
    let token = stack.link(&draft.email, "verify", None).await.token().unwrap();
    let confirm = async |token: &str, password: &str| {
        let form = json!({"token": token, "password": password});
        stack.client().post("/v1/auth/verify-email").json(&form).send().await
    };
    for bad in ["", "x", "a.b", &format!("{}x", &token[..token.len() - 1])] {
        let answer = confirm(bad, &draft.password).await;
        assert_eq!(answer.status, 400, "{answer}");
    }
    let answer = confirm(&token, "not the password at all").await;
    assert_eq!(answer.code().as_deref(), Some("invalid_credentials"), "{answer}");
    let user = confirm(&token, &draft.password).await.expect(200).json();
    assert_eq!(user["user"]["email_verified"], true);
    confirm(&token, &draft.password).await.refused(400, "invalid_token");
}

#[tokio::test]
async fn a_new_link_to_confirm_an_address_voids_the_old_one() {
    let stack = Stack::get();
    let draft = Draft::new();
    stack.registered(&draft).await;
    let old = stack.link(&draft.email, "verify", None).await.token().unwrap();
    let resend = stack.client().post("/v1/auth/verify-email/resend").json(&json!({"email": draft.email}));
    resend.send().await.expect(202);
    let new = stack.link(&draft.email, "verify", Some(&old)).await.token().unwrap();
    let confirm = async |token: &str| {
        let form = json!({"token": token, "password": draft.password});
        stack.client().post("/v1/auth/verify-email").json(&form).send().await
    };
    confirm(&old).await.refused(400, "invalid_token");
    confirm(&new).await.expect(200);
}

/// Neither status nor text reveals an account to a stranger.
#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let stack = Stack::get();
    let person = stack.person().await;
    let unknown = Draft::new();
    let client = stack.client();
    let alike = |mut answer: Value| {
        answer.as_object_mut().unwrap().remove("correlation_id");
        answer
    };
    for path in ["/v1/auth/password/forgot", "/v1/auth/verify-email/resend"] {
        let known = client.post(path).json(&json!({"email": person.draft.email})).send().await.expect(202);
        let other = client.post(path).json(&json!({"email": unknown.email})).send().await.expect(202);
        assert_eq!(known.body, other.body, "{path}");
    }
    let login = async |email: &str, password: &str| {
        let form = json!({"email": email, "password": password});
        client.post("/v1/auth/login").json(&form).send().await.refused(401, "invalid_credentials")
    };
    let wrong = login(&person.draft.email, "not the password at all").await;
    let other = login(&unknown.email, "not the password at all").await;
    assert_eq!(alike(wrong.json()), alike(other.json()));
    // Whether an address waits to be confirmed is told only with the right password.
    stack.registered(&unknown).await;
    let unconfirmed = login(&unknown.email, "not the password at all").await;
    assert_eq!(alike(unconfirmed.json()), alike(other.json()));
    let form = json!({"email": unknown.email, "password": unknown.password});
    client.post("/v1/auth/login").json(&form).send().await.refused(403, "email_not_verified");
}

#[tokio::test]
async fn sign_in_takes_a_username_and_any_spelling_of_the_address() {
    let stack = Stack::get();
    let draft = Draft::new();
    let username = format!("name{}", &tag()[..10]);
    let mut form = draft.form();
    form["username"] = json!(username);
    stack.client().post("/v1/auth/register").json(&form).send().await.expect(201);
    stack.verified(&draft).await;
    for form in [
        json!({"username": username, "password": draft.password}),
        json!({"username": username.to_uppercase(), "password": draft.password}),
        json!({"email": draft.email.to_uppercase(), "password": draft.password}),
    ] {
        stack.client().post("/v1/auth/login").json(&form).send().await.expect(200);
    }
    for form in [
        json!({"password": draft.password}),
        json!({"email": draft.email}),
        json!({"email": draft.email, "username": username, "password": draft.password}),
    ] {
        stack.client().post("/v1/auth/login").json(&form).send().await.refused(400, "validation_failed");
    }
}

/// Five failures lock an identifier out, whether it has an account or not, whatever the password.
#[tokio::test]
async fn five_failures_lock_an_identifier_out() {
    let stack = Stack::get();
    let person = stack.person().await;
    let unknown = Draft::new();
    for (email, right) in [(&person.draft.email, &person.draft.password), (&unknown.email, &unknown.password)] {
        let login = async |password: &str| {
            let form = json!({"email": email, "password": password});
            stack.client().post("/v1/auth/login").json(&form).send().await
        };
        for _ in 0..5 {
            login("not the password at all").await.refused(401, "invalid_credentials");
        }
        let locked = login(right).await.refused(429, "temporarily_locked");
        let wait: u64 = locked.header("retry-after").expect("how long to wait").parse().unwrap();
        assert!((1..=300).contains(&wait), "{wait} s");
    }
    // Who is signed in stays so, and the way by mail stays open.
    person.api.get("/v1/auth/me").send().await.expect(200);
    let audit = stack.auditor().await;
    until("the lock-out in the log", async || {
        let events = audit.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
        events.iter().any(|event| event["type"] == "user.locked_out").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_every_session() {
    let stack = Stack::get();
    let person = stack.person().await;
    let other = stack.client().login(&person.draft.email, &person.draft.password).await;
    let forgot = stack.client().post("/v1/auth/password/forgot").json(&json!({"email": person.draft.email}));
    forgot.send().await.expect(202);
    let mail = stack.link(&person.draft.email, "reset", None).await;
    assert_eq!(mail.token(), mail.html_token());
    let token = mail.token().unwrap();

    let reset = async |token: &str, password: &str| {
        let form = json!({"token": token, "password": password});
        stack.client().post("/v1/auth/password/reset").json(&form).send().await
    };
    reset(&token, "short").await.refused(400, "validation_failed");
    let verify = stack.link(&person.draft.email, "verify", None).await.token().unwrap();
    reset(&verify, "another correct horse 7").await.refused(400, "invalid_token");
    let new = format!("another correct horse {}", tag());
    reset(&token, &new).await.expect(204);
    reset(&token, &new).await.refused(400, "invalid_token");

    for client in [&person.api, &other] {
        client.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
        let form = json!({"refresh_token": client.refresh_token()});
        client.stranger().post("/v1/auth/refresh").json(&form).send().await.refused(401, "invalid_refresh_token");
    }
    let form = json!({"email": person.draft.email, "password": person.draft.password});
    stack.client().post("/v1/auth/login").json(&form).send().await.refused(401, "invalid_credentials");
    stack.client().login(&person.draft.email, &new).await;
    stack
        .mail(&person.draft.email, "a security notice", |mail| {
            mail.page().is_none() && mail.text.to_lowercase().contains("password")
        })
        .await;
}

/// Whoever gets the mails owns the address: a reset by mail takes it over from a stranger who registered it.
#[tokio::test]
async fn a_reset_proves_the_address_and_drops_what_a_stranger_set() {
    let stack = Stack::get();
    let stranger = Draft::new();
    stack.registered(&stranger).await;
    let forgot = stack.client().post("/v1/auth/password/forgot").json(&json!({"email": stranger.email}));
    forgot.send().await.expect(202);
    let token = stack.link(&stranger.email, "reset", None).await.token().unwrap();
    let password = format!("the owner's own {}", tag());
    let form = json!({"token": token, "password": password});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    let owner = stack.client().login(&stranger.email, &password).await;
    let me = owner.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["email_verified"], true);
    assert_eq!(me["user"]["given_name"], Value::Null, "{me}");
    assert_eq!(me["user"]["date_of_birth"], Value::Null, "{me}");
}
