//! POST /v1/users/phone: sets the number of the profile and sends a code to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        factor::FactorMethod,
        field::Fields,
        limit,
        person::PhoneNumber,
        profile::{Profile, changes},
        secret::Masked,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Accepted, By, Call, Committed, Endpoint, Json, Limited, Route, Signed, problem::types},
    run_command,
    store::{
        Table,
        sent_code::NewCode,
        user::{ProfileItem, account_event},
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPhone {
    /// With the country, as in `+49 151 12345678`.
    #[schema(value_type = String, max_length = 40, example = "+4915112345678")]
    phone: Masked<String>,
}

/// A code is on its way to the number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhoneCodeSent {
    #[schema(example = "+*********5678")]
    phone_masked: String,
    /// For how many seconds the code is accepted.
    #[schema(example = 300)]
    expires_in: u64,
}

pub fn endpoint() -> Endpoint {
    Route::post("account-set-phone", "/v1/users/phone")
        .summary("Set and verify my number")
        .description(
            "Sets the number of the profile and sends a code of six digits to it, for `POST /v1/users/phone/verify`. Another number than before is not verified until then. A further code makes the earlier one void. Several people may have the same number. A second factor by text message keeps the number that it was enrolled with.",
        )
        .idempotent()
        .limited(&[
            Limited { limit: &limit::USER, by: By::Caller },
            Limited { limit: &limit::SMS_ACCOUNT, by: By::Submitted },
            Limited { limit: &limit::SMS_NUMBER_HOUR, by: By::Submitted },
            Limited { limit: &limit::SMS_NUMBER_DAY, by: By::Submitted },
            Limited { limit: &limit::SMS_COUNTRY_DAY, by: By::Submitted },
        ])
        .problems(&[&types::SMS_NOT_OFFERED, &types::SMS_UNAVAILABLE, &types::TOO_MANY_CODES])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UseTokenKeys)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Identity)
                .get(Table::Ephemeral)
                .reads(Section::Sms),
        )
        .handled_by(set_phone)
}

async fn set_phone(call: Call<Signed>, Json(form): Json<SetPhone>) -> Result<Committed<Accepted<PhoneCodeSent>>> {
    let (store, now, user) = (call.app.store().await, call.now(), call.caller.user);
    let number = form.check()?;
    let (indexes, tokens) = (call.app.index_secrets().await?, call.app.token_secrets().await?);
    store.factors(&user).await?.admit_code(now)?;
    call.admit_text_message(&number, &user).await?;
    run_command!(call.command().await?, |attempt| {
        let account = store.account(&user, now).await?.ok_or(RequestError::Unauthenticated)?;
        let factors = store.factors(&user).await?;
        let code = NewCode::new((&tokens, &indexes), &user, FactorMethod::Sms, number.as_str(), now);
        let before = &account.profile;
        let changed = before.phone.as_ref() != Some(&number);
        let verified = before.phone_verified && !changed;
        let after = Profile { phone: Some(number.clone()), phone_verified: verified, ..before.clone() };
        let (auth, kind) = account.auth.request_phone_code(changed, now);
        let event = account_event(kind, &auth).data(&code.data).changes(changes(before, &after));
        let sealed = ProfileItem::seal(&user, &after, &account.profile_key)?;
        let commit = attempt
            .commit(now)
            .account_changes(&account.auth, &auth)
            .profile_changes(&user, &account.profile_item, &sealed)
            .factors(&user, &factors, &factors.await_phone_code(Some(code.sent.clone())))
            .event_of_id(code.event, event);
        let expires_in = verinym::domain::factor::CODE_LIFE.as_secs();
        Ok(commit.returning(Accepted(PhoneCodeSent { phone_masked: number.masked(), expires_in })))
    })
}

impl SetPhone {
    fn check(self) -> Result<PhoneNumber> {
        let mut fields = Fields::default();
        let number = fields.check("phone", PhoneNumber::parse(&self.phone));
        fields.done().map_err(RequestError::Invalid)?;
        Ok(number.ok_or_else(|| Internal::bug("a form without faults has a number"))?)
    }
}
