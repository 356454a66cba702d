//! What the routes of second factors share: codes of people who are signed in, and the session that proves them.

use std::ops::Deref;

use verinym::{
    domain::{
        event::EventType,
        factor::{CodeUse, FactorError, FactorMethod, Factors},
        person::PhoneNumber,
        secret::SecretText,
        time::Timestamp,
    },
    error::{RequestError, Result},
    http::{Call, Person},
    run_command,
    store::{
        Store,
        commit::Commit,
        factor::{Challenge, Expected, FactorAccount, present},
        secrets::IndexSecrets,
        session::{MULTI_FACTOR, SessionItem},
        user::{Account, account_event},
    },
};

/// What a code turned out to be, and the second factors after it.
pub enum CodeOutcome {
    Right(Factors),
    Wrong { after: Factors, locks: bool },
}

/// Compares a code; refused while too many were wrong. A code that was sent belongs to the challenge, or, of somebody who
/// is signed in, to the account.
pub fn check_code(
    account: &FactorAccount,
    (method, code): (FactorMethod, &SecretText),
    challenge: Option<&Challenge>,
    indexes: &IndexSecrets,
    now: Timestamp,
) -> Result<CodeOutcome> {
    let factors = &account.factors;
    factors.admit_code(now)?;
    let secret = factors.totp().map(|totp| totp.secret.as_slice());
    let number = if method == FactorMethod::Sms { account.sms_number()? } else { None };
    // No code was mailed to somebody without an address.
    let address = account.auth.email_index.as_ref().map(AsRef::as_ref);
    let to = number.as_ref().map(PhoneNumber::as_str).or(address);
    let own = (challenge.is_none() && method == FactorMethod::Sms).then_some(CodeUse::Sms);
    let sent = match challenge {
        Some(challenge) => challenge.sent.as_ref(),
        None => own.and_then(|own| factors.awaited(own)),
    };
    let expected = Expected { secret, sent: sent.zip(to) };
    let presented = present(&account.auth.user, method, code.expose(), expected, (indexes, &account.key), now)?;
    Ok(factors.accept(&presented).map_or_else(|| wrong(factors, own, now), CodeOutcome::Right))
}

/// A wrong code, which also counts on the code that is awaited for this use.
pub fn wrong(factors: &Factors, used: Option<CodeUse>, now: Timestamp) -> CodeOutcome {
    let (after, locks) = match used {
        Some(used) => factors.refuse_awaited(used, now),
        None => factors.refuse(now),
    };
    CodeOutcome::Wrong { after, locks }
}

/// Stores what became of a code. The event of a used backup code and of a lock tells the owner of the account. A right code of somebody
/// who deactivated the account puts it into use again.
pub fn record_code<'a>(
    commit: Commit<'a>,
    account: &FactorAccount,
    method: FactorMethod,
    outcome: &CodeOutcome,
    now: Timestamp,
) -> Result<Commit<'a>> {
    let (commit, after) = with_code(commit, account, method, outcome, now)?;
    Ok(with_account(commit, &account.auth, &after))
}

/// The account in its next state, if it has one.
pub fn with_account<'a>(commit: Commit<'a>, before: &Account, after: &Account) -> Commit<'a> {
    if after.version == before.version { commit } else { commit.account_changes(before, after) }
}

/// What [`record_code`] stores; returns the account after it, whose write is left to the caller.
pub fn with_code<'a>(
    commit: Commit<'a>,
    account: &FactorAccount,
    method: FactorMethod,
    outcome: &CodeOutcome,
    now: Timestamp,
) -> Result<(Commit<'a>, Account)> {
    let before = &account.auth;
    let (factors, noted, reactivated) = match outcome {
        CodeOutcome::Right(after) => {
            let used = (method == FactorMethod::BackupCode).then_some(EventType::MfaBackupCodeUsed);
            (after, used, before.reactivate(now)?)
        }
        CodeOutcome::Wrong { after, locks } => (after, locks.then_some(EventType::MfaLockedOut), None),
    };
    let mut commit = commit.factors(&before.user, &account.factors, factors);
    let mut after = before.clone();
    if let Some((active, kind)) = reactivated {
        commit = commit.event(account_event(kind, &active));
        after = active;
    }
    if let Some(kind) = noted {
        let (next, kind) = after.note_mfa(kind);
        commit = commit.event(account_event(kind, &next));
        after = next;
    }
    Ok((commit, after))
}

/// The account of a signed-in caller with its second factors. The session may have ended by a new password meanwhile.
pub async fn own_factors<A: Deref<Target = Person>>(call: &Call<A>) -> Result<FactorAccount> {
    let caller = &call.caller;
    let account = call.app.store().await.factor_account(&caller.user, call.now()).await?;
    let live = |account: &FactorAccount| account.auth.session_epoch == caller.auth.session_epoch;
    account.filter(live).ok_or_else(|| RequestError::Unauthenticated.into())
}

/// Proves a code of a signed-in caller and uses it up. A wrong one is counted and refused with [`FactorError::InvalidCode`].
pub async fn prove_code<A>(call: &Call<A>, method: FactorMethod, code: &SecretText) -> Result<()>
where
    A: Deref<Target = Person>,
{
    let (store, now) = (call.app.store().await, call.now());
    let (key, indexes) = (call.loaded.key(store, now).await?, call.app.index_secrets().await?);
    let command = call.command_without_reply(&key).await.until_deadline();
    let right = run_command!(command, |attempt| {
        let account = own_factors(call).await?;
        if !account.factors.is_enabled() {
            return Err(FactorError::NotEnabled.into());
        }
        let outcome = check_code(&account, (method, code), None, &indexes, now)?;
        let commit = record_code(attempt.commit(now), &account, method, &outcome, now)?;
        Ok(commit.returning(matches!(outcome, CodeOutcome::Right(_))))
    });
    if right? { Ok(()) } else { Err(FactorError::InvalidCode.into()) }
}

/// The caller's session as it is now: as the call read it, or read again after a conflict.
pub async fn own_session<A>(call: &Call<A>, store: &Store, first: bool) -> Result<SessionItem>
where
    A: Deref<Target = Person>,
{
    let caller = &call.caller;
    if first {
        return Ok(caller.session_item.clone());
    }
    let session = store.session(&caller.user, &caller.session, call.now()).await?;
    session.ok_or_else(|| RequestError::Unauthenticated.into())
}

/// The authentication methods of a first factor together with a code. A mailed code makes no second factor.
pub fn both_factors(first: &str, second: FactorMethod) -> Vec<&str> {
    let of_code = second.amr().filter(|amr| *amr != first);
    let both = second.is_second_factor().then_some(MULTI_FACTOR);
    std::iter::once(first).chain(of_code).chain(both).collect()
}

/// The account of a challenge, while its password is the one that it began with, and a second factor is enrolled as it was then.
pub fn admitted(account: Option<FactorAccount>, challenge: &Challenge, now: Timestamp) -> Result<FactorAccount> {
    let unchanged = |account: &FactorAccount| {
        account.auth.session_epoch == challenge.epoch && account.factors.is_enabled() != challenge.is_step_up()
    };
    let account = account.filter(unchanged).ok_or(FactorError::ChallengeExpired)?;
    account.auth.admit(now)?;
    Ok(account)
}
