//! Sessions of sign-ins and their ends, lengths of passwords, and what versions count.

use serde_json::{Value, json};
use verinym_tests::{Draft, Stack, people::tag};

#[tokio::test]
async fn the_twenty_first_sign_in_ends_the_oldest_session() {
    let stack = Stack::get();
    let person = stack.person().await;
    let second = stack.client().login(&person.draft.email, &person.draft.password).await;
    let mut last = second.clone();
    for _ in 0..19 {
        last = stack.client().login(&person.draft.email, &person.draft.password).await;
    }
    let sessions = last.all("/v1/sessions").await;
    assert_eq!(sessions.len(), 20);
    person.api.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    second.get("/v1/auth/me").send().await.expect(200);
    let events = stack.auditor().await.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
    let ended: Vec<_> = events.iter().filter(|event| event["type"] == "session.revoked").collect();
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(ended[0]["subject"]["id"], person.api.session_id());
    assert_eq!(ended[0]["data"]["reason"], "too_many_sessions");
}

#[tokio::test]
async fn a_refresh_token_alone_signs_out() {
    let stack = Stack::get();
    let person = stack.person().await.api;
    let logout = async |form: Value| stack.client().post("/v1/auth/logout").json(&form).send().await;
    let first = json!({"refresh_token": person.refresh_token()});

    // No proof, and proofs that are none.
    stack.client().post("/v1/auth/logout").send().await.refused(401, "unauthenticated");
    logout(json!({})).await.refused(401, "unauthenticated");
    for bad in ["", "x", &"A".repeat(120), person.token()] {
        logout(json!({"refresh_token": bad})).await.refused(401, "invalid_refresh_token");
    }
    logout(json!({"refresh_token": 7})).await.refused(400, "validation_failed");
    logout(json!({"refresh": "x"})).await.refused(400, "unknown_field");
    person.get("/v1/auth/me").send().await.expect(200);
    // A bad access token is not made good by what stands beside it.
    let both = stack.client().bearing("x.y.z").post("/v1/auth/logout").json(&first).send().await;
    both.refused(401, "unauthenticated");

    // One that was turned already is as good, for ending.
    let turned = stack.client().post("/v1/auth/refresh").json(&first).send().await.expect(200).json();
    logout(first.clone()).await.expect(204);
    person.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    let next = stack.client().post("/v1/auth/refresh").json(&json!({"refresh_token": turned["refresh_token"]}));
    next.send().await.refused(401, "invalid_refresh_token");
    // Signed out is signed out.
    logout(first).await.expect(204);
}

#[tokio::test]
async fn a_new_password_voids_the_links_to_set_one() {
    let stack = Stack::get();
    let person = stack.person().await;
    let forgot = async || {
        stack
            .client()
            .post("/v1/auth/password/forgot")
            .json(&json!({"email": person.draft.email}))
            .send()
            .await
            .expect(202);
    };
    let reset = async |token: &str| {
        let form = json!({"token": token, "password": format!("kettle {}", tag())});
        stack.client().post("/v1/auth/password/reset").json(&form).send().await
    };
    forgot().await;
    let link = stack.link(&person.draft.email, "reset", None).await.token().unwrap();
    let new = format!("ornithopter {}", tag());
    let form = json!({"current_password": person.draft.password, "new_password": new});
    person.api.post("/v1/users/password/change").json(&form).send().await.expect(204);
    reset(&link).await.refused(400, "invalid_token");
    stack.client().login(&person.draft.email, &new).await;
    // One that is asked for afterwards is good, once.
    forgot().await;
    let link = stack.link(&person.draft.email, "reset", Some(&link)).await.token().unwrap();
    reset(&link).await.expect(204);
    reset(&link).await.refused(400, "invalid_token");
}

/// Anybody may ask for such a mail.
#[tokio::test]
async fn a_stranger_who_asks_for_a_link_does_not_void_the_one_that_the_owner_holds() {
    let stack = Stack::get();
    let person = stack.person().await;
    let form = json!({"email": person.draft.email});
    let forgot = async || stack.client().post("/v1/auth/password/forgot").json(&form).send().await.expect(202);
    forgot().await;
    let owner = stack.link(&person.draft.email, "reset", None).await.token().unwrap();
    forgot().await;
    let stranger = stack.link(&person.draft.email, "reset", Some(&owner)).await.token().unwrap();
    let reset = async |token: &str| {
        let form = json!({"token": token, "password": format!("kettle {}", tag())});
        stack.client().post("/v1/auth/password/reset").json(&form).send().await
    };
    reset(&owner).await.expect(204);
    reset(&stranger).await.refused(400, "invalid_token");
}

/// What others do, and what the person does elsewhere, leaves the entity tag of the profile as it is.
#[tokio::test]
async fn the_profile_s_version_counts_the_profile() {
    let stack = Stack::get();
    let person = stack.person().await;
    let read = async || person.api.get("/v1/users/profile").send().await.expect(200);
    let tag_of = |answer: &verinym_tests::ApiResponse| answer.header("etag").unwrap().to_owned();
    let before = read().await;
    let form = json!({"email": person.draft.email});
    stack.client().post("/v1/auth/password/forgot").json(&form).send().await.expect(202);
    stack.link(&person.draft.email, "reset", None).await;
    let form = json!({"email": person.draft.email, "password": "not the password at all"});
    stack.client().post("/v1/auth/login").json(&form).send().await.refused(401, "invalid_credentials");
    let new = format!("ornithopter {}", tag());
    let form = json!({"current_password": person.draft.password, "new_password": new});
    person.api.post("/v1/users/password/change").json(&form).send().await.expect(204);
    let after = read().await;
    assert_eq!((tag_of(&after), &after.body), (tag_of(&before), &before.body));

    let patch = async |etag: &str, locale: &str| {
        let form = json!({"locale": locale});
        person.api.patch("/v1/users/profile").header("if-match", etag).json(&form).send().await
    };
    let changed = patch(&tag_of(&before), "de").await.expect(200);
    assert_ne!(tag_of(&changed), tag_of(&before));
    assert_eq!(tag_of(&changed), format!("\"{}\"", changed.json()["version"]));
    patch(&tag_of(&before), "fr").await.refused(412, "stale_version");
    patch(&tag_of(&changed), "fr").await.expect(200);
}

