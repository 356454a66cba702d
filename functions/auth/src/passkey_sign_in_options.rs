//! POST /v1/auth/webauthn/authenticate/options: what an authenticator needs to sign in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::random::{self, RandomId},
    domain::{field::Fields, id::UserId, limit, person::Email, secret::Masked},
    error::{Internal, RequestError, Result},
    function::{Concurrency, Needs},
    http::{Anonymous, By, Call, Endpoint, Json, Limited, Plain, Route},
    store::{
        Table,
        passkey::{Ceremony, CeremonyPurpose},
        user::ValueClaim,
    },
};
use webauthn_rs::prelude::Passkey;

use crate::{
    passkey_register_options::PasskeyOptions,
    passkeys::{relying_party, restored, stored},
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInOptions {
    /// For authenticators that cannot find a passkey without a name. Without it any passkey of this site serves.
    #[schema(value_type = Option<String>, min_length = 3, max_length = 254, format = Email, example = "ada@your-company.net")]
    email: Option<Masked<String>>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-passkey-sign-in-options", "/v1/auth/webauthn/authenticate/options")
        .summary("Begin to sign in with a passkey")
        .description(
            "Options for `navigator.credentials.get`. They serve for one answer to `POST /v1/auth/webauthn/authenticate`, within 5 minutes. With `email` they name the passkeys of the account; for an address without an account or without passkeys they name one that nobody has.",
        )
        .limited(&[Limited { limit: &limit::ANONYMOUS, by: By::Ip }])
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .put(Table::Ephemeral)
                .rarely("an address is given", Needs::new().get(Table::Identity).query(Table::Identity))
                .reads(Section::Passkeys),
        )
        .handled_by(begin)
}

async fn begin(call: Call<Anonymous>, Json(form): Json<SignInOptions>) -> Result<Plain<PasskeyOptions>> {
    let (app, store, now) = (call.app, call.app.store().await, call.now());
    let mut fields = Fields::default();
    let email = fields.check_optional("email", form.email.as_deref(), |text| Email::parse(text));
    fields.done().map_err(RequestError::Invalid)?;
    let indexes = app.index_secrets().await?;
    let (options, state) = relying_party(app)?.start_discoverable_authentication().map_err(Internal::bug)?;
    let mut public_key = serde_json::to_value(&options.public_key).map_err(Internal::bug)?;
    let purpose = match email {
        None => CeremonyPurpose::SignIn,
        Some(email) => {
            let claim = store.claim(&ValueClaim::email_key(&indexes.email(email.as_str()))).await?;
            // For an unknown address the passkeys of a random account are read, so that the response time tells nothing.
            let claim = claim.filter(|claim| !claim.is_former()).unwrap_or_else(|| ValueClaim::new(UserId::new(now)));
            let passkeys = store.all_passkeys(&claim.user).await?;
            let id = |passkey: &Passkey| URL_SAFE_NO_PAD.encode(passkey.cred_id());
            let known = passkeys.iter().map(|item| Ok(id(&restored(&item.verifier)?)));
            let mut ids = known.collect::<Result<Vec<_>>>()?;
            let user = (!ids.is_empty()).then_some(claim.user);
            if ids.is_empty() {
                ids.push(URL_SAFE_NO_PAD.encode(indexes.decoy_credential(email.as_str())));
            }
            let allowed = ids.into_iter().map(|id| json!({"type": "public-key", "id": id}));
            public_key["allowCredentials"] = allowed.collect();
            CeremonyPurpose::SignInTo { user }
        }
    };
    let id = random::token();
    let ceremony = Ceremony::begin(purpose, stored(&state)?, now);
    store.begin_ceremony(&Ceremony::key(&indexes, &id), &ceremony).await?;
    Ok(Plain(PasskeyOptions { challenge_id: Masked(id), public_key }))
}
