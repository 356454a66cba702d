//! POST /v1/auth/mfa/challenge/send: sends a code for the challenge of a sign-in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        event::{Actor, EventType},
        factor::{CHALLENGE_SENDS, CODE_LIFE, FactorError, FactorMethod, SentMethod},
        field::{FieldFault, Fields},
        limit,
        secret::SecretText,
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Concurrency, Needs},
    http::{Accepted, Anonymous, By, Call, Endpoint, Json, Limited, Route, problem::types},
    run_command,
    store::{Table, author::Author, factor::Challenge, kek::KeyPurpose, sent_code::NewCode, user::account_event},
};

use crate::mfa::admitted;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendChallengeCode {
    /// `challenge.token` of the answer to the sign-in.
    #[schema(value_type = String, max_length = 512, example = "aGVsbG8tY2hhbGxlbmdlLTMyLXJhbmRvbS1ieXRlcyE")]
    challenge_token: SecretText,
    /// One of the methods that the challenge offers.
    method: SentMethod,
}

/// A code is on its way.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CodeSent {
    method: SentMethod,
    /// For how many seconds the code is accepted.
    #[schema(example = 300)]
    expires_in: u64,
}

impl CodeSent {
    pub const fn by(method: SentMethod) -> Self {
        Self { method, expires_in: CODE_LIFE.as_secs() }
    }
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-mfa-send-code", "/v1/auth/mfa/challenge/send")
        .summary("Send a code for a sign-in")
        .description(
            "Sends a code of six digits by a method that the challenge offers, for `POST /v1/auth/mfa/verify`. A code is accepted for 5 minutes and works once. A further code makes the earlier one void; three are sent for a challenge at most.",
        )
        .limited(&[
            Limited { limit: &limit::ANONYMOUS, by: By::Ip },
            Limited { limit: &limit::MAIL_CODE, by: By::Submitted },
            Limited { limit: &limit::SMS_ACCOUNT, by: By::Submitted },
            Limited { limit: &limit::SMS_NUMBER_HOUR, by: By::Submitted },
            Limited { limit: &limit::SMS_NUMBER_DAY, by: By::Submitted },
            Limited { limit: &limit::SMS_COUNTRY_DAY, by: By::Submitted },
        ])
        .problems(&[
            &types::CHALLENGE_EXPIRED,
            &types::TOO_MANY_CODES,
            &types::ACCOUNT_DEACTIVATED,
            &types::ACCOUNT_LOCKED,
            &types::SMS_NOT_OFFERED,
            &types::SMS_UNAVAILABLE,
        ])
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .get(Table::Ephemeral)
                .put(Table::Ephemeral)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .get_many(Table::Keys)
                .reads(Section::Sms)
                .reads(Section::Tokens),
        )
        .handled_by(send)
}

const NOT_OFFERED: FieldFault = FieldFault::new("not_offered", "The challenge does not offer this method.");

/// Four round trips: the challenge; the account; its limit; the code.
async fn send(call: Call<Anonymous>, Json(form): Json<SendChallengeCode>) -> Result<Accepted<CodeSent>> {
    let (app, store, now) = (call.app, call.app.store().await, call.now());
    let (indexes, tokens, ()) =
        tokio::join!(app.index_secrets(), app.token_secrets(), store.preload_keks(&[KeyPurpose::Profile], now));
    let (indexes, tokens) = (indexes?, tokens?);
    let at = Challenge::key(&indexes, form.challenge_token.expose());
    let method = FactorMethod::from(form.method);
    let mut counted = false;
    let command = call.command_by(Actor::Anonymous).await.until_deadline();
    run_command!(command, |attempt| {
        let challenge = store.challenge(&at, now).await?.ok_or(FactorError::ChallengeExpired)?;
        let account = admitted(store.factor_account(&challenge.user, now).await?, &challenge, now)?;
        check_offered(&challenge, method)?;
        account.factors.admit_code(now)?;
        if challenge.sends >= CHALLENGE_SENDS {
            return Err(until_its_end(&challenge, now).into());
        }
        let user = &account.auth.user;
        let number = if method == FactorMethod::Sms { account.sms_number()? } else { None };
        if !counted {
            match &number {
                Some(number) => call.admit_text_message(number, user).await?,
                None => call.limit(&limit::MAIL_CODE, &user.to_string()).await?,
            }
            counted = true;
        }
        let address = account.auth.email_index.as_ref().map(AsRef::as_ref);
        let (to, kind) = match &number {
            Some(number) => (number.as_str(), EventType::MfaTextCodeRequested),
            // Somebody without an address is not offered a mailed code.
            None => (address.ok_or(FactorError::ChallengeExpired)?, EventType::MfaMailCodeRequested),
        };
        let code = NewCode::new((&tokens, &indexes), user, method, to, now);
        let after = challenge.with_code(code.sent.clone());
        let (noted, kind) = account.auth.note_mfa(kind);
        let author = Author::from(Actor::User(*user)).origin(&account.key, call.meta.origin());
        let commit = attempt
            .commit(now)
            .by(author)
            .challenge_changes(&at, &challenge, &after)
            .account_changes(&account.auth, &noted)
            .event_of_id(code.event, account_event(kind, &noted).data(&code.data));
        Ok(commit.returning(()))
    })?;
    Ok(Accepted(CodeSent::by(form.method)))
}

fn check_offered(challenge: &Challenge, method: FactorMethod) -> Result<()> {
    let mut fields = Fields::default();
    if !challenge.methods.contains(&method) {
        fields.refuse("method", NOT_OFFERED);
    }
    Ok(fields.done().map_err(RequestError::Invalid)?)
}

/// The refusal of a further code: another challenge has to begin.
fn until_its_end(challenge: &Challenge, now: Timestamp) -> RequestError {
    let left = challenge.expires.saturating_sub(now.unix_seconds());
    RequestError::RateLimited { retry_after: u64::try_from(left).unwrap_or_default().max(1) }
}
