//! POST /v1/auth/login: signs in with a password.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::crypto::random::RandomId;
use verinym::{
    config::Section,
    crypto::{
        index::BlindIndex,
        password::{self, Params},
        random,
    },
    domain::{
        auth::AuthError,
        event::EventType,
        field::{FieldFault, Fields},
        id::UserId,
        limit,
        person::{Email, Username},
        risk,
        secret::{Masked, SecretText},
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Concurrency, Needs},
    http::{
        Anonymous, By, Call, Endpoint, Json, Limited, Plain, Route,
        problem::types,
        proof::{PasswordAttempt, Proof},
    },
    messaging::{Message, message::MailTask, queue::Queue},
    store::{
        Table,
        device::DeviceItem,
        item::Key,
        kek::KeyPurpose,
        person_key::KeyItem,
        secrets::IndexSecrets,
        user::{Account, PasswordHash, ValueClaim},
    },
};

use crate::{
    sign_in::{FirstFactor, PASSWORD, SignedIn, UsedUp, first_factor_proved},
    sign_in_device::{BeforeSignIn, DeviceOfSignIn, NamedDevice},
    sign_in_risk::Circumstances,
};

/// Either `email` or `username`, and the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    #[schema(value_type = Option<String>, min_length = 3, max_length = 254, format = Email, example = "ada@your-company.net")]
    email: Option<Masked<String>>,
    #[schema(value_type = Option<String>, min_length = 3, max_length = 32, example = json!(null))]
    username: Option<Masked<String>>,
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    password: SecretText,
    device: Option<DeviceOfSignIn>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-login", "/v1/auth/login")
        .summary("Sign in with a password")
        .description(
            "Signs in with an e-mail address or a username. Where the account has a second factor, the answer is a challenge for `POST /v1/auth/mfa/verify` instead of tokens. The answer for an unknown account is the same as for a wrong password, and takes as long. Five failures lock the identifier for some minutes. A sign-in that may be somebody else's, by its device, place or the guesses before it, needs a mailed code where the account has no second factor, or is refused with `sign_in_refused`, which the owner is mailed about. A device that `device` names is registered; unless the sign-in is the first of the account, the owner gets a mail about a new device; a sign-in with the secret of a trusted device stays possible during that time. A sign-in reactivates an account that its person deactivated at most 30 days ago.",
        )
        .limited(&[
            Limited { limit: &limit::LOGIN_IP, by: By::IpBeside },
            Limited { limit: &limit::LOGIN_IDENTIFIER, by: By::Submitted },
        ])
        .problems(&[
            &types::INVALID_CREDENTIALS,
            &types::ACCOUNT_DEACTIVATED,
            &types::ACCOUNT_LOCKED,
            &types::EMAIL_NOT_VERIFIED,
            &types::SIGN_IN_REFUSED,
            &types::TEMPORARILY_LOCKED,
        ])
        .memory(1024)
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .with(Capability::SignTokens)
                .with(Capability::CountFailures)
                .with(Capability::AssessSignIns)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .delete(Table::Identity)
                .get_many(Table::Keys)
                .rarely("the account has a second factor or the device is new", Needs::new().put(Table::Ephemeral))
                .rarely(
                    "an unconfirmed address gets another mail, while enumeration protection is on",
                    Needs::new().send(Queue::Notification),
                )
                .reads(Section::Accounts)
                .reads(Section::Tokens),
        )
        .handled_by(login)
}