#[tokio::test]
async fn a_key_used_again_for_another_password_is_refused() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (key, new) = (tag(), format!("ornithopter {}", tag()));
    let change = async |current: &str, new: &str| {
        let form = json!({"current_password": current, "new_password": new});
        person.api.post("/v1/users/password/change").key(&key).json(&form).send().await
    };
    change(&person.draft.password, &new).await.expect(204);
    let again = change(&person.draft.password, &new).await.expect(204);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    change(&person.draft.password, &format!("{new}!")).await.refused(422, "idempotency_key_reused");
    change(&new, &new).await.refused(422, "idempotency_key_reused");
    stack.client().login(&person.draft.email, &new).await;
}

/// One limit everywhere, on the normal form: 128 characters.
#[tokio::test]
async fn a_password_is_measured_in_its_normal_form_everywhere() {
    let stack = Stack::get();
    let mut draft = Draft::new();
    // 128 syllables; decomposed 1,152 bytes.
    let composed = "각한값좋은날씨는참드문일".chars().cycle().take(116).chain(tag()[..12].chars()).collect::<String>();
    let decomposed = composed.chars().flat_map(decompose).collect::<String>();
    assert!(decomposed.len() > 512 && decomposed != composed);
    draft.password.clone_from(&decomposed);
    let user = stack.registered(&draft).await;
    let token = stack.link(&draft.email, "verify", None).await.token().unwrap();
    let over = format!("{decomposed}x");
    let verify = async |password: &str| {
        let form = json!({"token": token, "password": password});
        stack.client().post("/v1/auth/verify-email").json(&form).send().await
    };
    let refused = verify(&over).await.refused(400, "validation_failed");
    assert_eq!(refused.faults(), ["password too_long"], "{refused}");
    verify(&composed).await.expect(200);
    for password in [&composed, &decomposed] {
        stack.client().login(&draft.email, password).await;
    }
    let api = stack.client().login(&draft.email, &composed).await;
    assert_eq!(api.user_id(), user["id"].as_str().unwrap());
    let form = json!({"email": draft.email, "password": over});
    // It may be the password of an imported account, so it is a try like others.
    for _ in 0..2 {
        stack.client().post("/v1/auth/login").json(&form).send().await.refused(401, "invalid_credentials");
    }

    let change = async |current: &str, new: &str| {
        let form = json!({"current_password": current, "new_password": new});
        api.post("/v1/users/password/change").json(&form).send().await
    };
    let refused = change(&over, &composed).await.refused(400, "validation_failed");
    assert_eq!(refused.faults(), ["current_password too_long"], "{refused}");
    let refused = change(&composed, &over).await.refused(400, "validation_failed");
    assert_eq!(refused.faults(), ["new_password too_long"], "{refused}");
    let mut form = Draft::new().form();
    for long in [over, "\u{fdfa}".repeat(8), "k".repeat(60_000)] {
        form["password"] = json!(long);
        let refused =
            stack.client().post("/v1/auth/register").json(&form).send().await.refused(400, "validation_failed");
        assert_eq!(refused.faults(), ["password too_long"], "{refused}");
    }
}

/// Decomposes Hangul syllables (Unicode §3.12); other characters stay.
fn decompose(c: char) -> Vec<char> {
    let Some(index) = u32::from(c).checked_sub(0xac00).filter(|index| *index < 11_172) else { return vec![c] };
    let parts = [0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11a7 + index % 28];
    parts.into_iter().filter(|part| *part != 0x11a7).filter_map(char::from_u32).collect()
}

/// A stranger who registers somebody's address cannot choose words of the mails that are sent there.
#[tokio::test]
async fn no_name_stands_in_mails_before_the_address_is_confirmed() {
    let stack = Stack::get();
    let draft = Draft::new();
    stack.registered(&draft).await;
    let resend = stack.client().post("/v1/auth/verify-email/resend").json(&json!({"email": draft.email}));
    let known = stack.link(&draft.email, "verify", None).await.token().unwrap();
    resend.send().await.expect(202);
    stack.link(&draft.email, "verify", Some(&known)).await;
    let forgot = stack.client().post("/v1/auth/password/forgot").json(&json!({"email": draft.email}));
    forgot.send().await.expect(202);
    stack.link(&draft.email, "reset", None).await;
    for mail in stack.mails(&draft.email).await {
        for part in [&mail.subject, &mail.text, &mail.html] {
            assert!(!part.contains(&draft.given_name) && !part.contains(&draft.family_name), "{part}");
        }
    }
    stack.verified(&draft).await;
    let welcome = stack.mail(&draft.email, "a welcome", |mail| mail.subject.contains("confirmed")).await;
    assert!(welcome.text.contains(&format!("Hello {},", draft.given_name)), "{}", welcome.text);
}
