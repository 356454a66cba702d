//! POST /v1/auth/webauthn/authenticate: signs in with a passkey.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        auth::AuthError,
        event::{Actor, PasskeyOfPerson},
        id::UserId,
        limit,
        passkey::PasskeyError,
        risk::Proof,
        secret::{Masked, SecretText},
    },
    error::Result,
    function::{Capability, Concurrency, Needs},
    http::{Anonymous, By, Call, Endpoint, Json, Limited, Plain, Route, problem::types},
    run_command,
    store::{
        Table,
        author::Author,
        passkey::{Ceremony, CeremonyPurpose, PasskeyItem},
        person_key::PersonKey,
        user::{Account, account_event},
    },
};
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential, Uuid, WebauthnError};

use crate::{
    passkeys::{credential, refused, relying_party, restored, used},
    sign_in::{FirstFactor, UsedUp, both_factors_proved},
    sign_in_device::{DeviceOfSignIn, check_device},
    sign_in_risk::Circumstances,
    tokens::TokenSet,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    /// Of the options.
    #[schema(value_type = String, max_length = 128, example = "3f0c8e3ad1b2c4d5e6f708192a3b4c5d")]
    challenge_id: SecretText,
    /// What the browser's `PublicKeyCredential.toJSON()` returns.
    #[schema(value_type = Object)]
    credential: Masked<Value>,
    device: Option<DeviceOfSignIn>,
}

/// Proof of possession of a key and the verification of its user (RFC 8176), which are two factors.
const PASSKEY: [&str; 3] = ["pop", "user", "mfa"];

pub fn endpoint() -> Endpoint {
    Route::post("auth-passkey-sign-in", "/v1/auth/webauthn/authenticate")
        .summary("Sign in with a passkey")
        .description(
            "Signs in with the answer of an authenticator. The passkey verified its user, so it counts as two factors, and nothing else is asked for. It stays possible while wrong passwords lock the account. A passkey whose count of uses ran back is refused, and its owner gets a mail. A sign-in registers the device that `device` names, and reactivates an account that its person deactivated at most 30 days ago.",
        )
        .limited(&[Limited { limit: &limit::LOGIN_IP, by: By::Ip }])
        .problems(&[
            &types::CEREMONY_EXPIRED,
            &types::INVALID_PASSKEY,
            &types::ACCOUNT_DEACTIVATED,
            &types::ACCOUNT_LOCKED,
            &types::INVALID_CREDENTIALS,
        ])
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .with(Capability::SignTokens)
                .with(Capability::AssessSignIns)
                .get(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .rarely("the authenticator names nobody", Needs::new().get(Table::Identity))
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .rarely("another write to the account was first", Needs::new().get(Table::Identity))
                .rarely("the person has too many sessions or devices", Needs::new().delete(Table::Identity))
                .get_many(Table::Keys)
                .rarely("the device is new to the account", Needs::new().put(Table::Ephemeral))
                .reads(Section::Passkeys),
        )
        .handled_by(sign_in)
}

/// Three round trips: the ceremony; the account and its passkeys; the new session.
async fn sign_in(call: Call<Anonymous>, Json(form): Json<PasskeySignIn>) -> Result<Plain<TokenSet>> {
    check_device(form.device.as_ref())?;
    let (app, store, now) = (call.app, call.app.store().await, call.now());
    let answer: PublicKeyCredential = credential(form.credential)?;
    let indexes = app.index_secrets().await?;
    let at = Ceremony::key(&indexes, form.challenge_id.expose());
    let (ceremony, circumstances) = tokio::join!(store.ceremony(&at, now), Circumstances::of(&call));
    let (ceremony, circumstances) = (ceremony?, circumstances?);
    let digest = indexes.credential(answer.raw_id.as_ref());
    let named = user_handle(&answer);
    let user = match (ceremony.purpose, named) {
        (CeremonyPurpose::Register { .. }, _) => return Err(PasskeyError::CeremonyExpired.into()),
        (CeremonyPurpose::SignInTo { user }, _) => user,
        (CeremonyPurpose::SignIn, Some(named)) => Some(named),
        // Some authenticators name nobody although the passkey is discoverable.
        (CeremonyPurpose::SignIn, None) => store.passkey_owner(&digest).await?,
    };
    let user = user.filter(|user| named.is_none_or(|named| named == *user)).ok_or(PasskeyError::Invalid)?;
    let (found, passkeys) = tokio::try_join!(store.auth_and_key(&user, now), store.all_passkeys(&user))?;
    let passkey = passkeys.iter().find(|item| item.credential == digest).ok_or(PasskeyError::Invalid)?;
    let (account, key) = found.ok_or(PasskeyError::Invalid)?;

    let state: DiscoverableAuthentication = restored(&ceremony.state)?;
    let known: Passkey = restored(&passkey.verifier)?;
    let verified = relying_party(app)?.finish_discoverable_authentication_v2(&answer, state, &known);
    let result = match verified {
        Ok(result) => result,
        Err(WebauthnError::CredentialPossibleCompromise) => {
            report_copy(&call, &account, &key, passkey).await?;
            return Err(PasskeyError::Invalid.into());
        }
        Err(error) => return Err(refused(&error).into()),
    };
    account.admit(now)?;
    let after = passkey.used(used(known, &result)?, now);
    let device = form.device.map(|device| device.of(&account.user, &indexes));
    let first = FirstFactor {
        auth: &account,
        key: &key,
        amr: PASSKEY[0],
        proof: Proof::Passkey,
        circumstances: &circumstances,
        account_failures: 0,
        before: None,
        device: device.as_ref(),
        change: None,
        used_up: UsedUp::Passkey { ceremony: &at, before: passkey, after: &after },
    };
    both_factors_proved(&call, &PASSKEY, first).await.map(Plain)
}

/// Whom the authenticator names, if it names somebody.
fn user_handle(answer: &PublicKeyCredential) -> Option<UserId> {
    let handle = answer.get_user_unique_id()?;
    Uuid::from_slice(handle).ok().map(UserId::from_uuid)
}

/// Tells the owner that there may be a copy of a passkey.
async fn report_copy(call: &Call<Anonymous>, account: &Account, key: &PersonKey, passkey: &PasskeyItem) -> Result<()> {
    let (store, now) = (call.app.store().await, call.now());
    let author = Author::from(Actor::Anonymous).origin(key, call.meta.origin());
    let command = call.command_by(author).await;
    run_command!(command, |attempt| {
        let before = if attempt.is_first() {
            account.clone()
        } else {
            store.auth(&account.user).await?.ok_or(AuthError::InvalidCredentials)?
        };
        let (after, kind) = before.suspect_passkey();
        let event = account_event(kind, &after).data(&PasskeyOfPerson { passkey: passkey.passkey });
        Ok(attempt.commit(now).account_changes(&before, &after).event(event).returning(()))
    })
}
