//! Sign-in through identity providers, against a real OpenID provider on loopback and the user APIs of GitHub and Facebook.

use futures::future::join_all;
use reqwest::Url;
use serde_json::json;
use verinym_tests::{
    Draft, Stack,
    people::tag,
    sign_in::{Identity, REDIRECT_URI},
};

/// The stack, if it has providers.
fn stack() -> Option<Stack> {
    let stack = Stack::get();
    let lacks = stack.lacks("localstack", "its functions run in containers, which do not reach the identity providers");
    (!lacks).then_some(stack)
}

#[tokio::test]
async fn oauth_carries_pkce_state_and_nonce() {
    let Some(stack) = stack() else { return };
    let begun = stack.authorization(&stack.client(), "company", false).await.expect(200).json();
    let again = stack.authorization(&stack.client(), "company", false).await.expect(200).json();
    let url: Url = begun["authorization_url"].as_str().unwrap().parse().unwrap();
    let of = |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    assert_eq!(of("state").as_deref(), begun["state"].as_str());
    assert_eq!(of("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(of("code_challenge").map(|challenge| challenge.len()), Some(43));
    assert!(of("nonce").is_some_and(|nonce| nonce.len() >= 43));
    assert_eq!(of("redirect_uri"), Some(format!("{}/v1/oauth/company/callback", stack.var("API_URL"))));
    let binding = begun["binding"].as_str().unwrap();
    assert!(binding.len() >= 43 && !url.as_str().contains(binding), "the binding never goes to the provider");
    assert!(begun["state"] != again["state"] && begun["binding"] != again["binding"]);
}

#[tokio::test]
async fn a_new_person_gets_an_account_by_each_vouching_provider_and_comes_back_by_it() {
    let Some(stack) = stack() else { return };
    for provider in ["google", "company", "apple", "github"] {
        let who = Identity::new();
        let first = stack.client().holding(stack.signed_in_by(provider, &who).await.expect(200).json());
        let me = first.get("/v1/auth/me").send().await.expect(200).json();
        assert_eq!(me["user"]["email"], who.email.as_str(), "{provider}");
        assert_eq!((&me["user"]["email_verified"], &me["session"]["amr"]), (&json!(true), &json!(["fed"])));
        // Apple tells no name with the token, and GitHub only one in one piece.
        if ["google", "company"].contains(&provider) {
            assert_eq!((&me["user"]["given_name"], &me["user"]["family_name"]), (&json!("Ada"), &json!("Lovelace")));
        }
        // The subject names the person, not the address.
        let moved = Identity { email: format!("moved.{}@example.org", tag()), ..who.clone() };
        let second = stack.client().holding(stack.signed_in_by(provider, &moved).await.expect(200).json());
        assert_eq!(first.user_id(), second.user_id(), "{provider}");
        let linked = second.all("/v1/oauth/accounts").await;
        assert_eq!((linked.len(), &linked[0]["provider"]), (1, &json!(provider)));
        assert_eq!(linked[0]["email"], who.email.as_str());
    }
}

#[tokio::test]
async fn an_account_whose_owner_confirmed_the_address_is_linked() {
    let Some(stack) = stack() else { return };
    let person = stack.person().await;
    let who = Identity::at(&person.draft.email);
    let social = stack.client().holding(stack.signed_in_by("google", &who).await.expect(200).json());
    assert_eq!(social.user_id(), person.id);
    // What the person said stays.
    let me = social.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["given_name"], person.draft.given_name.as_str());
    stack.client().login(&person.draft.email, &person.draft.password).await;
    person.api.get("/v1/auth/me").send().await.expect(200);
}

#[tokio::test]
async fn an_address_that_the_provider_does_not_vouch_for_signs_in_nobody() {
    let Some(stack) = stack() else { return };
    let person = stack.person().await;
    for (provider, verified) in [("google", false), ("github", false), ("microsoft", true), ("facebook", true)] {
        for email in [person.draft.email.clone(), Draft::new().email] {
            let who = Identity { verified, ..Identity::at(&email) };
            stack.signed_in_by(provider, &who).await.refused(403, "link_required");
        }
    }
}

#[tokio::test]
async fn a_signed_in_person_links_an_account_and_signs_in_by_it() {
    let Some(stack) = stack() else { return };
    for provider in ["microsoft", "facebook"] {
        let (person, who) = (stack.person().await, Identity::new());
        let returned = stack.returned(&person.api, provider, &who, true).await;
        let linked = person.api.holding(returned.exchanged(&person.api).await.expect(200).json());
        assert_eq!(linked.session_id(), person.api.session_id());
        let social = stack.client().holding(stack.signed_in_by(provider, &who).await.expect(200).json());
        assert_eq!(social.user_id(), person.id);
        // Linking again changes nothing.
        let returned = stack.returned(&person.api, provider, &who, true).await;
        returned.exchanged(&person.api).await.expect(200);
        assert_eq!(person.api.all("/v1/oauth/accounts").await.len(), 1);
    }
}

#[tokio::test]
async fn linking_needs_the_session_that_began_it_and_an_identity_of_nobody_else() {
    let Some(stack) = stack() else { return };
    let (person, other, who) = (stack.person().await, stack.person().await, Identity::new());
    stack.authorization(&stack.client(), "google", true).await.refused(401, "unauthenticated");
    let returned = stack.returned(&person.api, "google", &who, true).await;
    returned.exchanged(&other.api).await.refused(400, "invalid_authorization");
    let returned = stack.returned(&person.api, "google", &who, true).await;
    returned.exchanged(&stack.client()).await.refused(400, "invalid_authorization");
    let elsewhere = stack.client().login(&person.draft.email, &person.draft.password).await;
    let returned = stack.returned(&person.api, "google", &who, true).await;
    returned.exchanged(&elsewhere).await.refused(400, "invalid_authorization");

    let returned = stack.returned(&person.api, "google", &who, true).await;
    returned.exchanged(&person.api).await.expect(200);
    let returned = stack.returned(&other.api, "google", &who, true).await;
    returned.exchanged(&other.api).await.refused(409, "linked_elsewhere");
    assert!(other.api.all("/v1/oauth/accounts").await.is_empty());
}

/// The pre-hijack: whoever registered an address without confirming it keeps nothing of the account of its owner.
#[tokio::test]
async fn nothing_of_a_stranger_who_registered_the_address_survives() {
    let Some(stack) = stack() else { return };
    let stranger = Draft::new();
    let mut form = stranger.form();
    form["username"] = format!("s{}", tag()).into();
    let registered = stack.client().post("/v1/auth/register").json(&form).send().await;
    assert!([201, 202].contains(&registered.status), "{registered}");
    let token = stack.link(&stranger.email, "verify", None).await.token().unwrap();

    let owner = Identity::at(&stranger.email);
    let owner = stack.client().holding(stack.signed_in_by("google", &owner).await.expect(200).json());
    let me = owner.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["username"], &me["user"]["given_name"]), (&json!(null), &json!("Ada")));
    assert_eq!(me["user"]["date_of_birth"], json!(null));
    if registered.status == 201 {
        assert_ne!(registered.json()["user"]["id"], me["user"]["id"]);
    }

    for name in ["email", "username"] {
        let login = json!({name: form[name], "password": stranger.password});
        let refused = stack.client().post("/v1/auth/login").json(&login).send().await;
        assert!([401, 403].contains(&refused.status), "{refused}");
    }
    let verify = json!({"token": token, "password": stranger.password});
    let refused = stack.client().post("/v1/auth/verify-email").json(&verify).send().await;
    assert!([400, 401].contains(&refused.status), "{refused}");
    owner.get("/v1/auth/me").send().await.expect(200);
    assert_eq!(owner.all("/v1/oauth/accounts").await.len(), 1);
}

