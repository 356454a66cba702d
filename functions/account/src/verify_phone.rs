//! POST /v1/users/phone/verify: verifies the number of the profile by the code that was sent to it.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        event::EventType,
        factor::{CodeUse, FactorError, FactorMethod, Factors, SentCode},
        profile::{Profile, changes},
        secret::SecretText,
        user::User,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, Json, Route, Signed, Versioned, problem::types},
    run_command,
    store::{
        Table,
        command::Decided,
        sent_code::sent_digest,
        user::{OpenAccount, ProfileItem, account_event},
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyPhone {
    /// The code that was sent. Spaces and hyphens are fine.
    #[schema(value_type = String, max_length = 64, example = "287082")]
    code: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("account-verify-phone", "/v1/users/phone/verify")
        .summary("Verify my number")
        .description(
            "Verifies the number of the profile by the code of `POST /v1/users/phone`. A code is accepted for 5 minutes and works once; five wrong codes void it, and ten wrong codes in an hour, with those of the second factor, lock both for a while.",
        )
        .idempotent()
        .opens_profile_keys()
        .problems(&[&types::INVALID_CODE, &types::TOO_MANY_CODES])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Identity),
        )
        .handled_by(verify)
}

async fn verify(call: Call<Signed>, Json(form): Json<VerifyPhone>) -> Result<Committed<Versioned<User>>> {
    let (now, user) = (call.now(), call.caller.user);
    let proved = prove(&call, &form.code).await?;
    run_command!(call.command().await?, |attempt| {
        let (account, factors) = own(&call).await?;
        // Another call may have used it, or another number made it void.
        if factors.awaited(CodeUse::Phone).map(|code| &code.digest) != Some(&proved.digest) {
            return Err(FactorError::InvalidCode.into());
        }
        let after = Profile { phone_verified: true, ..account.profile.clone() };
        let (auth, kind) = account.auth.verify_phone(now);
        let sealed = ProfileItem::seal(&user, &after, &account.profile_key)?;
        let commit = attempt
            .commit(now)
            .account_changes(&account.auth, &auth)
            .profile_changes(&user, &account.profile_item, &sealed)
            .factors(&user, &factors, &factors.await_phone_code(None))
            .event(account_event(kind, &auth).changes(changes(&account.profile, &after)));
        Ok(commit.returning(Versioned { version: auth.profile_version(), body: auth.user(after) }))
    })
}

/// The awaited code, if it is the one of the form. A wrong one is counted.
async fn prove(call: &Call<Signed>, code: &SecretText) -> Result<SentCode> {
    let (store, now, user) = (call.app.store().await, call.now(), call.caller.user);
    let (indexes, key) = (call.app.index_secrets().await?, call.loaded.key(store, now).await?);
    let command = call.command_without_reply(&key).await.until_deadline();
    let proved = run_command!(command, |attempt| {
        let (account, factors) = own(call).await?;
        factors.admit_code(now)?;
        let number = account.profile.phone.as_ref().map_or("", |number| number.as_str());
        let digest = sent_digest(&indexes, &user, number, code.expose());
        let right = factors.awaited(CodeUse::Phone).filter(|sent| sent.is(FactorMethod::Sms, &digest, now));
        if let Some(right) = right {
            return Ok(Decided::Unchanged(Some(right.clone())));
        }
        let (after, locks) = factors.refuse_awaited(CodeUse::Phone, now);
        let commit = attempt.commit(now).factors(&user, &factors, &after);
        let commit = if locks { commit.note_mfa(&account.auth, EventType::MfaLockedOut) } else { commit };
        Ok(commit.returning(None))
    });
    proved?.ok_or_else(|| FactorError::InvalidCode.into())
}

async fn own(call: &Call<Signed>) -> Result<(OpenAccount, Factors)> {
    let (store, user) = (call.app.store().await, &call.caller.user);
    let account = store.account(user, call.now()).await?.ok_or(RequestError::Unauthenticated)?;
    Ok((account, store.factors(user).await?))
}