/// Three round trips: the limit of the network and the claim; the limit of the identifier, a try, the account and its
/// sessions; the new session.
async fn login(call: Call<Anonymous>, Json(form): Json<Login>) -> Result<Plain<SignedIn>> {
    let app = call.app;
    let (identifier, password, device) = form.check()?;
    let (indexes, store) = tokio::join!(app.index_secrets(), app.store());
    let indexes = indexes?;
    let (index, claim_key) = identifier.look_up(&indexes);

    let (by_ip, claim, circumstances, ..) = tokio::join!(
        call.limit_ip(&limit::LOGIN_IP),
        store.claim(&claim_key),
        Circumstances::of(&call),
        // Loaded in parallel for later use.
        app.token_secrets(),
        app.signing_ring(),
        store.preload_keks(&[KeyPurpose::Profile], call.now()),
    );
    // A call that the limit of its network refuses does not count against the identifier.
    by_ip?;
    let circumstances = circumstances?;
    if !password::may_match(&password) {
        return Err(AuthError::InvalidCredentials.into());
    }
    // For an unknown identifier, a random account is read, so that the response time does not reveal whether it exists.
    let claim = claim?.filter(|claim| !claim.is_former()).unwrap_or_else(|| ValueClaim::new(UserId::new(call.now())));
    let device = device.map(|device| device.of(&claim.user, &indexes));
    // A trusted device has limit and lock-out of its own, so that a stranger's guesses do not keep the owner out.
    let trusted = trusted_device(&call, &claim.user, device.as_ref()).await?;
    let (index, counted) = match &trusted {
        Some(device) => (device, device),
        None => (&index, claim.counted_under.as_ref().unwrap_or(&index)),
    };
    let (by_identifier, tried, found, sign_ins, devices) = tokio::join!(
        call.limit(&limit::LOGIN_IDENTIFIER, index.as_ref()),
        call.reserve_try(counted),
        store.auth_and_wrapped_key(&claim.user),
        store.sign_ins(&claim.user),
        store.devices(&claim.user, call.now()),
    );
    let tried = tried?;
    let read =
        by_identifier.and(found).and_then(|found| Ok((found, BeforeSignIn { sign_ins: sign_ins?, devices: devices? })));
    let (found, before) = match read {
        Ok(read) => read,
        Err(error) => {
            call.give_back(&tried).await;
            return Err(error);
        }
    };
    let (account, wrapped_key) = found.unzip();
    let account_failures = tried.failures();
    let attempt = PasswordAttempt { tried, identifier: counted, account: account.as_ref(), password: &password };
    let protected = app.config.accounts()?.enumeration_protection;
    let proof =
        if protected { prove_silently(&call, attempt).await? } else { call.prove_password(attempt, WRONG).await? };

    let auth = account.ok_or_else(|| Internal::bug("a password was proved without an account"))?;
    let wrapped_key = wrapped_key.flatten();
    let first = ProvenPassword {
        auth: &auth,
        wrapped_key: wrapped_key.as_ref(),
        proof: &proof,
        password: &password,
        device: device.as_ref(),
        circumstances: &circumstances,
        account_failures,
    };
    let begun = begin(&call, first, before);
    let (begun, ()) = tokio::join!(begun, call.settle(&proof));
    begun.map(Plain)
}

const WRONG: AuthError = AuthError::InvalidCredentials;

/// The index under which tries are counted if the sign-in has the secret of a device that the account trusts. The account is read
/// first only if the sign-in has a secret.
async fn trusted_device(
    call: &Call<Anonymous>,
    user: &UserId,
    device: Option<&NamedDevice>,
) -> Result<Option<BlindIndex>> {
    let Some(device) = device.filter(|device| device.has_secret()) else { return Ok(None) };
    let store = call.app.store().await;
    let (account, devices) = tokio::try_join!(store.auth(user), store.devices(user, call.now()))?;
    let trusted = account.and_then(|account| device.trusted(&devices, &account, call.now()).map(DeviceItem::index));
    Ok(trusted)
}

/// Somebody who proved their password.
struct ProvenPassword<'a> {
    auth: &'a Account,
    wrapped_key: Option<&'a KeyItem>,
    proof: &'a Proof,
    password: &'a SecretText,
    device: Option<&'a NamedDevice>,
    circumstances: &'a Circumstances,
    account_failures: u32,
}

/// Proves a password without revealing whether the address is confirmed: an unconfirmed address counts as a wrong password.
/// Otherwise a stranger who registered somebody's address could find out whether it was taken. The owner of an unconfirmed
/// address gets another mail to confirm it. Other refusals send a message too, which the worker drops.
async fn prove_silently(call: &Call<Anonymous>, attempt: PasswordAttempt<'_>) -> Result<Proof> {
    let confirmed = attempt.account.is_some_and(|account| account.email_verified);
    let address =
        attempt.account.and_then(|account| account.email_index.as_ref()).unwrap_or(attempt.identifier).clone();
    let (tried, identifier) = (attempt.tried.clone(), attempt.identifier);
    let person = attempt.account.map(|account| account.user);
    let right = call.compare(attempt).await?;
    if let Some(proof) = right.as_ref().filter(|_| confirmed) {
        return Ok(proof.clone());
    }
    let message = Message {
        key: format!("refused#{:032x}", u128::from_be_bytes(random::bytes())),
        correlation_id: call.meta.correlation_id.clone(),
        body: MailTask::SignInRefused { address, unconfirmed: right.is_some() },
    };
    let (counted, sent) = tokio::join!(
        call.count_failure(&tried, identifier, person),
        call.app.send(Queue::Notification, &message, std::time::Duration::ZERO),
    );
    counted?;
    sent?;
    Err(WRONG.into())
}

/// Goes on after a proven password.
async fn begin(call: &Call<Anonymous>, first: ProvenPassword<'_>, before: BeforeSignIn) -> Result<SignedIn> {
    let ProvenPassword { auth, wrapped_key, proof, password, device, circumstances, account_failures } = first;
    auth.admit(call.now())?;
    if !auth.email_verified {
        return Err(AuthError::EmailNotVerified.into());
    }
    let key = call.app.store().await.person_key(wrapped_key, call.now()).await?;
    let change = if proof.outdated { rehash(auth, password)? } else { None };
    let first = FirstFactor {
        auth,
        key: &key,
        amr: PASSWORD,
        proof: risk::Proof::FirstFactor,
        circumstances,
        account_failures,
        before: Some(before),
        device,
        change,
        used_up: UsedUp::Nothing,
    };
    first_factor_proved(call, first).await
}