#[tokio::test]
async fn failures_of_a_provider_sign_in_nobody() {
    let Some(stack) = stack() else { return };
    let client = stack.client();
    for fault in ["wrong_nonce", "expired", "wrong_key", "wrong_audience", "alg_none"] {
        let who = Identity { fault: Some(fault), ..Identity::new() };
        let refused = stack.signed_in_by("google", &who).await;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_authorization")), "{fault}");
    }
    for provider in ["company", "github", "facebook"] {
        let who = Identity { fault: Some("down"), ..Identity::new() };
        let refused = stack.signed_in_by(provider, &who).await.refused(503, "provider_unavailable");
        assert!(refused.header("retry-after").is_some());
    }
    for provider in ["google", "apple", "github"] {
        let who = Identity { fault: Some("access_denied"), ..Identity::new() };
        let returned = stack.returned(&client, provider, &who, false).await;
        assert_eq!((returned.get("error"), returned.get("code")), (Some("access_denied"), None), "{provider}");
    }
}

#[tokio::test]
async fn a_stolen_code_is_useless_and_an_authorization_works_once() {
    let Some(stack) = stack() else { return };
    let client = stack.client();
    let exchange = |provider: &str, form: serde_json::Value| {
        let request = client.post(&format!("/v1/oauth/{provider}/exchange")).json(&form);
        async move { request.send().await }
    };
    let owner = stack.returned(&client, "google", &Identity::new(), false).await;
    let thief = stack.returned(&client, "google", &Identity::new(), false).await;
    // The thief has code and state, but another binding.
    let mut form = owner.form();
    form["binding"] = thief.binding.clone().into();
    exchange("google", form).await.refused(400, "invalid_authorization");
    // The thief puts the code into an authorization of their own: the provider compares the PKCE verifier.
    let mut form = thief.form();
    form["code"] = owner.get("code").into();
    exchange("google", form).await.refused(400, "invalid_authorization");

    let owner = stack.returned(&client, "google", &Identity::new(), false).await;
    let answers = join_all((0..4).map(|_| owner.exchanged(&client))).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 400].contains(status)), "{statuses:?}");
    owner.exchanged(&client).await.refused(400, "invalid_authorization");

    let other = stack.returned(&client, "google", &Identity::new(), false).await;
    exchange("company", other.form()).await.refused(400, "invalid_authorization");
}

