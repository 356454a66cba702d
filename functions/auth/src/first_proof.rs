//! A password that somebody sets by a mailed link: it proves the address, so what a stranger may have set before is dropped.

use verinym::{
    crypto::password,
    domain::{
        account::Account,
        auth::AuthError,
        event::{EventType, Subject},
        field::Fields,
        limit::LOGIN_IDENTIFIER,
        password::{OwnData, PasswordRules},
        profile::{Profile, changes},
        secret::SecretText,
    },
    error::{Internal, RequestError, Result},
    http::{Anonymous, Call, limit::bucket},
    store::{
        Table,
        commit::Commit,
        event::EventDraft,
        item::Key,
        lockout,
        secrets::IndexSecrets,
        user::{OpenAccount, PasswordHash, ProfileItem, ValueClaim},
    },
};

use crate::claims;

/// Adds what follows from the proof of the address: the claim lasts, the profile is `profile`, the username that a stranger may have
/// claimed is free, and linked accounts, passkeys, limits and lock-outs are gone.
pub async fn prove_address<'a>(
    commit: Commit<'a>,
    call: &Call<Anonymous>,
    account: &OpenAccount,
    profile: &Profile,
) -> Result<Commit<'a>> {
    let (auth, user) = (&account.auth, &account.auth.user);
    let address = auth.email_index.as_ref().ok_or(AuthError::InvalidToken)?;
    let mut commit = claims::confirm(commit, &ValueClaim::email_key(address), user);
    if *profile != account.profile {
        let sealed = ProfileItem::seal(user, profile, &account.profile_key)?;
        commit = commit.profile_changes(user, &account.profile_item, &sealed);
    }
    if drops_profile(account)
        && let Some(name) = username_held(call, auth).await?
    {
        commit = claims::release(commit, &name, user);
    }
    // The condition on the account's version causes a conflict if one is added or removed meanwhile.
    let commit = call.app.store().await.without_added_ways_in(commit, user).await?;
    Ok(clear_limits(commit, auth, &*call.app.index_secrets().await?))
}

/// Adds the events of the proof. That of the confirmation lists the changed fields of the profile.
pub fn events_of_reset<'a>(
    commit: Commit<'a>,
    events: Vec<(EventType, u64)>,
    (account, profile): (&OpenAccount, &Profile),
    shown_as: u64,
) -> Commit<'a> {
    let user = account.auth.user;
    events.into_iter().fold(commit, |commit, (kind, version)| {
        let event = EventDraft::new(kind, Subject::new("user", user), version).person(user).shown_as(shown_as);
        let confirms = kind == EventType::UserEmailVerified;
        commit.event(if confirms { event.changes(changes(&account.profile, profile)) } else { event })
    })
}

/// Whether a stranger may have given the profile: the address was never confirmed, and neither staff nor a machine client created the
/// account.
fn drops_profile(account: &OpenAccount) -> bool {
    !account.auth.email_verified && !account.auth.provisioned
}

/// The profile after the proof: of one that a stranger may have given, only the address is kept.
pub fn confirmed_profile(account: &OpenAccount) -> Profile {
    if drops_profile(account) {
        Profile { email: account.profile.email.clone(), ..Profile::empty() }
    } else {
        account.profile.clone()
    }
}

pub fn new_hash(password: &SecretText, profile: &Profile, call: &Call<Anonymous>) -> Result<PasswordHash> {
    let mut fields = Fields::default();
    let rules = PasswordRules { policy: call.app.config.accounts()?.password_policy };
    for fault in rules.check(password.expose(), &OwnData::of(profile)) {
        fields.refuse("password", fault);
    }
    fields.done().map_err(RequestError::Invalid)?;
    let hash = password::hash(password, &password::Params::default()).map_err(Internal::bug)?;
    Ok(PasswordHash(hash))
}

/// The claim on the account's username, unless it lapsed and somebody else took it.
async fn username_held(call: &Call<Anonymous>, auth: &Account) -> Result<Option<Key>> {
    let Some(index) = &auth.username_index else { return Ok(None) };
    let key = ValueClaim::username_key(index);
    let claim = call.app.store().await.claim(&key).await?;
    Ok(claim.filter(|claim| claim.user == auth.user).map(|_| key))
}

/// Clears lock-out and limit of the account's identifiers, so that a stranger's tries do not keep the owner out.
fn clear_limits<'a>(commit: Commit<'a>, auth: &Account, indexes: &IndexSecrets) -> Commit<'a> {
    auth.email_index.iter().chain(&auth.username_index).fold(commit, |commit, index| {
        let index = index.as_ref();
        commit
            .clear(Table::Ephemeral, &lockout::key(index))
            .clear(Table::Ephemeral, &bucket(indexes, &LOGIN_IDENTIFIER, index))
    })
}
