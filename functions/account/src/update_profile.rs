//! PATCH /v1/users/profile (PUT is the same): a change of one's own profile, as JSON merge patch.

use http::Method;
use verinym::{
    crypto::index::BlindIndex,
    domain::{
        auth::AuthError,
        event::{Actor, EventType, ProfileEffect, Subject},
        profile::{Profile, ProfilePatch, admit, changes},
        user::User,
    },
    error::{RequestError, Result},
    http::{Call, Endpoint, Json, Route, Signed, Versioned},
    store::{
        Table,
        commit::{Change, Commit, Tries},
        event::EventDraft,
        item::{keyed, text},
        user::{Account, AuthItem, Claim, ProfileItem},
    },
};

pub fn endpoint() -> Endpoint {
    Route::patch("account-update-profile", "/v1/users/profile")
        .also(Method::PUT)
        .summary("Change one's own profile")
        .loads_profile()
        .honours_if_match()
        .problems(&[(409, "check_in_progress"), (409, "username_taken")])
        .opens_profile_keys()
        .handled_by(update_profile)
}

async fn update_profile(call: Call<Signed>, Json(patch): Json<ProfilePatch>) -> Result<Versioned<User>> {
    let store = call.app.store().await;
    let key = call.loaded.key(store, call.now()).await?;
    let profile_item = call.loaded.profile()?.clone();
    let profile = profile_item.open(&call.caller.user, &key)?;
    let mut account = Account { auth: call.caller.auth.clone(), profile, profile_item, profile_key: key };
    let mut tries = Tries::new();
    loop {
        call.check_version(account.auth.profile_version())?;
        let profile = patch.clone().apply(&account.profile, call.now()).map_err(RequestError::Invalid)?;
        if profile == account.profile {
            return Ok(answer(&account.auth, profile));
        }
        let auth = changed(&call, &account, &profile).await?;
        let committed = commit(&call, &account, &auth, &profile).await?.run().await;
        match committed {
            Ok(()) => return Ok(answer(&auth, profile)),
            Err(error) => tries.again(error).await?,
        }
        account = store.account(&auth.user, call.now()).await?.ok_or(RequestError::Unauthenticated)?;
    }
}

fn answer(auth: &AuthItem, profile: Profile) -> Versioned<User> {
    Versioned { version: auth.profile_version(), body: auth.user(profile) }
}

/// The account after the change, if it may stand.
async fn changed(call: &Call<Signed>, account: &Account, profile: &Profile) -> Result<AuthItem> {
    let before = &account.auth;
    let kyc_status = admit(&account.profile, profile, before.open_check.is_some(), before.kyc_status)?;
    let indexes = call.app.index_secrets().await?;
    Ok(AuthItem {
        kyc_status,
        username_index: profile.username.as_ref().map(|name| indexes.username(name.as_str())),
        updated_at: call.now(),
        version: before.version + 1,
        ..before.clone()
    })
}

async fn commit(call: &Call<Signed>, account: &Account, auth: &AuthItem, profile: &Profile) -> Result<Commit<'static>> {
    let store = call.app.store().await;
    let key = &account.profile_key;
    let sealed = ProfileItem::seal(&auth.user, profile, key)?;
    let moved = auth.kyc_status != account.auth.kyc_status;
    let event =
        EventDraft::new(EventType::UserUpdated, Subject::new("user", auth.user), auth.version, Actor::User(auth.user))
            .person(auth.user)
            .session(call.caller.session)
            .origin(key, call.meta.origin())
            .data(&ProfileEffect { kyc_status: moved.then_some(auth.kyc_status) })
            .changes(changes(&account.profile, profile));
    let commit = store
        .commit(call.now(), &call.meta.correlation_id)
        .replace(Table::Identity, &AuthItem::key(&auth.user), auth, account.auth.version)
        // The account's version states that no check was opened meanwhile, the profile's revision that what changes is
        // what was read: the two were read together, but not in one transaction.
        .profile_changes(&auth.user, &account.profile_item, &sealed)
        .event(event);
    Ok(move_username(commit, call, account.auth.username_index.as_ref(), auth))
}

/// The claim of the account's username.
fn claim_of(auth: &AuthItem) -> Claim {
    Claim { counted_under: Some(auth.email_index.clone()), ..Claim::new(auth.user) }
}

/// The claim moves with the name: the new one is taken and the old one given up in one transaction.
fn move_username<'a>(
    mut commit: Commit<'a>,
    call: &Call<Signed>,
    before: Option<&BlindIndex>,
    auth: &AuthItem,
) -> Commit<'a> {
    let after = auth.username_index.as_ref();
    if before == after {
        return commit;
    }
    if let Some(index) = after {
        let claim = keyed(&Claim::username_key(index), &claim_of(auth));
        let free = "attribute_not_exists(pk) OR unverified_until <= :now";
        let now = [(":now", text(call.now().to_string()))];
        commit = commit.put_if(Table::Identity, claim, free, &now, Some(AuthError::UsernameTaken.into()));
    }
    if let Some(index) = before {
        let own = Change {
            condition: "#user = :user",
            names: &["user"],
            values: vec![(":user", text(auth.user.to_string()))],
            ..Change::default()
        };
        commit = commit.delete(Table::Identity, &Claim::username_key(index), &own, None);
    }
    commit
}
