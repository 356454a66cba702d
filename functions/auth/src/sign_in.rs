//! What follows the proof of a first factor: a session, or a challenge to prove the second factor.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    crypto::random,
    domain::{
        auth::AuthError,
        event::{Actor, EventType},
        factor::{CHALLENGE_LIFE, FactorMethod},
        passkey::PasskeyError,
        risk::{Proof, RiskOutcome},
        secret::Masked,
    },
    error::{RequestError, Result},
    http::{Call, mailed_token::VerifiedMailedToken},
    run_command,
    store::{
        Table,
        author::Author,
        command::Decided,
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
    reactivation::{SignInChanges, as_it_is, with_account_changes},
    sign_in_device::{BeforeSignIn, DeviceAtSignIn, NamedDevice},
    sign_in_risk::{Circumstances, SignInOf},
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
    /// What else was proved by the same.
    pub proof: Proof,
    pub circumstances: &'a Circumstances,
    /// Wrong passwords for the account lately.
    pub account_failures: u32,
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
            // Another attempt would find the same: the answer of the authenticator is for the passkey as it was.
            Self::Passkey { ceremony, before, after } => {
                commit.end_ceremony(ceremony).passkey_changes(before, after, Some(PasskeyError::Invalid.into()))
            }
        }
    }
}

/// The value in `amr` of a password (RFC 8176 §2).
pub const PASSWORD: &str = "pwd";

impl<'a> FirstFactor<'a> {
    fn sign_in(&self) -> SignInOf<'a> {
        SignInOf {
            circumstances: self.circumstances,
            auth: self.auth,
            key: self.key,
            device: self.device,
            by_password: self.amr == PASSWORD,
            proof: self.proof,
            account_failures: self.account_failures,
        }
    }

    /// What follows from the risk. A second factor is asked for wherever one is enrolled. Without one, more is asked for by a mailed
    /// code, unless the first factor proved the mailbox already.
    fn next_step(&self, outcome: RiskOutcome) -> NextStep {
        let can_be_mailed = self.auth.email_verified && self.proof == Proof::FirstFactor;
        match outcome {
            RiskOutcome::Refuse => NextStep::Refuse,
            _ if self.auth.mfa_enabled() && !self.proof.is_multi_factor() => {
                NextStep::Challenge(self.auth.second_factors.clone())
            }
            RiskOutcome::StepUp if can_be_mailed => NextStep::Challenge(vec![FactorMethod::EmailOtp]),
            RiskOutcome::StepUp | RiskOutcome::Allow => NextStep::Session,
        }
    }
}

/// What follows from a first factor.
enum NextStep {
    Session,
    /// By these methods.
    Challenge(Vec<FactorMethod>),
    Refuse,
}

/// What a sign-in came to.
enum Verdict {
    Session(Box<SessionItem>),
    Challenge(Vec<FactorMethod>),
    Refused,
}

/// Begins a session, or a challenge where the account has a second factor; refuses if the account admits nobody, and for a high risk.
pub async fn first_factor_proved<A>(call: &Call<A>, mut first: FirstFactor<'_>) -> Result<SignedIn> {
    first.auth.admit(call.now())?;
    match proceed(call, &[first.amr], &mut first).await? {
        Verdict::Session(session) => {
            let tokens = tokens_of(call, first.auth, &session, first.key).await?;
            Ok(SignedIn::Tokens(Box::new(tokens)))
        }
        Verdict::Challenge(methods) => begin_challenge(call, methods, first).await.map(SignedIn::Challenge),
        Verdict::Refused => Err(AuthError::SignInRefused.into()),
    }
}

/// Begins a session of somebody who proved all factors at once by the methods `amr`.
pub async fn both_factors_proved<A>(call: &Call<A>, amr: &[&str], mut first: FirstFactor<'_>) -> Result<TokenSet> {
    match proceed(call, amr, &mut first).await? {
        Verdict::Session(session) => tokens_of(call, first.auth, &session, first.key).await,
        Verdict::Challenge(_) | Verdict::Refused => Err(AuthError::SignInRefused.into()),
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

/// Assesses the sign-in and begins its session, in one transaction: each attempt decides by the history that it read. Or records that it
/// is refused, or writes nothing where a challenge follows, whose answer is assessed again.
async fn proceed<A>(call: &Call<A>, amr: &[&str], first: &mut FirstFactor<'_>) -> Result<Verdict> {
    let (app, store, now) = (call.app, call.app.store().await, call.now());
    let mut already_read = first.before.take();
    let (first, sign_in) = (&*first, first.sign_in());
    let FirstFactor { auth, key, device, ref change, used_up, .. } = *first;
    let (refresh_key, indexes) = (app.token_secrets().await?.refresh.current(), app.index_secrets().await?);
    let origin = call.meta.origin();
    let new = SessionItem::begin(auth, amr, refresh_key, &origin, key, now)?;
    let author = Author::from(Actor::User(auth.user)).origin(key, origin.clone());
    let at_sign_in = DeviceAtSignIn::of(device, auth, (key, &origin), now);
    // Simultaneous sign-ins of the same person conflict; none of them is refused for that.
    let command = call.command_by(author).await.until_deadline();
    run_command!(command, |attempt| {
        let before = match already_read.take() {
            Some(before) => before,
            None => BeforeSignIn::read(store, &auth.user, now).await?,
        };
        let risk = sign_in.assess(&before, &indexes, now);
        match first.next_step(risk.decision.outcome) {
            NextStep::Challenge(methods) => Ok(Decided::Unchanged(Verdict::Challenge(methods))),
            NextStep::Refuse => {
                let account = as_it_is(&attempt, store, auth).await?;
                let (after, kind) = account.refuse_sign_in(before.sign_ins.is_refusal_told(now));
                // Whoever it was, it is not sure that it was the person.
                let author = Author::from(Actor::Anonymous).origin(key, origin.clone());
                let commit = attempt.commit(now).by(author).account_changes(&account, &after);
                let commit = commit.refuse_sign_in(&auth.user, &before.sign_ins);
                let event = account_event(kind, &after).data(&risk.decision.record());
                Ok(commit.event(event).returning(Verdict::Refused))
            }
            NextStep::Session => {
                let commit = used_up.write(attempt.commit(now));
                let session = SessionItem { trust: risk.decision.trust, ..new.clone() };
                let (commit, session, on_new_device) = at_sign_in.write(commit, session, &before)?;
                let trace = risk.trace(&auth.user, key)?;
                let commit = commit.begin_session(&session, auth, &before.sign_ins, &trace);
                let changes = SignInChanges { signing_in: auth, rehashed: change.as_ref(), on_new_device };
                let commit = with_account_changes(commit, &attempt, store, changes, now).await?;
                Ok(commit.returning(Verdict::Session(Box::new(session))))
            }
        }
    })
}

/// The tokens of a session that just began or was proved again.
pub async fn tokens_of<A>(call: &Call<A>, auth: &Account, session: &SessionItem, key: &PersonKey) -> Result<TokenSet> {
    let tokens = token_set(call.app, auth, session, key, call.now()).await?;
    // The key that mints the refresh tokens of the session was replaced after a leak.
    Ok(tokens.ok_or(RequestError::Unauthenticated)?)
}