#[tokio::test]
async fn a_browser_returns_only_where_the_operator_allows() {
    let Some(stack) = stack() else { return };
    let client = stack.client();
    let evil = ["https://attacker.example/", "http%3A%2F%2Flocalhost%3A3000%2Fcallback%2F..", "", "//attacker.example"];
    for uri in evil {
        let answer = client.get(&format!("/v1/oauth/google/authorize?redirect_uri={uri}")).send().await;
        answer.refused(400, "validation_failed");
    }
    client.get("/v1/oauth/unknown/authorize?redirect_uri=x").send().await.refused(404, "not_found");
    let forged = client.get("/v1/oauth/google/callback?state=forged&code=x").send().await;
    forged.refused(400, "invalid_authorization");
    assert!(REDIRECT_URI.starts_with("http://localhost"));
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let Some(stack) = stack() else { return };
    let who = Identity::new();
    let social = stack.client().holding(stack.signed_in_by("google", &who).await.expect(200).json());
    let remove = |id: &serde_json::Value| {
        let request = social.delete(&format!("/v1/oauth/accounts/{}", id.as_str().unwrap()));
        async move { request.send().await }
    };
    let linked = social.all("/v1/oauth/accounts").await;
    remove(&linked[0]["id"]).await.refused(409, "last_credential");

    let second = stack.returned(&social, "github", &Identity::new(), true).await;
    second.exchanged(&social).await.expect(200);
    let linked = social.all("/v1/oauth/accounts").await;
    assert_eq!(linked.len(), 2);
    assert_eq!(social.all("/v1/oauth/accounts?limit=1").await, linked);
    let answers = join_all(linked.iter().map(|account| remove(&account["id"]))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "of two removals of the last two sign-in methods, one stays");
    assert_eq!(social.all("/v1/oauth/accounts").await.len(), 1);
    let stranger = stack.person().await.api;
    let id = social.all("/v1/oauth/accounts").await[0]["id"].as_str().unwrap().to_owned();
    stranger.delete(&format!("/v1/oauth/accounts/{id}")).send().await.refused(404, "not_found");
}

/// Somebody who got into an account links an account of their own and takes the address away.
#[tokio::test]
async fn undoing_a_change_of_the_address_removes_linked_accounts() {
    let Some(stack) = stack() else { return };
    let (person, stranger, new) = (stack.person().await, Identity::new(), Draft::new().email);
    let returned = stack.returned(&person.api, "microsoft", &stranger, true).await;
    returned.exchanged(&person.api).await.expect(200);
    person.api.post("/v1/users/email/change").json(&json!({"email": new})).send().await.expect(202);
    let token = stack.link(&new, "confirm-email", None).await.token().unwrap();
    person.api.post("/v1/users/email/confirm").json(&json!({"token": token})).send().await.expect(200);
    let undo = stack.link(&person.draft.email, "undo-email-change", None).await.token().unwrap();
    stack.client().post("/v1/users/email/undo").json(&json!({"token": undo})).send().await.expect(200);
    stack.signed_in_by("microsoft", &stranger).await.refused(403, "link_required");
    // The owner is back, and what was the stranger's can be linked elsewhere.
    let owner = Identity::at(&person.draft.email);
    let back = stack.client().holding(stack.signed_in_by("google", &owner).await.expect(200).json());
    assert_eq!(back.user_id(), person.id);
    assert_eq!(back.all("/v1/oauth/accounts").await.len(), 1);
}

/// Somebody who got into an account links an account of their own; its owner sets a new password by mail.
#[tokio::test]
async fn a_password_reset_removes_linked_accounts() {
    let Some(stack) = stack() else { return };
    let (person, stranger) = (stack.person().await, Identity::new());
    let returned = stack.returned(&person.api, "microsoft", &stranger, true).await;
    returned.exchanged(&person.api).await.expect(200);
    let client = stack.client();
    client.post("/v1/auth/password/forgot").json(&json!({"email": person.draft.email})).send().await.expect(202);
    let token = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
    let reset = json!({"token": token, "password": "another horse, another staple"});
    client.post("/v1/auth/password/reset").json(&reset).send().await.expect(204);
    stack.signed_in_by("microsoft", &stranger).await.refused(403, "link_required");
    let owner = Identity::at(&person.draft.email);
    let back = stack.client().holding(stack.signed_in_by("google", &owner).await.expect(200).json());
    assert_eq!(back.user_id(), person.id);
    assert_eq!(back.all("/v1/oauth/accounts").await.len(), 1);
}

#[tokio::test]
async fn a_person_has_ten_linked_accounts_at_most() {
    let Some(stack) = stack() else { return };
    let person = stack.person().await;
    for _ in 0..10 {
        let returned = stack.returned(&person.api, "microsoft", &Identity::new(), true).await;
        returned.exchanged(&person.api).await.expect(200);
    }
    let returned = stack.returned(&person.api, "microsoft", &Identity::new(), true).await;
    returned.exchanged(&person.api).await.refused(409, "too_many_linked_accounts");
}
