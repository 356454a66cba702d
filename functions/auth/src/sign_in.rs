//! What follows the proof of a first factor: a session, or a challenge to prove the second factor.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    crypto::random,
    domain::{
        event::{Actor, EventType},
        factor::{CHALLENGE_LIFE, FactorMethod},
        secret::Masked,
    },
    error::{Internal, Result},
    http::{Call, mailed_token::VerifiedMailedToken},
    run_command,
    store::{
        Table,
        author::Author,
        commit::Commit,
        factor::Challenge,
        item::Key,
        passkey::PasskeyItem,
        person_key::PersonKey,
        session::SessionItem,
        user::{Account, account_event},
    },
};

use crate::{
    reactivation::{SignInChanges, with_account_changes},
    sign_in_device::{BeforeSignIn, DeviceAtSignIn, NamedDevice},
    tokens::{TokenSet, token_set},
};

/// The answer to a sign-in whose account has a second factor.
#[derive(Debug, Serialize, ToSchema)]
pub struct MfaChallenge {
    /// Always true.
    #[schema(example = true)]
    mfa_required: bool,
    challenge: ChallengeToken,
}

/// What `POST /v1/auth/mfa/verify` needs, besides a code.
#[derive(Debug, Serialize, ToSchema)]
struct ChallengeToken {
    #[schema(value_type = String, example = "3f0c8e3ad1b2c4d5e6f708192a3b4c5d")]
    token: Masked<String>,
    /// What it may be answered with. `email_otp` stands alone, for an account without a second factor.
    methods: Vec<FactorMethod>,
    /// Seconds.
    #[schema(example = 300)]
    expires_in: u64,
}

/// The answer to a sign-in: tokens, or a challenge for the second factor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SignedIn {
    Tokens(Box<TokenSet>),
    Challenge(MfaChallenge),
}

/// Somebody who proved a first factor.
#[derive(Debug)]
pub struct FirstFactor<'a> {
    pub auth: &'a Account,
    pub key: &'a PersonKey,
    /// How it was proved (RFC 8176).
    pub amr: &'static str,
    /// The sign-ins until now, if they were read already.
    pub before: Option<BeforeSignIn>,
    /// The device that the sign-in names.
    pub device: Option<&'a NamedDevice>,
    /// The account with its password under a stronger hash.
    pub change: Option<(Account, EventType)>,
    pub used_up: UsedUp<'a>,
}

/// What the sign-in uses up, in the transaction that it commits.
#[derive(Debug, Clone, Copy)]
pub enum UsedUp<'a> {
    Nothing,
    /// A mailed token.
    Link(&'a VerifiedMailedToken),
    /// The options for an authenticator. Its passkey has another state afterwards.
    Passkey {
        ceremony: &'a Key,
        before: &'a PasskeyItem,
        after: &'a PasskeyItem,
    },
}

impl UsedUp<'_> {
    fn write<'s>(&self, commit: Commit<'s>) -> Commit<'s> {
        match self {
            Self::Nothing => commit,
            Self::Link(token) => token.consume(commit),
            Self::Passkey { ceremony, before, after } => commit.end_ceremony(ceremony).passkey_changes(before, after),
        }
    }
}

/// Begins a session, or a challenge where the account has a second factor; refuses if the account admits nobody.
pub async fn first_factor_proved<A>(call: &Call<A>, first: FirstFactor<'_>) -> Result<SignedIn> {
    first.auth.admit(call.now())?;
    if first.auth.mfa_enabled() {
        let methods = first.auth.second_factors.clone();
        begin_challenge(call, methods, first).await.map(SignedIn::Challenge)
    } else {
        begin_session(call, &[first.amr], first).await.map(|tokens| SignedIn::Tokens(Box::new(tokens)))
    }
}

/// Begins a challenge that may be answered by these methods: those of the account's second factor, or
/// [`FactorMethod::EmailOtp`] alone for an account without one.
pub async fn begin_challenge<A>(
    call: &Call<A>,
    methods: Vec<FactorMethod>,
    first: FirstFactor<'_>,
) -> Result<MfaChallenge> {
    let (store, now) = (call.app.store().await, call.now());
    let FirstFactor { auth, key, amr, device, change, used_up, .. } = first;
    let indexes = call.app.index_secrets().await?;
    if let Some((after, kind)) = change {
        let author = Author::from(Actor::User(auth.user)).origin(key, call.meta.origin());
        let event = account_event(kind, &after).by(Actor::system("password"));
        let commit = store.commit(now, &call.meta.correlation_id).by(author);
        // If the account changed meanwhile, the new hash is left to the next sign-in.
        if let Err(error) = commit.account_changes(auth, &after).event(event).run().await {
            tracing::debug!(?error, user_id = %auth.user, "a password was not hashed again");
        }
    }
    let token = random::token();
    let at = Challenge::key(&indexes, &token);
    let device = device.map(|device| device.seal(&at, key)).transpose()?;
    let challenge = Challenge::begin(auth, amr, methods.clone(), device, now);
    if matches!(used_up, UsedUp::Nothing) {
        store.begin_challenge(&at, &challenge).await?;
    } else {
        let command = call.command_by(Actor::User(auth.user)).await;
        run_command!(command, |attempt| {
            let commit = used_up.write(attempt.commit(now));
            Ok(commit.create(Table::Ephemeral, &at, &challenge, None).returning(()))
        })?;
    }
    Ok(MfaChallenge {
        mfa_required: true,
        challenge: ChallengeToken { token: Masked(token), methods, expires_in: CHALLENGE_LIFE.as_secs() },
    })
}

/// Creates the session of somebody who proved all factors of the account, by the methods `amr`, and its tokens.
pub async fn begin_session<A>(call: &Call<A>, amr: &[&str], first: FirstFactor<'_>) -> Result<TokenSet> {
    let (app, store, now) = (call.app, call.app.store().await, call.now());
    let FirstFactor { auth, key, before, device, change, used_up, .. } = first;
    let kid = app.token_secrets().await?.refresh.current();
    let origin = call.meta.origin();
    let session = SessionItem::begin(auth, amr, kid, &origin, key, now)?;
    let author = Author::from(Actor::User(auth.user)).origin(key, origin.clone());
    let at_sign_in = DeviceAtSignIn::of(device, auth, (key, &origin), now);
    let mut already_read = before;
    // Simultaneous sign-ins of the same person conflict; none of them is refused for that.
    let command = call.command_by(author).await.until_deadline();
    let begun = run_command!(command, |attempt| {
        let before = match already_read.take() {
            Some(before) => before,
            None => BeforeSignIn::read(store, &auth.user, now).await?,
        };
        let commit = used_up.write(attempt.commit(now));
        let (commit, session, on_new_device) = at_sign_in.write(commit, session.clone(), &before)?;
        let commit = commit.begin_session(&session, auth, &before.sign_ins);
        let changes = SignInChanges { signing_in: auth, rehashed: change.as_ref(), on_new_device };
        Ok(with_account_changes(commit, &attempt, store, changes, now).await?.returning(session))
    });
    let session = begun?;
    tokens_of(call, auth, &session, key).await
}

/// The tokens of a session that just began or was proved again.
pub async fn tokens_of<A>(call: &Call<A>, auth: &Account, session: &SessionItem, key: &PersonKey) -> Result<TokenSet> {
    let tokens = token_set(call.app, auth, session, key, call.now()).await?;
    Ok(tokens.ok_or_else(|| Internal::unavailable("the key that mints refresh tokens is gone"))?)
}
