//! POST /v1/auth/mfa/setup: begins to enroll an authenticator app or a number.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::totp,
    domain::{
        event::EventType,
        factor::{FactorError, FactorMethod, SetupMethod},
        field::{FieldFault, Fields},
        limit,
        person::PhoneNumber,
        secret::Masked,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{
        Accepted, By, Call, Committed, Created, Either, Endpoint, Json, Limited, Recent, Route, ShownOnce,
        problem::types,
    },
    run_command,
    store::{
        Table,
        factor::{seal_number, seal_secret},
        sent_code::NewCode,
        user::account_event,
    },
};

use crate::{mfa::own_factors, qr_code};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUpMfa {
    method: SetupMethod,
    /// The number that codes are sent to, for `sms`.
    #[schema(value_type = Option<String>, max_length = 40, example = "+4915112345678")]
    phone: Option<Masked<String>>,
}

/// A code is on its way to the number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SmsSetupSent {
    method: SetupMethod,
    #[schema(example = "+*********5678")]
    phone_masked: String,
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
        .summary("Set up a second factor")
        .description(
            "Makes a secret for an authenticator app (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds). It is in force once `POST /v1/auth/mfa/activate` gets a right code within 10 minutes. A later setup replaces it. With the method `sms` and a `phone` it sends a code of six digits to that number (202), which is awaited for 5 minutes. The number is that of the second factor alone; a change of the profile's number does not move it.",
        )
        .idempotent()
        .loads_profile()
        .opens_profile_keys()
        .limited(&[
            Limited { limit: &limit::USER, by: By::Caller },
            Limited { limit: &limit::SMS_ACCOUNT, by: By::Submitted },
            Limited { limit: &limit::SMS_NUMBER_HOUR, by: By::Submitted },
            Limited { limit: &limit::SMS_NUMBER_DAY, by: By::Submitted },
            Limited { limit: &limit::SMS_COUNTRY_DAY, by: By::Submitted },
        ])
        .problems(&[
            &types::MFA_ALREADY_ENABLED,
            &types::SMS_NOT_OFFERED,
            &types::SMS_UNAVAILABLE,
            &types::TOO_MANY_CODES,
        ])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Identity)
                .with(Capability::UseTokenKeys)
                .get(Table::Ephemeral)
                .reads(Section::Sms)
                .reads(Section::Mail),
        )
        .open_without_second_factor()
        .handled_by(set_up)
}

type SetupReply = ShownOnce<Either<Created<MfaSetup>, Accepted<SmsSetupSent>>>;

const NEEDED: FieldFault = FieldFault::new("required", "The method needs the number.");
const UNEXPECTED: FieldFault = FieldFault::new("unexpected", "The method has no number.");

async fn set_up(call: Call<Recent>, Json(form): Json<SetUpMfa>) -> Result<Committed<SetupReply>> {
    let mut fields = Fields::default();
    let number = fields.check_optional("phone", form.phone, |text| PhoneNumber::parse(&text));
    match (form.method, number) {
        (SetupMethod::Sms, Some(number)) => return set_up_sms(call, number).await,
        (SetupMethod::Totp, None) => {}
        (SetupMethod::Sms, None) => fields.refuse("phone", NEEDED),
        (SetupMethod::Totp, Some(_)) => fields.refuse("phone", UNEXPECTED),
    }
    fields.done().map_err(RequestError::Invalid)?;
    set_up_totp(call).await
}

async fn set_up_sms(call: Call<Recent>, number: PhoneNumber) -> Result<Committed<SetupReply>> {
    let (store, now, user) = (call.app.store().await, call.now(), call.caller.user);
    let (indexes, tokens) = (call.app.index_secrets().await?, call.app.token_secrets().await?);
    let key = call.loaded.key(store, now).await?;
    let first = own_factors(&call).await?;
    first.factors.admit_code(now)?;
    if first.factors.sms().is_some() {
        return Err(FactorError::AlreadyEnabled.into());
    }
    call.admit_text_message(&number, &user).await?;
    let sealed = seal_number(&user, &number, &key);
    run_command!(call.command().await?, |attempt| {
        let account = own_factors(&call).await?;
        let code = NewCode::new((&tokens, &indexes), &user, FactorMethod::Sms, number.as_str(), now);
        let after = account.factors.begin_sms_setup(sealed.clone(), code.sent.clone())?;
        let (noted, kind) = account.auth.note_mfa(EventType::MfaSmsSetupRequested);
        let commit = attempt
            .commit(now)
            .factors(&user, &account.factors, &after)
            .account_changes(&account.auth, &noted)
            .event_of_id(code.event, account_event(kind, &noted).data(&code.data));
        let body = SmsSetupSent { method: SetupMethod::Sms, phone_masked: number.masked() };
        Ok(commit.returning(ShownOnce(Either::Other(Accepted(body)))))
    })
}

async fn set_up_totp(call: Call<Recent>) -> Result<Committed<SetupReply>> {
    let method = SetupMethod::Totp;
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
        Ok(commit.returning(ShownOnce(Either::One(Created { location: None, version: None, body: body.clone() }))))
    })
}
