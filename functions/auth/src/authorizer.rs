//! `auth-authorizer`: a Lambda authorizer for the customer's own APIs in the same account. It admits a call whose access token is valid
//! now, as `POST /v1/oauth/introspect` would say.

use verinym::{
    app::App,
    authorizer::{AuthorizerAnswer, AuthorizerEvent},
    config::{Section, names::SecretId},
    domain::time::Timestamp,
    error::Result,
    function::Needs,
    messaging::Worker,
    store::{Table, introspection::TokenQuestion},
};

use crate::introspection::{Introspection, holder_of, verified};

pub fn worker() -> Worker {
    Worker::of_authorizer("auth-authorizer", authorize)
        .summary("Tell an API Gateway of yours whether an access token is valid now")
        .needs(Needs::new().read_secret(SecretId::Verification).get_many(Table::Identity).reads(Section::Tokens))
}

/// One round trip with warm keys.
async fn authorize(app: &'static App, event: AuthorizerEvent, now: Timestamp) -> Result<AuthorizerAnswer> {
    let Some(token) = event.token() else { return event.refuse() };
    let keys = app.verification_keys().await?;
    let Some(claims) = verified(app, &keys, token, now)? else { return event.refuse() };
    let question =
        TokenQuestion { asker: None, holder: Some(holder_of(&claims)), staff_mfa: app.config.tokens()?.staff_mfa };
    let asked = app.store().await.asked_token(&question, now).await?;
    let Some(holder) = asked.holder else { return event.refuse() };
    let known = Introspection::of(&claims, &holder, &asked.roles);
    event.allow(&claims.subject(), &known.context()?)
}
