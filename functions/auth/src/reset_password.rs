//! POST /v1/auth/password/reset: a new password by a mailed link, which proves the address; every session ends.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::password,
    domain::{
        auth::AuthError,
        event::{Actor, EventType, Subject},
        field::Fields,
        limit::LOGIN_IDENTIFIER,
        mailed_token::TokenPurpose,
        password::{OwnData, PasswordRules},
        profile::{Profile, changes},
        secret::SecretText,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Concurrency, Needs},
    http::{
        Anonymous, Call, Endpoint, Json, NoContent, Route, limit::bucket, mailed_token::VerifiedMailedToken,
        problem::types,
    },
    run_command,
    store::{
        Table,
        author::Author,
        commit::Commit,
        event::EventDraft,
        item::Key,
        lockout,
        secrets::IndexSecrets,
        session::Ending,
        user::{Account, OpenAccount, PasswordHash, ProfileItem, ValueClaim},
    },
};

use crate::claims;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    #[schema(value_type = String, max_length = 512, example = "evt_01h2xcejqtf2nbrexx3vqjhp41.6x0TqUeQ3l1r0m9bWq8Zq2Y5cVvF4h7d")]
    token: SecretText,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 512, example = "another horse, another staple")]
    password: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-reset-password", "/v1/auth/password/reset")
        .summary("Set a new password by a mailed link")
        .description(
            "Sets a new password with the token of the mailed link, which works once within an hour; that of an account which staff or a machine client created, within seven days. All sessions of the account end, and linked accounts at identity providers and passkeys are removed, since somebody else may have added one. A deactivated account stays so until its person signs in.",
        )
        .problems(&[&types::EXPIRED_TOKEN, &types::INVALID_TOKEN, &types::ACCOUNT_DEACTIVATED])
        .memory(1024)
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .update(Table::Identity)
                .delete(Table::Identity)
                .get_many(Table::Keys)
                .get(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .rarely(
                    "another write was first, or the account is unconfirmed and has a user name",
                    Needs::new().get(Table::Identity),
                )
                .reads(Section::Accounts),
        )
        .handled_by(reset_password)
}

async fn reset_password(call: Call<Anonymous>, Json(form): Json<ResetPassword>) -> Result<NoContent> {
    let now = call.now();
    let store = call.app.store().await;
    let purposes = [TokenPurpose::ResetPassword, TokenPurpose::FirstPassword];
    let token = VerifiedMailedToken::verify_any(call.app, &form.token, &purposes, now).await?;
    let mut hash = None;
    let command = call.command_by(Actor::Anonymous).await;
    let changed = run_command!(command, |attempt| {
        let account = store.account(&token.user, now).await?.ok_or(AuthError::InvalidToken)?;
        token.check_valid(&account.auth)?;
        if account.auth.is_ending() {
            return Err(AuthError::InvalidToken.into());
        }
        let address = account.auth.email_index.as_ref().ok_or(AuthError::InvalidToken)?;
        let profile = confirmed_profile(&account);
        let hash: &PasswordHash = match &mut hash {
            Some(hash) => hash,
            none => none.insert(new_hash(&form.password, &profile, &call)?),
        };
        let (after, events) = account.auth.reset_password(hash.clone(), now)?;
        let author = Author::from(Actor::User(after.user)).origin(&account.profile_key, call.meta.origin());
        let commit = attempt.commit(now).by(author).account_changes(&account.auth, &after);
        let shown = after.profile_version();
        let events = events.into_iter().map(|event| reset_event(event, &account).shown_as(shown));
        let mut commit = events.fold(commit, Commit::event);
        commit = claims::confirm(token.consume(commit), &ValueClaim::email_key(address), &after.user);
        if drops_profile(&account) {
            let item = ProfileItem::seal(&after.user, &profile, &account.profile_key)?.item(&after.user);
            commit = commit.put_if(Table::Identity, item, "attribute_exists(pk)", &[], None);
            if let Some(name) = username_held(&call, &account.auth).await? {
                commit = claims::release(commit, &name, &after.user);
            }
        }
        // The condition on the account's version causes a conflict if one is added or removed meanwhile.
        commit = store.without_added_ways_in(commit, &after.user).await?;
        Ok(clear_limits(commit, &account.auth, &*call.app.index_secrets().await?).returning(after))
    });
    let after = changed?;
    // The commit has ended the sessions already; this deletes their items. A failure has no effect.
    let command = call.command_by(Actor::User(after.user)).await;
    if let Err(error) = store.end_sessions(&command, &after, None, &Ending::revoked("password_reset"), now).await {
        tracing::warn!(%error, user_id = %after.user, "sessions of an earlier epoch were not all cleaned away");
    }
    Ok(NoContent)
}

/// Whether a stranger may have given the profile: the address was never confirmed, and neither staff nor a machine client created the
/// account.
fn drops_profile(account: &OpenAccount) -> bool {
    !account.auth.email_verified && !account.auth.provisioned
}

/// The profile after the reset: of one that a stranger may have given, only the address is kept.
fn confirmed_profile(account: &OpenAccount) -> Profile {
    if drops_profile(account) {
        Profile { email: account.profile.email.clone(), ..Profile::empty() }
    } else {
        account.profile.clone()
    }
}

fn new_hash(password: &SecretText, profile: &Profile, call: &Call<Anonymous>) -> Result<PasswordHash> {
    let mut fields = Fields::default();
    let rules = PasswordRules { policy: call.app.config.accounts()?.password_policy };
    for fault in rules.check(password.expose(), &OwnData::of(profile)) {
        fields.refuse("password", fault);
    }
    fields.done().map_err(RequestError::Invalid)?;
    let hash = password::hash(password, &password::Params::default()).map_err(Internal::bug)?;
    Ok(PasswordHash(hash))
}

/// An event of the reset. The confirmation of the address lists the fields of the profile that were dropped.
fn reset_event((kind, version): (EventType, u64), account: &OpenAccount) -> EventDraft {
    let user = account.auth.user;
    let event = EventDraft::new(kind, Subject::new("user", user), version).person(user);
    if kind == EventType::UserEmailVerified {
        event.changes(changes(&account.profile, &confirmed_profile(account)))
    } else {
        event
    }
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
