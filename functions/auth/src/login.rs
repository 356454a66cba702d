//! POST /v1/auth/login: a password for a session.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::{
        index::BlindIndex,
        password::{self, Params},
    },
    domain::{
        auth::AuthError,
        event::{Actor, EventType, Subject},
        field::{Fault, Fields},
        limit,
        person::{Email, Username},
        secret::{Masked, SecretText},
    },
    error::{Internal, RequestError, Result},
    http::{Anonymous, By, Call, Endpoint, Json, Limited, Plain, Route, proof::Attempt},
    store::{
        Table,
        commit::{CommitError, Tries},
        event::EventDraft,
        item::Key,
        kek::Purpose,
        secrets::IndexSecrets,
        session::SessionItem,
        user::{AuthItem, Claim, PasswordHash},
    },
};

use crate::tokens::{TokenSet, token_set};

/// Either `email` or `username`, and the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    #[schema(value_type = Option<String>)]
    email: Option<Masked<String>>,
    #[schema(value_type = Option<String>)]
    username: Option<Masked<String>>,
    password: SecretText,
    device: Option<Device>,
}

/// What a client says of the device it runs on. It is checked for form and, while there are no devices yet, neither
/// kept nor trusted: a fingerprint is anybody's to copy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// 1 to 256 characters.
    fingerprint: String,
    /// 1 to 100 characters.
    name: Option<String>,
    /// 1 to 64 characters.
    platform: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-login", "/v1/auth/login")
        .summary("Sign in with a password")
        .limited(&[
            Limited { limit: &limit::LOGIN_IP, by: By::IpBeside },
            Limited { limit: &limit::LOGIN_IDENTIFIER, by: By::Submitted },
        ])
        .problems(&[
            (401, "invalid_credentials"),
            (403, "account_deactivated"),
            (403, "account_locked"),
            (403, "email_not_verified"),
            (429, "temporarily_locked"),
        ])
        .handled_by(login)
}

/// Three round trips: limits, lock-out and claim; the account; the session.
async fn login(call: Call<Anonymous>, Json(form): Json<Login>) -> Result<Plain<TokenSet>> {
    let app = call.app;
    let (identifier, password) = form.check()?;
    let (indexes, store) = tokio::join!(app.index_secrets(), app.store());
    let (index, claim_key) = identifier.look_up(&*indexes?);

    let (by_ip, by_identifier, lockout, claim, ..) = tokio::join!(
        call.limit_ip(&limit::LOGIN_IP),
        call.limit(&limit::LOGIN_IDENTIFIER, index.as_ref()),
        store.lockout(index.as_ref()),
        store.claim(&claim_key),
        // Only to have them at hand: no identifier depends on them.
        app.token_secrets(),
        app.signing_ring(),
        store.preload_keks(&[Purpose::Profile], call.now()),
    );
    let lockout = lockout?;
    call.refuse_locked_out(&lockout)?;
    by_ip?;
    by_identifier?;

    // Of nobody something is read as well, so that it takes as long.
    let user = claim?.map_or_else(|| verinym::domain::id::UserId::new(call.now()), |claim| claim.user);
    let found = store.auth_and_wrapped_key(&user).await?;
    let (account, wrapped_key) = found.unzip();
    let attempt = Attempt { identifier: &index, lockout, account: account.as_ref(), password: &password };
    let proof = call.prove_password(attempt, AuthError::InvalidCredentials).await?;

    let auth = account.ok_or_else(|| Internal::bug("a password was proved without an account"))?;
    auth.status.admit()?;
    if !auth.email_verified {
        return Err(AuthError::EmailNotVerified.into());
    }
    let key = store.person_key(wrapped_key.flatten().as_ref(), call.now()).await?;
    let kid = app.token_secrets().await?.refresh.current();
    let session = SessionItem::begin(&auth, "pwd", kid, &call.meta.origin(), &key, call.now())?;

    let mut rehashed = if proof.outdated { Some(rehash(&auth, &password, &call)?) } else { None };
    let mut tries = Tries::new();
    loop {
        let mut commit = store
            .commit(call.now(), &call.meta.correlation_id)
            .create(Table::Identity, &SessionItem::key(&auth.user, &session.session), &session, None)
            .event(session.created().origin(&key, call.meta.origin()));
        commit = proof.forgive(commit);
        if let Some(rehashed) = &rehashed {
            let subject = Subject::new("user", auth.user);
            let actor = Actor::system("password");
            commit = commit.replace(Table::Identity, &AuthItem::key(&auth.user), rehashed, auth.version).event(
                EventDraft::new(EventType::PasswordRehashed, subject, rehashed.version, actor).person(auth.user),
            );
        }
        match commit.run().await {
            Ok(()) => break,
            // The account changed meanwhile: the next sign-in hashes anew, this one is not held up.
            Err(CommitError::Conflict) if rehashed.take().is_some() => {}
            Err(error) => tries.again(error).await?,
        }
    }
    let tokens = token_set(app, &auth, &session, &key, call.now()).await?;
    Ok(Plain(tokens.ok_or_else(|| Internal::unavailable("the key that mints refresh tokens is gone"))?))
}

