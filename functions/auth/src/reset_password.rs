//! POST /v1/auth/password/reset: a new password by a mailed link, which proves the address; every session ends.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::password,
    domain::{
        auth::AuthError,
        event::{Actor, EventType, Subject},
        field::Fields,
        limit::LOGIN_IDENTIFIER,
        password::{OwnData, PasswordRules},
        profile::{Profile, changes},
        secret::SecretText,
        time::Timestamp,
        user::UserStatus,
    },
    error::{Internal, RequestError, Result},
    http::{Anonymous, Call, Endpoint, Json, NoContent, Route, limit::bucket},
    run_command,
    store::{
        Table,
        command::Author,
        commit::Commit,
        event::EventDraft,
        item::Key,
        lockout,
        mail_token::Purpose,
        secrets::IndexSecrets,
        session::Ending,
        user::{Account, AuthItem, Claim, ProfileItem},
    },
};

use crate::{claims, mailed_token::Mailed};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    token: SecretText,
    password: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-reset-password", "/v1/auth/password/reset")
        .summary("Set a new password by a mailed link")
        .problems(&[(400, "expired_token"), (400, "invalid_token")])
        .handled_by(reset_password)
}

async fn reset_password(call: Call<Anonymous>, Json(form): Json<ResetPassword>) -> Result<NoContent> {
    let now = call.now();
    let store = call.app.store().await;
    let token = Mailed::read(call.app, &form.token, Purpose::ResetPassword, now).await?;
    let mut hash = None;
    let command = call.command_by(Actor::Anonymous).await;
    let changed = run_command!(command, |attempt| {
        let account = store.account(&token.user, now).await?.ok_or(AuthError::InvalidToken)?;
        token.newest(&account.auth)?;
        if matches!(account.auth.status, UserStatus::Erasing | UserStatus::Erased) {
            return Err(AuthError::InvalidToken.into());
        }
        let profile = proven(&account);
        let hash: &String = match &mut hash {
            Some(hash) => hash,
            none => none.insert(new_hash(&form.password, &profile, &call)?),
        };
        let after = reset(&account.auth, hash, now);
        let author = Author::from(Actor::User(after.user)).origin(&account.profile_key, call.meta.origin());
        let mut commit = attempt.commit(now).by(author);
        commit = commit.replace(Table::Identity, &AuthItem::key(&after.user), &after, account.auth.version);
        commit = events(commit, &account);
        commit = claims::confirm(token.consume(commit), &Claim::email_key(&after.email_index), &after.user);
        if !account.auth.email_verified {
            let item = ProfileItem::seal(&after.user, &profile, &account.profile_key)?.item(&after.user);
            commit = commit.put_if(Table::Identity, item, "attribute_exists(pk)", &[], None);
            if let Some(name) = username_held(&call, &account.auth).await? {
                commit = claims::release(commit, &name, &after.user);
            }
        }
        Ok(forgive(commit, &account.auth, &*call.app.index_secrets().await?).returning(after))
    });
    let after = changed?;
    // They are over since the commit, and what is left of them lets nobody in: failing here fails nothing.
    let command = call.command_by(Actor::User(after.user)).await;
    if let Err(error) = store.end_sessions(&command, &after, None, &Ending::revoked("password_reset"), now).await {
        tracing::warn!(%error, user_id = %after.user, "sessions of an earlier epoch were not all cleaned away");
    }
    Ok(NoContent)
}

/// What of the profile stands after the reset: of an address that was never confirmed, whoever registered it may have
/// been a stranger, so nothing but the address.
fn proven(account: &Account) -> Profile {
    if account.auth.email_verified { account.profile.clone() } else { Profile::new(account.profile.email.clone()) }
}

fn new_hash(password: &SecretText, profile: &Profile, call: &Call<Anonymous>) -> Result<String> {
    let mut fields = Fields::default();
    let rules = PasswordRules { policy: call.app.config.password_policy };
    for fault in rules.check(password.expose(), &OwnData::of(profile)) {
        fields.refuse("password", fault);
    }
    fields.done().map_err(RequestError::Invalid)?;
    password::hash(password, &password::Params::default()).map_err(|error| Internal::bug(error).into())
}

