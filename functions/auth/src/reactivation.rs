//! What a sign-in changes of the account beside the session that it begins.

use verinym::{
    domain::{
        account::UserStatus,
        auth::AuthError,
        event::{Actor, EventType},
        time::Timestamp,
    },
    error::Result,
    store::{
        Store,
        command::Attempt,
        commit::Commit,
        user::{Account, account_event},
    },
};

/// Adds the changes of the account to the commit that begins a session: a deactivated account is in use again, and its password
/// gets a stronger hash if `rehashed` has one. `signing_in` is the account as it was when its person proved who they are.
///
/// # Errors
/// [`AuthError::InvalidCredentials`] if what was proved became void before a deactivated account could be reactivated.
pub async fn with_account_changes<'s>(
    commit: Commit<'s>,
    attempt: &Attempt<'s>,
    store: &Store,
    signing_in: &Account,
    rehashed: Option<&(Account, EventType)>,
    now: Timestamp,
) -> Result<Commit<'s>> {
    let before = if attempt.is_first() || signing_in.status == UserStatus::Active {
        signing_in.clone()
    } else {
        let current = store.auth(&signing_in.user).await?;
        current.filter(|now| now.session_epoch == signing_in.session_epoch).ok_or(AuthError::InvalidCredentials)?
    };
    let (mut commit, mut after) = (commit, before.clone());
    // After a conflict the account may have changed, so the new hash is left to the next sign-in.
    if let Some((rehashed, kind)) = rehashed.filter(|_| attempt.is_first()) {
        commit = commit.event(account_event(*kind, rehashed).by(Actor::system("password")));
        after = rehashed.clone();
    }
    if let Some((active, kind)) = after.reactivate(now)? {
        commit = commit.event(account_event(kind, &active));
        after = active;
    }
    Ok(if after.version == before.version { commit } else { commit.account_changes(&before, &after) })
}
