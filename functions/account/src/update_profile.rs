//! PATCH /v1/users/profile (PUT is the same): changes the caller's profile by a JSON merge patch.

use http::Method;
use verinym::{
    crypto::index::BlindIndex,
    domain::{
        auth::AuthError,
        event::{EventType, ProfileEffect},
        profile::{Profile, ProfilePatch, changes},
        user::User,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, Json, Route, Signed, Versioned, problem::types},
    run_command,
    store::{
        Table,
        command::{Attempt, Decided},
        commit::{Commit, WriteExpression},
        event::EventDraft,
        item::{keyed, text},
        user::{Account, OpenAccount, ProfileItem, ValueClaim, account_event},
    },
};

pub fn endpoint() -> Endpoint {
    Route::patch("account-update-profile", "/v1/users/profile")
        .also(Method::PUT)
        .summary("Change my profile")
        .description(
            "Changes the named fields only (JSON merge patch, RFC 7396); `null` clears a field. While a check is open, names, date of birth and national id cannot change. After an approval their change sets `kyc_status` to `expired`.",
        )
        .loads_profile()
        .honours_if_match()
        .problems(&[&types::CHECK_IN_PROGRESS, &types::USERNAME_TAKEN])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).put(Table::Identity).delete(Table::Identity))
        .handled_by(update_profile)
}

async fn update_profile(call: Call<Signed>, Json(patch): Json<ProfilePatch>) -> Result<Committed<Versioned<User>>> {
    run_command!(call.command().await?, |attempt| {
        let account = account(&call, attempt.is_first()).await?;
        call.check_version(account.auth.profile_version())?;
        let profile = patch.clone().apply(&account.profile, call.now()).map_err(RequestError::Invalid)?;
        if profile == account.profile {
            return Ok(Decided::Unchanged(reply(&account.auth, profile)));
        }
        let (auth, kind) = change_account(&call, &account, &profile).await?;
        let event = account_event(kind, &auth).changes(changes(&account.profile, &profile));
        let commit =
            commit(&call, &attempt, &account, &auth, &profile)?.event(with_status(event, &account.auth, &auth));
        Ok(commit.returning(reply(&auth, profile)))
    })
}

/// The account that was read with the caller's session; after a conflict, the current one.
async fn account(call: &Call<Signed>, first: bool) -> Result<OpenAccount> {
    let store = call.app.store().await;
    if !first {
        return Ok(store.account(&call.caller.user, call.now()).await?.ok_or(RequestError::Unauthenticated)?);
    }
    let profile_key = call.loaded.key(store, call.now()).await?;
    let profile_item = call.loaded.profile()?.clone();
    let profile = profile_item.open(&call.caller.user, &profile_key)?;
    Ok(OpenAccount { auth: call.caller.auth.clone(), profile, profile_item, profile_key })
}

fn reply(auth: &Account, profile: Profile) -> Versioned<User> {
    Versioned { version: auth.profile_version(), body: auth.user(profile) }
}

/// The account after the change, if the rules allow it.
async fn change_account(call: &Call<Signed>, account: &OpenAccount, profile: &Profile) -> Result<(Account, EventType)> {
    let indexes = call.app.index_secrets().await?;
    let username_index = profile.username.as_ref().map(|name| indexes.username(name.as_str()));
    Ok(account.auth.change_profile(&account.profile, profile, username_index, call.now())?)
}

/// Adds the verification status if the change affected it.
fn with_status(event: EventDraft, before: &Account, after: &Account) -> EventDraft {
    let changed = after.kyc_status != before.kyc_status;
    event.data(&ProfileEffect { kyc_status: changed.then_some(after.kyc_status) })
}

fn commit(
    call: &Call<Signed>,
    attempt: &Attempt<'static>,
    account: &OpenAccount,
    auth: &Account,
    profile: &Profile,
) -> Result<Commit<'static>> {
    let sealed = ProfileItem::seal(&auth.user, profile, &account.profile_key)?;
    let commit = attempt
        .commit(call.now())
        .account_changes(&account.auth, auth)
        // The condition on the account's version means that no check was opened meanwhile; the one on the profile's revision,
        // that the profile is the one that was read. The two were not read in one transaction.
        .profile_changes(&auth.user, &account.profile_item, &sealed);
    Ok(move_username(commit, call, account.auth.username_index.as_ref(), auth))
}

/// The claim of the account's username.
fn claim_of(auth: &Account) -> ValueClaim {
    ValueClaim { counted_under: auth.email_index.clone(), ..ValueClaim::new(auth.user) }
}

/// Claims the new username and releases the old one, in one transaction.
fn move_username<'a>(
    mut commit: Commit<'a>,
    call: &Call<Signed>,
    before: Option<&BlindIndex>,
    auth: &Account,
) -> Commit<'a> {
    let after = auth.username_index.as_ref();
    if before == after {
        return commit;
    }
    if let Some(index) = after {
        let claim = keyed(&ValueClaim::username_key(index), &claim_of(auth));
        let free = "attribute_not_exists(pk) OR unverified_until <= :now";
        let now = [(":now", text(call.now().to_string()))];
        commit = commit.put_if(Table::Identity, claim, free, &now, Some(AuthError::UsernameTaken.into()));
    }
    if let Some(index) = before {
        let own = WriteExpression {
            condition: "#user = :user",
            names: &["user"],
            values: vec![(":user", text(auth.user.to_string()))],
            ..WriteExpression::default()
        };
        commit = commit.delete(Table::Identity, &ValueClaim::username_key(index), &own, None);
    }
    commit
}
