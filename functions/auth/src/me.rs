//! GET /v1/auth/me: the caller's account, session and permissions.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{session::Session, user::User},
    error::Result,
    http::{Call, Endpoint, Plain, Route, Signed},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    user: User,
    session: Session,
    /// `resource:action`, sorted.
    #[schema(example = json!(["kyc:read", "kyc:review"]))]
    permissions: Vec<&'static str>,
}

pub fn endpoint() -> Endpoint {
    Route::get("auth-me", "/v1/auth/me").summary("Read who is signed in")
        .description(
            "The user, the session and the permissions of the access token, as they are now. Ask it when a decision must not rest on a token that is up to 15 minutes old.",
        ).open_without_second_factor().loads_profile().opens_profile_keys().handled_by(me)
}

async fn me(call: Call<Signed>, (): ()) -> Result<Plain<Me>> {
    let caller = &call.caller;
    let key = call.loaded.key(call.app.store().await, call.now()).await?;
    let profile = call.loaded.profile()?.open(&caller.user, &key)?;
    Ok(Plain(Me {
        user: caller.auth.user(profile),
        session: caller.session_item.view(&caller.session, &key)?,
        permissions: caller.permissions.list(),
    }))
}
