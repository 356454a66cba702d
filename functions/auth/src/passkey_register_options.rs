//! POST /v1/auth/webauthn/register/options: what an authenticator needs to make a passkey.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::random,
    domain::{
        passkey::{MOST_PASSKEYS, PasskeyError},
        secret::Masked,
    },
    error::{Internal, Result},
    function::Needs,
    http::{Call, Endpoint, Plain, Recent, Route, problem::types},
    store::{
        Table,
        passkey::{Ceremony, CeremonyPurpose},
    },
};
use webauthn_rs::prelude::Passkey;

use crate::passkeys::{relying_party, restored, stored};

/// Options for an authenticator.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyOptions {
    /// To be sent back with the answer of the authenticator.
    #[schema(value_type = String, example = "3f0c8e3ad1b2c4d5e6f708192a3b4c5d")]
    pub challenge_id: Masked<String>,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` of the browser (WebAuthn Level 3).
    #[serde(rename = "publicKey")]
    #[schema(value_type = Object)]
    pub public_key: Value,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-passkey-register-options", "/v1/auth/webauthn/register/options")
        .summary("Begin to register a passkey")
        .description(
            "Options for `navigator.credentials.create`. They serve for one answer to `POST /v1/auth/webauthn/register`, within 5 minutes, in the same session. The passkey verifies its user, and can be found without a name. A person has ten passkeys at most.",
        )
        .problems(&[&types::TOO_MANY_PASSKEYS])
        .loads_profile()
        .opens_profile_keys()
        .needs(Needs::new().query(Table::Identity).put(Table::Ephemeral).reads(Section::Passkeys))
        .handled_by(begin)
}

async fn begin(call: Call<Recent>, (): ()) -> Result<Plain<PasskeyOptions>> {
    let (store, now, caller) = (call.app.store().await, call.now(), &call.caller);
    if caller.auth.passkeys >= MOST_PASSKEYS {
        return Err(PasskeyError::TooMany.into());
    }
    let key = call.loaded.key(store, now).await?;
    let profile = call.loaded.profile()?.open(&caller.user, &key)?;
    let known = store.all_passkeys(&caller.user).await?;
    let known = known.iter().map(|item| Ok(restored::<Passkey>(&item.verifier)?.cred_id().clone()));
    let known = known.collect::<Result<Vec<_>>>()?;
    let (party, name) = (
        relying_party(call.app)?,
        profile.email.map_or_else(|| caller.user.to_string(), |email| email.as_str().to_owned()),
    );
    let begun = party.start_passkey_registration(caller.user.uuid(), &name, &name, Some(known));
    let (options, state) = begun.map_err(Internal::bug)?;
    let mut public_key = serde_json::to_value(&options.public_key).map_err(Internal::bug)?;
    // Only a discoverable credential signs in without a name.
    public_key["authenticatorSelection"]["residentKey"] = "required".into();
    public_key["authenticatorSelection"]["requireResidentKey"] = true.into();
    let id = random::token();
    let purpose = CeremonyPurpose::Register { user: caller.user, session: caller.session };
    let indexes = call.app.index_secrets().await?;
    let ceremony = Ceremony::begin(purpose, stored(&state)?, now);
    store.begin_ceremony(&Ceremony::key(&indexes, &id), &ceremony).await?;
    Ok(Plain(PasskeyOptions { challenge_id: Masked(id), public_key }))
}
