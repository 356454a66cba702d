//! GET /v1/users/profile: the caller's account.

use verinym::{
    domain::user::User,
    error::Result,
    http::{Call, Endpoint, Route, Signed, Versioned},
};

pub fn endpoint() -> Endpoint {
    Route::get("account-get-profile", "/v1/users/profile")
        .summary("Read my profile")
        .description("The profile of the signed-in person, with its `ETag`.")
        .loads_profile()
        .opens_profile_keys()
        .handled_by(get_profile)
}

async fn get_profile(call: Call<Signed>, (): ()) -> Result<Versioned<User>> {
    let auth = &call.caller.auth;
    let key = call.loaded.key(call.app.store().await, call.now()).await?;
    let profile = call.loaded.profile()?.open(&auth.user, &key)?;
    Ok(Versioned { version: auth.profile_version(), body: auth.user(profile) })
}
