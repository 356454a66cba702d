//! What a sign-in changes of the account beside the session that it begins.

use verinym::{
    crypto::{mailed, random::RandomId},
    domain::{
        account::UserStatus,
        auth::AuthError,
        event::{Actor, EventType, SignedInSession},
        id::{EventId, SessionId},
        mailed_token::TokenPurpose,
        time::Timestamp,
    },
    error::Result,
    store::{
        Store, Table,
        command::Attempt,
        commit::Commit,
        mail_token::MailToken,
        user::{Account, account_event},
    },
};

/// What a sign-in may change.
#[derive(Debug)]
pub struct SignInChanges<'a> {
    /// The account as it was when its person proved who they are.
    pub signing_in: &'a Account,
    /// Its password under a stronger hash.
    pub rehashed: Option<&'a (Account, EventType)>,
    /// The session, if its device is new to the account: its owner gets a mail with a link to disown it.
    pub on_new_device: Option<SessionId>,
}

/// Adds the changes of the account to the commit that begins a session: a deactivated account is in use again, its password gets a
/// stronger hash, and a token to disown the sign-in is recorded.
///
/// # Errors
/// [`AuthError::InvalidCredentials`] if what was proved became void meanwhile.
pub async fn with_account_changes<'s>(
    commit: Commit<'s>,
    attempt: &Attempt<'s>,
    store: &Store,
    changes: SignInChanges<'_>,
    now: Timestamp,
) -> Result<Commit<'s>> {
    let SignInChanges { signing_in, rehashed, on_new_device } = changes;
    let must_change = signing_in.status != UserStatus::Active || on_new_device.is_some();
    let before = if must_change { as_it_is(attempt, store, signing_in).await? } else { signing_in.clone() };
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
    if let Some(session) = on_new_device {
        (commit, after) = with_link_to_disown(commit, &after, session, now);
    }
    Ok(if after.version == before.version { commit } else { commit.account_changes(&before, &after) })
}

/// The account of somebody who signs in: as it was when they proved who they are, or read again after a conflict.
///
/// # Errors
/// [`AuthError::InvalidCredentials`] if what was proved became void meanwhile.
pub async fn as_it_is(attempt: &Attempt<'_>, store: &Store, signing_in: &Account) -> Result<Account> {
    if attempt.is_first() {
        return Ok(signing_in.clone());
    }
    let current = store.auth(&signing_in.user).await?;
    Ok(current.filter(|now| now.session_epoch == signing_in.session_epoch).ok_or(AuthError::InvalidCredentials)?)
}

/// Adds a token to disown a session, and the event that mails it; returns the account after it, whose write is left to the caller.
pub fn with_link_to_disown<'s>(
    commit: Commit<'s>,
    account: &Account,
    session: SessionId,
    now: Timestamp,
) -> (Commit<'s>, Account) {
    let purpose = TokenPurpose::EndSession;
    // The id of the token follows from the id of the event.
    let event = EventId::new(now);
    let id = mailed::id_of_event(&event, purpose.as_str());
    let (told, kind) = account.request_mail(purpose, id);
    let token = MailToken::new(told.user, purpose, now);
    let commit = commit
        .create(Table::Ephemeral, &MailToken::key(&id), &token, None)
        .event_of_id(event, account_event(kind, &told).data(&SignedInSession { session }));
    (commit, told)
}
