//! POST /v1/auth/mfa/code/send: sends a code to the enrolled number of somebody who is signed in.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        event::EventType,
        factor::{FactorError, FactorMethod, SentMethod},
        limit,
    },
    error::Result,
    function::{Capability, Needs},
    http::{Accepted, By, Call, Committed, Endpoint, Json, Limited, Route, Signed, problem::types},
    run_command,
    store::{Table, sent_code::NewCode, user::account_event},
};

use crate::{mfa::own_factors, mfa_send_code::CodeSent};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendOwnCode {
    /// `sms`. Nobody who is signed in needs a mailed code.
    method: SentMethod,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-mfa-send-own-code", "/v1/auth/mfa/code/send")
        .summary("Send a code to my second factor")
        .description(
            "Sends a code of six digits to the number that is enrolled, for `POST /v1/auth/reauthenticate` and `POST /v1/auth/mfa/disable` with the method `sms`. It is accepted for 5 minutes and works once; a further code makes it void.",
        )
        .idempotent()
        .limited(&[
            Limited { limit: &limit::USER, by: By::Caller },
            Limited { limit: &limit::SMS_ACCOUNT, by: By::Submitted },
            Limited { limit: &limit::SMS_NUMBER_HOUR, by: By::Submitted },
            Limited { limit: &limit::SMS_NUMBER_DAY, by: By::Submitted },
            Limited { limit: &limit::SMS_COUNTRY_DAY, by: By::Submitted },
        ])
        .opens_profile_keys()
        .problems(&[
            &types::MFA_NOT_ENABLED,
            &types::SMS_NOT_OFFERED,
            &types::SMS_UNAVAILABLE,
            &types::TOO_MANY_CODES,
        ])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UseTokenKeys)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Identity)
                .get(Table::Ephemeral)
                .reads(Section::Sms),
        )
        .open_without_second_factor()
        .handled_by(send)
}

async fn send(call: Call<Signed>, Json(form): Json<SendOwnCode>) -> Result<Committed<Accepted<CodeSent>>> {
    let (now, user) = (call.now(), call.caller.user);
    let (indexes, tokens) = (call.app.index_secrets().await?, call.app.token_secrets().await?);
    let mut counted = false;
    run_command!(call.command().await?, |attempt| {
        let account = own_factors(&call).await?;
        let number = account.sms_number()?.filter(|_| form.method == SentMethod::Sms).ok_or(FactorError::NotEnabled)?;
        account.factors.admit_code(now)?;
        if !counted {
            call.admit_text_message(&number, &user).await?;
            counted = true;
        }
        let code = NewCode::new((&tokens, &indexes), &user, FactorMethod::Sms, number.as_str(), now);
        let after = account.factors.await_sms_code(code.sent.clone())?;
        let (noted, kind) = account.auth.note_mfa(EventType::MfaTextCodeRequested);
        let commit = attempt
            .commit(now)
            .factors(&user, &account.factors, &after)
            .account_changes(&account.auth, &noted)
            .event_of_id(code.event, account_event(kind, &noted).data(&code.data));
        Ok(commit.returning(Accepted(CodeSent::by(form.method))))
    })
}
