//! `admin-bootstrap`: gives a confirmed account a system role; invoked by the operator, since the first administrator
//! has nobody to ask.

use serde::{Deserialize, Serialize};
use verinym::{
    app::App,
    crypto::random,
    domain::{
        event::{Actor, EventType, PublicWord, RoleChange, Subject},
        field::Invalid,
        id::UserId,
        person::Email,
        role,
        secret::Masked,
        time::Timestamp,
        user::UserStatus,
    },
    error::{Error, RequestError, Result},
    messaging::Worker,
    store::{
        Table,
        commit::Tries,
        event::EventDraft,
        user::{AuthItem, Claim},
    },
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bootstrap {
    email: Masked<String>,
    role: String,
}

#[derive(Debug, Serialize)]
struct Bootstrapped {
    user_id: UserId,
    roles: Vec<String>,
    /// `false` if the account had the role already.
    changed: bool,
}

pub fn worker() -> Worker {
    Worker::of_invocation("admin-bootstrap", bootstrap)
}

async fn bootstrap(app: &'static App, payload: Bootstrap, now: Timestamp) -> Result<Bootstrapped> {
    let role = role::system_role(&payload.role)
        .ok_or_else(|| refused("role", "unknown_role", "There is no such system role."))?;
    let email = Email::parse(&payload.email)
        .map_err(|_| refused("email", "invalid_email", "This is not an e-mail address."))?;
    let unknown = || refused("email", "unknown_account", "No account has this address.");
    let key = Claim::email_key(&app.index_secrets().await?.email(email.as_str()));
    let store = app.store().await;
    let correlation_id = format!("bootstrap-{:016x}", u64::from_be_bytes(random::bytes()));
    let mut tries = Tries::new();
    loop {
        let claim = store.claim(&key).await?.ok_or_else(unknown)?;
        let mut auth = store.auth(&claim.user).await?.ok_or_else(unknown)?;
        if !auth.email_verified || auth.status != UserStatus::Active {
            return Err(refused("email", "not_confirmed", "The account is not confirmed, or not in use."));
        }
        if auth.roles.iter().any(|held| held == role.name) {
            return Ok(Bootstrapped { user_id: auth.user, roles: auth.roles, changed: false });
        }
        let read_version = auth.version;
        auth.roles.push(role.name.to_owned());
        auth.version += 1;
        auth.updated_at = now;
        let committed = store
            .commit(now, &correlation_id)
            .replace(Table::Identity, &AuthItem::key(&auth.user), &auth, read_version)
            .event(
                EventDraft::new(
                    EventType::UserRolesChanged,
                    Subject::new("user", auth.user),
                    auth.version,
                    Actor::system("bootstrap"),
                )
                .person(auth.user)
                .data(&RoleChange {
                    granted: vec![role.name.into()],
                    roles: auth.roles.iter().map(|role| PublicWord::named(role)).collect(),
                }),
            )
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(Bootstrapped { user_id: auth.user, roles: auth.roles, changed: true }),
            Err(error) => tries.again(error).await?,
        }
    }
}

fn refused(field: &str, code: &'static str, message: &'static str) -> Error {
    RequestError::Invalid(vec![Invalid { field: field.into(), code, message }]).into()
}