/// The account with its password hashed with the current parameters; `None` for one that is longer than ours may be, which
/// keeps the hash that it was imported with.
fn rehash(auth: &Account, password: &SecretText) -> Result<Option<(Account, EventType)>> {
    if !password::fits(password) {
        return Ok(None);
    }
    let hash = password::hash(password, &Params::default()).map_err(Internal::bug)?;
    Ok(Some(auth.rehash_password(PasswordHash(hash))))
}

/// The identifier of a sign-in.
#[derive(Debug, PartialEq, Eq)]
enum SignInIdentifier {
    Email(Email),
    Username(Username),
}

impl SignInIdentifier {
    /// The blind index, and the key of its claim.
    fn look_up(&self, indexes: &IndexSecrets) -> (BlindIndex, Key) {
        match self {
            Self::Email(email) => {
                let index = indexes.email(email.as_str());
                let key = ValueClaim::email_key(&index);
                (index, key)
            }
            Self::Username(name) => {
                let index = indexes.username(name.as_str());
                let key = ValueClaim::username_key(&index);
                (index, key)
            }
        }
    }
}

const ONE_IDENTIFIER: FieldFault = FieldFault::new("required", "Give either an e-mail address or a username.");

impl Login {
    fn check(self) -> Result<(SignInIdentifier, SecretText, Option<DeviceOfSignIn>)> {
        let mut fields = Fields::default();
        let f = &mut fields;
        let email = f.check_optional("email", self.email.as_deref(), |text| Email::parse(text));
        let username = f.check_optional("username", self.username.as_deref(), |text| Username::parse(text));
        if self.email.is_some() == self.username.is_some() {
            f.refuse("email", ONE_IDENTIFIER);
        }
        if let Some(device) = &self.device {
            device.check(f);
        }
        fields.done().map_err(RequestError::Invalid)?;
        let identifier = email.map(SignInIdentifier::Email).or(username.map(SignInIdentifier::Username));
        let identifier = identifier.ok_or_else(|| Internal::bug("a form without faults has an identifier"))?;
        Ok((identifier, self.password, self.device))
    }
}

#[cfg(test)]
mod tests {
    use verinym::error::Error;

    use super::*;

    fn check(json: &str) -> Result<SignInIdentifier, Vec<(String, String)>> {
        match serde_json::from_str::<Login>(json).unwrap().check() {
            Ok((identifier, ..)) => Ok(identifier),
            Err(Error::Request(RequestError::Invalid(faults))) => {
                Err(faults.into_iter().map(|fault| (fault.field, fault.code.into_owned())).collect())
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_address_or_a_username_and_not_both() {
        let email = check(r#"{"email":"Ada@Example.com","password":"x"}"#).unwrap();
        assert_eq!(email, SignInIdentifier::Email(Email::parse("ada@example.com").unwrap()));
        let name = check(r#"{"username":"Ada.L","password":"x"}"#).unwrap();
        assert_eq!(name, SignInIdentifier::Username(Username::parse("ada.l").unwrap()));
        let fault = vec![("email".to_owned(), "required".to_owned())];
        assert_eq!(check(r#"{"password":"x"}"#).unwrap_err(), fault);
        assert_eq!(check(r#"{"email":"a@example.com","username":"ada","password":"x"}"#).unwrap_err(), fault);
    }

    #[test]
    fn a_device_is_checked_for_form() {
        let with = |device: &str| check(&format!(r#"{{"username":"ada","password":"x","device":{device}}}"#));
        assert!(with(r#"{"fingerprint":"f1","name":"Ada's phone","platform":"ios"}"#).is_ok());
        let long = format!(r#"{{"fingerprint":"","name":"{}","platform":"a\u0007"}}"#, "n".repeat(101));
        let faults: Vec<_> = with(&long).unwrap_err().into_iter().map(|(field, _)| field).collect();
        assert_eq!(faults, ["device.fingerprint", "device.name", "device.platform"]);
        assert_eq!(with(r#"{"fingerprint":"f1","secret":""}"#).unwrap_err()[0].0, "device.secret");
    }

    #[test]
    fn nothing_of_the_form_shows_in_debug() {
        let form: Login = serde_json::from_str(r#"{"email":"ada@example.com","password":"hunter2"}"#).unwrap();
        let shown = format!("{form:?}");
        assert!(!shown.contains("ada") && !shown.contains("hunter2"), "{shown}");
    }
}
