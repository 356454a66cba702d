//! POST /v1/users/email/change: asks for another address, which a mailed link has to confirm.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::{mailed, random::RandomId},
    domain::{
        account::BlindIndex,
        auth::AuthError,
        field::{FieldFault, Fields},
        id::EventId,
        limit,
        mailed_token::TokenPurpose,
        person::Email,
        secret::Masked,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Accepted, By, Call, Committed, Endpoint, Json, Limited, Recent, Route, problem::types},
    run_command,
    store::{
        Table,
        email_change::TokenAddress,
        mail_token::MailToken,
        user::{Account, ValueClaim, account_event},
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    /// The new address.
    #[schema(value_type = String, min_length = 3, max_length = 254, format = Email, example = "ada@your-company.net")]
    email: Masked<String>,
}

/// The answer, whether or not an account has the address.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckNewEmail {
    #[schema(example = "check_your_email")]
    status: &'static str,
}

pub fn endpoint() -> Endpoint {
    Route::post("account-change-email", "/v1/users/email/change")
        .summary("Change my address")
        .description(
            "Mails a link to the new address, which confirms it within 24 hours. Until then the account keeps its address. With enumeration protection (the default) the answer is 202 whether or not the address is taken; its holder gets a mail instead. Without it the answer is 409 `email_taken`.",
        )
        .idempotent()
        .limited(&[
            Limited { limit: &limit::USER, by: By::Caller },
            Limited { limit: &limit::ADDRESS_CHANGE, by: By::Caller },
            Limited { limit: &limit::MAIL_PAIR, by: By::Submitted },
            Limited { limit: &limit::MAIL_ADDRESS, by: By::Submitted },
        ])
        .problems(&[&types::EMAIL_TAKEN, &types::TOO_MANY_EMAIL_CHANGES])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Identity)
                .put(Table::Identity)
                .put(Table::Ephemeral)
                .reads(Section::Accounts),
        )
        .handled_by(change_email)
}

const UNCHANGED: FieldFault = FieldFault::new("unchanged", "Is the address of the account already.");

async fn change_email(call: Call<Recent>, Json(form): Json<ChangeEmail>) -> Result<Committed<Accepted<CheckNewEmail>>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    let purpose = TokenPurpose::ConfirmEmailChange;
    let indexes = call.app.index_secrets().await?;
    let (email, index) = form.check(&caller.auth, |email| indexes.email(email.as_str()))?;
    call.limit_pair(&limit::MAIL_PAIR, index.as_ref()).await?;
    call.limit(&limit::MAIL_ADDRESS, index.as_ref()).await?;
    if !call.app.config.accounts()?.enumeration_protection {
        let claim = store.claim(&ValueClaim::email_key(&index)).await?;
        if claim.is_some_and(|claim| claim.bars(&caller.user, now)) {
            return Err(AuthError::EmailTaken.into());
        }
    }
    let key = call.loaded.key(store, now).await?;
    // The id of the token follows from the id of the event.
    let event = EventId::new(now);
    let id = mailed::id_of_event(&event, purpose.as_str());
    run_command!(call.command().await?, |attempt| {
        let before = if attempt.is_first() {
            caller.auth.clone()
        } else {
            store.auth(&caller.user).await?.ok_or(RequestError::Unauthenticated)?
        };
        let changes = store.email_changes(&caller.user).await?;
        let pending = TokenAddress::seal(&caller.user, id, purpose, (&email, &index), &key, now);
        let requested = changes.request(pending, now)?;
        let (after, kind) = before.request_mail(purpose, id);
        let token = MailToken::new(caller.user, purpose, now);
        let commit = attempt
            .commit(now)
            .account_changes(&before, &after)
            .email_changes(&caller.user, &changes, &requested)
            .create(Table::Ephemeral, &MailToken::key(&id), &token, None)
            .event_of_id(event, account_event(kind, &after));
        Ok(commit.returning(Accepted(CheckNewEmail { status: "check_your_email" })))
    })
}

impl ChangeEmail {
    fn check(self, account: &Account, index: impl FnOnce(&Email) -> BlindIndex) -> Result<(Email, BlindIndex)> {
        let mut fields = Fields::default();
        let email = fields.check("email", Email::parse(&self.email));
        let email = email.map(|email| (index(&email), email));
        if email.as_ref().is_some_and(|(index, _)| account.email_index.as_ref() == Some(index)) {
            fields.refuse("email", UNCHANGED);
        }
        fields.done().map_err(RequestError::Invalid)?;
        let (index, email) = email.ok_or_else(|| Internal::bug("a form without faults has an address"))?;
        Ok((email, index))
    }
}
