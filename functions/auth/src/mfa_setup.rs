//! POST /v1/auth/mfa/setup: begins to enroll an authenticator app.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::totp,
    domain::{factor::SetupMethod, secret::Masked},
    error::{Internal, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Created, Endpoint, Json, Recent, Route, ShownOnce, problem::types},
    run_command,
    store::{Table, factor::seal_secret},
};

use crate::{mfa::own_factors, qr_code};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUpMfa {
    method: SetupMethod,
}

/// What the authenticator app needs. It is shown once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MfaSetup {
    method: SetupMethod,
    /// The secret in base32, for apps that cannot scan.
    #[schema(value_type = String, example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: Masked<String>,
    /// The address that the QR code holds.
    #[schema(value_type = String, example = "otpauth://totp/Example:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example")]
    otpauth_uri: Masked<String>,
    /// The QR code as an SVG image.
    #[schema(value_type = String, example = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>")]
    qr_svg: Masked<String>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-mfa-setup", "/v1/auth/mfa/setup")
        .summary("Set up an authenticator app")
        .description(
            "Makes a secret for an authenticator app (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds). It is in force once `POST /v1/auth/mfa/activate` gets a right code within 10 minutes. A later setup replaces it.",
        )
        .idempotent()
        .loads_profile()
        .opens_profile_keys()
        .problems(&[&types::MFA_ALREADY_ENABLED])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Identity)
                .reads(Section::Mail),
        )
        .open_without_second_factor()
        .handled_by(set_up)
}

async fn set_up(
    call: Call<Recent>,
    Json(SetUpMfa { method }): Json<SetUpMfa>,
) -> Result<Committed<ShownOnce<Created<MfaSetup>>>> {
    let (store, now, user) = (call.app.store().await, call.now(), call.caller.user);
    let key = call.loaded.key(store, now).await?;
    let profile = call.loaded.profile()?.open(&user, &key)?;
    let secret = totp::new_secret();
    let product = &call.app.config.mail()?.brand.product;
    let name = profile.email.map_or_else(|| user.to_string(), |email| email.as_str().to_owned());
    let uri = totp::uri(&secret, product, &name).map_err(Internal::bug)?;
    let body = MfaSetup {
        method,
        secret: Masked(totp::base32(&secret).expose().clone()),
        qr_svg: Masked(qr_code::svg(uri.expose())?),
        otpauth_uri: Masked(uri.expose().clone()),
    };
    let sealed = seal_secret(&user, secret.as_slice(), &key);
    run_command!(call.command().await?, |attempt| {
        let account = own_factors(&call).await?;
        let after = account.factors.begin_setup(sealed.clone(), now)?;
        let commit = attempt.commit(now).factors(&user, &account.factors, &after);
        Ok(commit.returning(ShownOnce(Created { location: None, version: None, body: body.clone() })))
    })
}