/// The account with its new password and its address proven; its sessions are over.
fn reset(before: &AuthItem, hash: &str, now: Timestamp) -> AuthItem {
    let mut after = before.clone();
    after.set_password(hash.to_owned());
    // There is nothing left to confirm.
    after.mailed.remove(Purpose::VerifyEmail.name());
    if !before.email_verified {
        after.updated_at = now;
        after.email_verified = true;
        after.unverified_until = None;
        after.username_index = None;
        // The address is confirmed by an event of its own.
        after.version += 1;
    }
    after
}

fn events<'a>(commit: Commit<'a>, account: &Account) -> Commit<'a> {
    let user = account.auth.user;
    let event = |kind, version| EventDraft::new(kind, Subject::new("user", user), version).person(user);
    let commit = commit.event(event(EventType::PasswordReset, account.auth.version + 1));
    if account.auth.email_verified {
        return commit;
    }
    let dropped = changes(&account.profile, &proven(account));
    commit.event(event(EventType::UserEmailVerified, account.auth.version + 2).changes(dropped))
}

/// The claim on the account's username, unless it lapsed and somebody else took it.
async fn username_held(call: &Call<Anonymous>, auth: &AuthItem) -> Result<Option<Key>> {
    let Some(index) = &auth.username_index else { return Ok(None) };
    let key = Claim::username_key(index);
    let claim = call.app.store().await.claim(&key).await?;
    Ok(claim.filter(|claim| claim.user == auth.user).map(|_| key))
}

/// Strangers' tries must not keep the owner out who has just proven the address: neither by lock-out nor by limit.
fn forgive<'a>(commit: Commit<'a>, auth: &AuthItem, indexes: &IndexSecrets) -> Commit<'a> {
    std::iter::once(&auth.email_index).chain(&auth.username_index).fold(commit, |commit, index| {
        let index = index.as_ref();
        commit
            .clear(Table::Ephemeral, &lockout::key(index))
            .clear(Table::Ephemeral, &bucket(indexes, &LOGIN_IDENTIFIER, index))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use verinym::{
        domain::{id::UserId, user::KycStatus},
        store::user::PasswordHash,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn auth(email_verified: bool) -> AuthItem {
        let index = |text: &str| serde_json::from_value(serde_json::json!(text)).unwrap();
        let id = |n: &str| n.repeat(22).parse().unwrap();
        AuthItem {
            user: UserId::from_parts(NOW, [1; 10]),
            status: UserStatus::Active,
            email_verified,
            unverified_until: (!email_verified).then_some(NOW),
            roles: vec!["user".into()],
            kyc_status: KycStatus::None,
            password: Some(PasswordHash("old".into())),
            session_epoch: 3,
            open_check: None,
            mailed: BTreeMap::from([("verify_email".into(), id("A")), ("reset_password".into(), id("A"))]),
            email_index: index("v1.email"),
            username_index: Some(index("v1.name")),
            created_at: NOW,
            updated_at: NOW,
            version: 7,
            unseen: 0,
        }
    }

    #[test]
    fn a_reset_ends_every_session_and_voids_what_was_mailed() {
        let after = reset(&auth(true), "new", NOW);
        assert_eq!((after.session_epoch, after.version, after.profile_version()), (4, 8, 7));
        assert!(after.mailed.is_empty());
        assert_eq!(after.password.unwrap().0, "new");
        assert!(after.username_index.is_some());
    }

    #[test]
    fn a_reset_proves_the_address_and_drops_the_name_an_unproven_registrant_took() {
        let after = reset(&auth(false), "new", NOW);
        assert!(after.email_verified && after.unverified_until.is_none() && after.username_index.is_none());
        // One version for each of its two events.
        assert_eq!((after.version, after.profile_version()), (9, 8));
    }
}
