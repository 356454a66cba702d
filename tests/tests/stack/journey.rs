//! The main journey: from sign-up to an approved check, and what person and staff see of it.

use serde_json::json;
use verinym_tests::{Stack, people::tag, tokens};

use crate::applicant_view::{is_applicant_view, reveals_nothing_internal, types};

#[tokio::test]
async fn a_person_is_verified_from_sign_up_to_approval() {
    let stack = Stack::get();
    let draft = verinym_tests::Draft::new();
    let user = stack.registered(&draft).await;
    assert_eq!(user["email_verified"], false);
    assert_eq!(user["kyc_status"], "none");
    assert_eq!(user["roles"], json!(["user"]));

    let mail = stack.link(&draft.email, "verify", None).await;
    assert_eq!(mail.token(), mail.html_token(), "text and HTML carry the same link");
    assert!(mail.page().unwrap().starts_with(stack.var("APP_URL")), "{:?}", mail.page());
    let user = stack.verified(&draft).await;
    assert_eq!(user["email_verified"], true);
    stack.mail(&draft.email, "welcome", |mail| mail.subject.contains("confirmed")).await;

    let person = stack.client().login(&draft.email, &draft.password).await;
    assert_eq!(person.tokens["token_type"], "Bearer");
    assert_eq!(person.tokens["expires_in"], 900);
    assert_eq!(person.tokens["user"]["kyc_status"], "none");
    let me = person.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["given_name"], draft.given_name.as_str());
    assert_eq!(me["session"]["current"], true);
    assert_eq!(me["permissions"], json!([]));

    let status = person.get("/v1/kyc/status").send().await.expect(200).json();
    assert_eq!(status["kyc_status"], "none");
    let person = verinym_tests::Person { draft, id: user["id"].as_str().unwrap().to_owned(), api: person };
    let check = person.check(&format!("OK-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    is_applicant_view(&check);
    assert_eq!(check["status"], "processing");

    let check = person.check_once(id, "approved").await;
    is_applicant_view(&check);
    assert!(check["expires_at"].is_string(), "{check}");
    let status = person.api.get("/v1/kyc/status").send().await.expect(200).json();
    assert_eq!(status["kyc_status"], "approved");
    assert_eq!(status["check"]["id"], id);
    assert_eq!(status["valid_until"], check["expires_at"]);
    reveals_nothing_internal("the status", &status.to_string());

    let mail = stack.mail(&person.draft.email, "the decision", |mail| mail.subject.contains("is verified")).await;
    reveals_nothing_internal("the mail", &format!("{} {} {}", mail.subject, mail.text, mail.html));

    let history = person.api.all(&format!("/v1/kyc/checks/{id}/history")).await;
    let mut told = types(&history);
    told.sort_unstable();
    assert_eq!(told, ["kyc.check.approved", "kyc.check.submitted"], "{history:?}");
    for event in &history {
        assert!(event.get("ip").is_none() && event.get("session_id").is_none(), "{event}");
        reveals_nothing_internal("an event", &event.to_string());
    }
    let staff = stack.moderator().await.all(&format!("/v1/admin/kyc/checks/{id}/history?limit=2")).await;
    for kind in [
        "kyc.check.created",
        "kyc.check.submitted",
        "kyc.check.processing",
        "kyc.check.provider_called",
        "kyc.check.approved",
    ] {
        assert_eq!(types(&staff).iter().filter(|one| **one == kind).count(), 1, "{kind} in {:?}", types(&staff));
    }
}

#[tokio::test]
async fn discovery_keys_and_tokens_agree() {
    let stack = Stack::get();
    let person = stack.person().await;
    let discovery = stack.client().get("/.well-known/openid-configuration").send().await.expect(200).json();
    assert_eq!(discovery["issuer"], stack.var("API_URL"));
    let of_server = stack.client().get("/.well-known/oauth-authorization-server").send().await.expect(200).json();
    assert_eq!(of_server, discovery);
    assert_eq!(discovery["token_endpoint"], format!("{}/v1/oauth/token", stack.var("API_URL")));
    let keys = reqwest::get(discovery["jwks_uri"].as_str().unwrap()).await.unwrap();
    assert!(keys.headers()["cache-control"].to_str().unwrap().contains("max-age"));
    let keys: serde_json::Value = keys.json().await.unwrap();
    let header = tokens::part(person.api.token(), 0);
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("RS256"), Some("at+jwt")));
    let published: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    assert!(published.contains(&&header["kid"]), "{header} in {keys}");
    assert!(!keys.to_string().contains("\"d\""), "a private part is published");
    let claims = tokens::claims(person.api.token());
    assert_eq!(claims.iss, stack.var("API_URL"));
    assert_eq!(claims.exp - claims.iat, 900);
    assert_eq!(claims.sub.to_string(), person.id);
    assert_eq!(claims.amr, ["pwd"]);
}

#[tokio::test]
async fn the_served_document_equals_the_snapshot() {
    let served = Stack::get().client().get("/v1/openapi.json").send().await.expect(200).json();
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"), "{}", served["openapi"]);
    assert_eq!(served["paths"], verinym_tests::contract::document()["paths"]);
    let page = Stack::get().client().get("/docs").send().await.expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page}");
}

#[tokio::test]
async fn health_is_public_and_its_details_need_a_permission() {
    let stack = Stack::get();
    let health = stack.client().get("/v1/health").send().await.expect(200).json();
    assert!(health["status"].is_string() && health["version"].is_string(), "{health}");
    stack.client().get("/v1/health?deep=true").send().await.refused(401, "unauthenticated");
    stack.person().await.api.get("/v1/health?deep=true").send().await.refused(403, "forbidden");
    let deep = stack.admin().await.get("/v1/health?deep=true").send().await.expect(200).json();
    for part in ["dynamodb", "sqs", "kms", "secrets", "s3"] {
        assert!(deep["checks"][part]["status"].is_string(), "{part} in {deep}");
        assert!(deep["checks"][part]["latency_ms"].is_number(), "{part} in {deep}");
    }
}