/// The account with its password hashed under today's parameters.
fn rehash(auth: &AuthItem, password: &SecretText, call: &Call<Anonymous>) -> Result<AuthItem> {
    let hash = password::hash(password, &Params::default()).map_err(Internal::bug)?;
    Ok(AuthItem {
        password: Some(PasswordHash(hash)),
        updated_at: call.now(),
        version: auth.version + 1,
        ..auth.clone()
    })
}

/// What somebody signs in by.
#[derive(Debug, PartialEq, Eq)]
enum Identifier {
    Email(Email),
    Username(Username),
}

impl Identifier {
    /// What it is counted under, and where it is looked up.
    fn look_up(&self, indexes: &IndexSecrets) -> (BlindIndex, Key) {
        match self {
            Self::Email(email) => {
                let index = indexes.email(email.as_str());
                let key = Claim::email_key(&index);
                (index, key)
            }
            Self::Username(name) => {
                let index = indexes.username(name.as_str());
                let key = Claim::username_key(&index);
                (index, key)
            }
        }
    }
}

const ONE_IDENTIFIER: Fault = Fault::new("required", "give either an e-mail address or a username");
const BAD_DEVICE: Fault = Fault::new("invalid", "is empty, too long or has control characters");

impl Login {
    fn check(self) -> Result<(Identifier, SecretText)> {
        let mut fields = Fields::default();
        let f = &mut fields;
        let email = f.check_optional("email", self.email.as_deref(), |text| Email::parse(text));
        let username = f.check_optional("username", self.username.as_deref(), |text| Username::parse(text));
        if self.email.is_some() == self.username.is_some() {
            f.refuse("email", ONE_IDENTIFIER);
        }
        if let Some(device) = &self.device {
            f.check("device.fingerprint", label(&device.fingerprint, 256));
            f.check_optional("device.name", device.name.as_deref(), |text| label(text, 100));
            f.check_optional("device.platform", device.platform.as_deref(), |text| label(text, 64));
        }
        fields.done().map_err(RequestError::Invalid)?;
        let identifier = email.map(Identifier::Email).or(username.map(Identifier::Username));
        let identifier = identifier.ok_or_else(|| Internal::bug("a form without faults has an identifier"))?;
        Ok((identifier, self.password))
    }
}

fn label(text: &str, most: usize) -> Result<(), Fault> {
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(BAD_DEVICE) }
}

#[cfg(test)]
mod tests {
    use verinym::error::Error;

    use super::*;

    fn check(json: &str) -> Result<Identifier, Vec<(String, &'static str)>> {
        match serde_json::from_str::<Login>(json).unwrap().check() {
            Ok((identifier, _)) => Ok(identifier),
            Err(Error::Request(RequestError::Invalid(faults))) => {
                Err(faults.into_iter().map(|fault| (fault.field, fault.code)).collect())
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_address_or_a_name_and_never_both() {
        let email = check(r#"{"email":"Ada@Example.com","password":"x"}"#).unwrap();
        assert_eq!(email, Identifier::Email(Email::parse("ada@example.com").unwrap()));
        let name = check(r#"{"username":"Ada.L","password":"x"}"#).unwrap();
        assert_eq!(name, Identifier::Username(Username::parse("ada.l").unwrap()));
        let fault = vec![("email".to_owned(), "required")];
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
    }

    #[test]
    fn nothing_of_the_form_shows_in_debug() {
        let form: Login = serde_json::from_str(r#"{"email":"ada@example.com","password":"hunter2"}"#).unwrap();
        let shown = format!("{form:?}");
        assert!(!shown.contains("ada") && !shown.contains("hunter2"), "{shown}");
    }
}
