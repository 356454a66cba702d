//! Staff need a second factor: without one a session can only enroll it, with one each session has to prove it.

use serde_json::{Value, json};
use verinym_tests::{
    Draft, Stack,
    second_factor::Authenticator,
    world::{EndpointReply, World},
};

/// A deployment that requires it, with a moderator.
struct Deployment {
    world: World,
    moderator: Draft,
}

impl Deployment {
    async fn new() -> Self {
        let world = World::new(&Stack::get(), &[("STAFF_MFA", "true")]).await;
        let moderator = Draft::new();
        let deployment = Self { world, moderator };
        deployment.confirmed(&deployment.moderator).await;
        let role = json!({"email": deployment.moderator.email, "role": "moderator"});
        deployment.world.invoke("admin-bootstrap", role).await.expect("the role is given");
        deployment
    }

    async fn confirmed(&self, draft: &Draft) {
        self.call("auth-register", None, &draft.form()).await.expect(201);
        self.world.settle(None).await;
        let token = self.world.stack.link(&draft.email, "verify-email", None).await.token().unwrap();
        let form = json!({"token": token, "password": draft.password});
        self.call("auth-verify-email", None, &form).await.expect(200);
    }

    async fn call(&self, function: &str, token: Option<&str>, body: &Value) -> EndpointReply {
        self.world.call(function, token, &[], body).await
    }

    async fn login(&self, draft: &Draft) -> Value {
        let form = json!({"email": draft.email, "password": draft.password});
        self.call("auth-login", None, &form).await.expect(200)
    }
}

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().expect("tokens")
}

#[tokio::test]
async fn staff_without_a_second_factor_can_only_enroll_one() {
    let deployment = Deployment::new().await;
    let first = deployment.login(&deployment.moderator).await;
    let token = Some(access(&first));
    for function in ["admin-list-checks", "aml-list-hits", "account-get-profile", "kyc-status", "account-list-sessions"]
    {
        let reply = deployment.call(function, token, &Value::Null).await;
        assert_eq!((reply.status, &reply.body["code"]), (403, &json!("mfa_enrollment_required")), "{function}");
    }
    let me = deployment.call("auth-me", token, &Value::Null).await.expect(200);
    assert_eq!(me["permissions"], json!([]));
    deployment.call("auth-mfa-backup-codes", token, &Value::Null).await.expect(200);
    let form = json!({"password": deployment.moderator.password});
    let again = deployment.call("auth-reauthenticate", token, &form).await.expect(200);
    deployment.call("auth-logout", Some(access(&again)), &Value::Null).await.expect(204);
}

#[tokio::test]
async fn enrolled_staff_work_in_sessions_that_proved_the_second_factor_only() {
    let deployment = Deployment::new().await;
    let (early, first) = (deployment.login(&deployment.moderator).await, deployment.login(&deployment.moderator).await);
    let token = Some(access(&first));
    let setup = deployment.call("auth-mfa-setup", token, &json!({"method": "totp"})).await.expect(201);
    let app = Authenticator::new(setup["secret"].as_str().unwrap());
    let form = json!({"method": "totp", "code": app.code().await});
    deployment.call("auth-mfa-activate", token, &form).await.expect(200);
    deployment.call("admin-list-checks", token, &Value::Null).await.expect(200);
    let me = deployment.call("auth-me", token, &Value::Null).await.expect(200);
    assert!(me["permissions"].to_string().contains("kyc:review"));

    // Another session, of before the enrolment.
    let reply = deployment.call("admin-list-checks", Some(access(&early)), &Value::Null).await;
    assert_eq!((reply.status, &reply.body["code"]), (403, &json!("reauthentication_required")));
    let form = json!({"password": deployment.moderator.password, "method": "totp", "code": app.code().await});
    let proved = deployment.call("auth-reauthenticate", Some(access(&early)), &form).await.expect(200);
    deployment.call("admin-list-checks", Some(access(&proved)), &Value::Null).await.expect(200);
    // Refreshing keeps what was proved.
    let form = json!({"refresh_token": proved["refresh_token"]});
    let refreshed = deployment.call("auth-refresh", None, &form).await.expect(200);
    deployment.call("admin-list-checks", Some(access(&refreshed)), &Value::Null).await.expect(200);

    // Whoever removes it is back at the beginning.
    let form = json!({"method": "totp", "code": app.code().await});
    deployment.call("auth-mfa-disable", Some(access(&proved)), &form).await.expect(204);
    let later = deployment.login(&deployment.moderator).await;
    let reply = deployment.call("admin-list-checks", Some(access(&later)), &Value::Null).await;
    assert_eq!((reply.status, &reply.body["code"]), (403, &json!("mfa_enrollment_required")));
}

#[tokio::test]
async fn people_without_staff_roles_need_no_second_factor() {
    let deployment = Deployment::new().await;
    let person = Draft::new();
    deployment.confirmed(&person).await;
    let tokens = deployment.login(&person).await;
    deployment.call("account-get-profile", Some(access(&tokens)), &Value::Null).await.expect(200);
}
