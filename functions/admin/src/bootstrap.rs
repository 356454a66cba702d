//! `admin-bootstrap`: grants a system role to a confirmed account. The operator invokes it for the first administrator.

use serde::{Deserialize, Serialize};
use verinym::{
    app::App,
    config::names::SecretId,
    crypto::random,
    domain::{
        account::UserStatus,
        event::{Actor, PublicWord, RoleChange},
        field::{FieldFault, InvalidField},
        id::UserId,
        person::Email,
        role,
        secret::Masked,
        time::Timestamp,
    },
    error::{Error, RequestError, Result},
    function::{Capability, Needs},
    messaging::Worker,
    run_command,
    store::Table,
    store::{
        command::Decided,
        user::{ValueClaim, account_event},
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
    /// `false` if the account already had the role.
    changed: bool,
}

pub fn worker() -> Worker {
    Worker::of_operator("admin-bootstrap", bootstrap).summary("Give an account a system role").needs(
        Needs::new().with(Capability::Commit).get(Table::Identity).put(Table::Identity).read_secret(SecretId::Indexes),
    )
}

async fn bootstrap(app: &'static App, payload: Bootstrap, now: Timestamp) -> Result<Bootstrapped> {
    let role = role::system_role(&payload.role)
        .ok_or_else(|| refused("role", "unknown_role", "There is no such system role."))?;
    let email = Email::parse(&payload.email)
        .map_err(|_| refused("email", "invalid_email", "This is not an e-mail address."))?;
    let unknown = || refused("email", "unknown_account", "No account has this address.");
    let key = ValueClaim::email_key(&app.index_secrets().await?.email(email.as_str()));
    let store = app.store().await;
    let correlation_id = format!("bootstrap-{:016x}", u64::from_be_bytes(random::bytes()));
    let command = store.command(&correlation_id, Actor::system("bootstrap"));
    let granted = run_command!(command, |attempt| {
        let claim = store.claim(&key).await?.filter(|claim| !claim.is_former()).ok_or_else(unknown)?;
        let auth = store.auth(&claim.user).await?.ok_or_else(unknown)?;
        if !auth.email_verified || auth.status != UserStatus::Active {
            let message = "The account is not confirmed, or not in use.";
            return Err(refused("email", "not_confirmed", message).into());
        }
        let Some((after, kind)) = auth.grant_role(role.name, now) else {
            let held = Bootstrapped { user_id: auth.user, roles: auth.roles.clone(), changed: false };
            return Ok(Decided::Unchanged(held));
        };
        let event = account_event(kind, &after).data(&RoleChange {
            granted: vec![role.name.into()],
            roles: after.roles.iter().map(|role| PublicWord::named(role)).collect(),
        });
        let granted = Bootstrapped { user_id: after.user, roles: after.roles.clone(), changed: true };
        Ok(attempt.commit(now).account_changes(&auth, &after).event(event).returning(granted))
    });
    granted
}

fn refused(field: &str, code: &'static str, message: &'static str) -> Error {
    RequestError::Invalid(vec![InvalidField::new(field, FieldFault::new(code, message))]).into()
}
