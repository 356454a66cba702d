//! POST /v1/auth/mfa/verify: answers the challenge of a sign-in with a code, and begins the session.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        event::Actor,
        factor::{FactorError, FactorMethod},
        limit,
        risk::Proof,
        secret::SecretText,
    },
    error::Result,
    function::{Capability, Concurrency, Needs},
    http::{Anonymous, By, Call, Endpoint, Json, Limited, Plain, Route, problem::types},
    run_command,
    store::{Table, author::Author, factor::Challenge, kek::KeyPurpose, session::SessionItem},
};

use crate::{
    mfa::{CodeOutcome, admitted, both_factors, check_code, with_account, with_code},
    reactivation::with_link_to_disown,
    sign_in::{PASSWORD, tokens_of},
    sign_in_device::{BeforeSignIn, DeviceAtSignIn, NamedDevice},
    sign_in_risk::{Circumstances, SignInOf},
    tokens::TokenSet,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyMfa {
    /// `challenge.token` of the answer to the sign-in.
    #[schema(value_type = String, max_length = 512, example = "aGVsbG8tY2hhbGxlbmdlLTMyLXJhbmRvbS1ieXRlcyE")]
    challenge_token: SecretText,
    method: FactorMethod,
    /// The code that the app shows, a backup code, or the code that was sent. Spaces, hyphens and small letters are fine.
    #[schema(value_type = String, max_length = 64, example = "287082")]
    code: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-mfa-verify", "/v1/auth/mfa/verify")
        .summary("Sign in with the second factor")
        .description(
            "Answers the challenge of a sign-in. A challenge works once and within 5 minutes, and five wrong codes end it. Ten wrong codes in an hour, over all challenges and sessions, lock the second factor of the account for a while. A code works once. `POST /v1/auth/mfa/challenge/send` sends a code where the challenge offers such a method.",
        )
        .limited(&[Limited { limit: &limit::ANONYMOUS, by: By::Ip }])
        .problems(&[
            &types::INVALID_CHALLENGE_CODE,
            &types::CHALLENGE_EXPIRED,
            &types::TOO_MANY_CODES,
            &types::ACCOUNT_DEACTIVATED,
            &types::ACCOUNT_LOCKED,
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
                .update(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .rarely("the person has too many sessions or devices", Needs::new().delete(Table::Identity))
                .rarely("the device is new to the account", Needs::new().put(Table::Ephemeral))
                .get_many(Table::Keys)
                .reads(Section::Tokens),
        )
        .handled_by(verify)
}

/// Three round trips: the challenge; the account and its sessions; the new session.
async fn verify(call: Call<Anonymous>, Json(form): Json<VerifyMfa>) -> Result<Plain<TokenSet>> {
    let (app, store, now) = (call.app, call.app.store().await, call.now());
    let (indexes, secrets, circumstances, ..) = tokio::join!(
        app.index_secrets(),
        app.token_secrets(),
        Circumstances::of(&call),
        // Loaded in parallel for later use.
        app.signing_ring(),
        store.preload_keks(&[KeyPurpose::Profile], now),
    );
    let (indexes, kid, circumstances) = (indexes?, secrets?.refresh.current(), circumstances?);
    let at = Challenge::key(&indexes, form.challenge_token.expose());
    let command = call.command_by(Actor::Anonymous).await.until_deadline();
    let begun = run_command!(command, |attempt| {
        let challenge = store.challenge(&at, now).await?.ok_or(FactorError::ChallengeExpired)?;
        let (account, before) = tokio::try_join!(
            store.factor_account(&challenge.user, now),
            BeforeSignIn::read(store, &challenge.user, now)
        )?;
        let account = admitted(account, &challenge, now)?;
        let outcome = check_code(&account, (form.method, &form.code), Some(&challenge), &indexes, now)?;
        let right = matches!(outcome, CodeOutcome::Right(_));
        let actor = if right { Actor::User(challenge.user) } else { Actor::Anonymous };
        let author = Author::from(actor).origin(&account.key, call.meta.origin());
        let (commit, mut after) = with_code(attempt.commit(now).by(author), &account, form.method, &outcome, now)?;
        if !right {
            let commit = with_account(commit, &account.auth, &after);
            return Ok(commit.count_wrong_code(&at, &challenge).returning(None));
        }
        let (amr, origin) = (both_factors(&challenge.amr, form.method), call.meta.origin());
        let mut session = SessionItem::begin(&account.auth, &amr, kid, &origin, &account.key, now)?;
        let named = challenge.device.as_ref().map(|sealed| NamedDevice::open(sealed, &at, &account.key)).transpose()?;
        let sign_in = SignInOf {
            circumstances: &circumstances,
            auth: &account.auth,
            key: &account.key,
            device: named.as_ref(),
            by_password: challenge.amr == PASSWORD,
            proof: if form.method.is_second_factor() { Proof::SecondFactor } else { Proof::Mailbox },
            account_failures: 0,
        };
        let risk = sign_in.assess(&before, &indexes, now);
        session.trust = risk.decision.trust;
        let trace = risk.trace(&challenge.user, &account.key)?;
        let device = DeviceAtSignIn::of(named.as_ref(), &account.auth, (&account.key, &origin), now);
        let (mut commit, session, on_new_device) = device.write(commit, session, &before)?;
        if let Some(session) = on_new_device {
            (commit, after) = with_link_to_disown(commit, &after, session, now);
        }
        let commit =
            commit.use_challenge(&at, &challenge).begin_session(&session, &account.auth, &before.sign_ins, &trace);
        let commit = with_account(commit, &account.auth, &after);
        Ok(commit.returning(Some((account, session))))
    });
    let (account, session) = begun?.ok_or(FactorError::InvalidChallengeCode)?;
    tokens_of(&call, &account.auth, &session, &account.key).await.map(Plain)
}
