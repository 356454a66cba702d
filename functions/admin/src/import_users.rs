//! `admin-import-users`: creates accounts of another system, with the password hashes they had there. The operator invokes it
//! with a part of a file at a time (`make import-users`).

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use verinym::{
    app::App,
    config::names::SecretId,
    crypto::{
        password,
        random::{self, RandomId},
    },
    domain::{
        account::ImportedAccount,
        auth::AuthError,
        event::Actor,
        field::{FieldFault, InvalidField},
        id::UserId,
        time::Timestamp,
        user_row::{ImportedUser, UserRow},
    },
    error::{Error, RequestError, Result},
    function::{Capability, Needs},
    messaging::Worker,
    run_command,
    store::{
        Table,
        command::Decided,
        item::{keyed, text},
        new_keys::NewKeys,
        user::{Account, ProfileItem, ValueClaim, account_event},
    },
};

/// The most rows of one invocation.
const MOST: usize = 100;
/// Rows worked on at the same time.
const AT_ONCE: usize = 8;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    /// Rows as in the file. Each is read by itself, so that a malformed one does not spoil the others.
    users: Vec<Row>,
}

/// A row that is not printed.
#[derive(Deserialize)]
#[serde(transparent)]
struct Row(Value);

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What became of each row, in their order.
#[derive(Debug, Serialize)]
struct Imported {
    results: Vec<RowResult>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum RowResult {
    Created {
        user_id: UserId,
    },
    /// The address or the external id has an account, which stays as it is.
    Exists,
    Refused {
        faults: Vec<RowFault>,
    },
}

#[derive(Debug, Serialize)]
struct RowFault {
    field: String,
    code: String,
    message: String,
}

pub fn worker() -> Worker {
    Worker::of_operator("admin-import-users", import)
        .summary("Import accounts with password hashes of another system")
        .memory(512)
        .timeout(120)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UnwrapEvidenceKeys)
                .with(Capability::MakeKeys)
                .get(Table::Identity)
                .put(Table::Identity)
                .read_secret(SecretId::Indexes),
        )
}

const TOO_MANY: FieldFault = FieldFault::new("too_many", "At most 100 rows at a time.");
const USERNAME_TAKEN: FieldFault = FieldFault::new("username_taken", "Another account has this username.");
const MALFORMED: FieldFault = FieldFault::new("malformed", "Is unknown, or has another type than it must have.");

async fn import(app: &'static App, payload: Import, now: Timestamp) -> Result<Imported> {
    if payload.users.len() > MOST {
        return Err(RequestError::Invalid(vec![InvalidField::new("users", TOO_MANY)]).into());
    }
    let correlation_id = format!("import-{:016x}", u64::from_be_bytes(random::bytes()));
    let results = stream::iter(payload.users)
        .map(|row| import_row(app, row, &correlation_id, now))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Imported { results })
}

async fn import_row(app: &App, Row(row): Row, correlation_id: &str, now: Timestamp) -> Result<RowResult> {
    let imported = match check(row, now) {
        Ok(imported) => imported,
        Err(faults) => return Ok(refused(faults)),
    };
    match create(app, imported, correlation_id, now).await {
        Err(Error::Auth(AuthError::UsernameTaken)) => Ok(refused(vec![InvalidField::new("username", USERNAME_TAKEN)])),
        other => other,
    }
}

fn check(row: Value, now: Timestamp) -> Result<ImportedUser, Vec<InvalidField>> {
    let row: UserRow = serde_path_to_error::deserialize(row)
        .map_err(|error| vec![InvalidField::new(error.path().to_string(), MALFORMED)])?;
    row.check(now, |hash, normalised| if normalised { password::own(hash) } else { password::foreign::stored(hash) })
}

fn refused(faults: Vec<InvalidField>) -> RowResult {
    let fault = |fault: InvalidField| RowFault {
        field: fault.field,
        code: fault.code.into_owned(),
        message: fault.message.into_owned(),
    };
    RowResult::Refused { faults: faults.into_iter().map(fault).collect() }
}

/// Creates the account in one transaction, unless the address has one. A confirmed address goes before an account that
/// somebody registered with it and did not confirm.
async fn create(app: &App, imported: ImportedUser, correlation_id: &str, now: Timestamp) -> Result<RowResult> {
    let ImportedUser { profile, email_verified, provisioned, password } = imported;
    let (indexes, store) = tokio::join!(app.index_secrets(), app.store());
    let indexes = indexes?;
    let user = UserId::new(now);
    let email_index = profile.email.as_ref().map(|email| indexes.email(email.as_str()));
    let username_index = profile.username.as_ref().map(|name| indexes.username(name.as_str()));
    let external = profile.external.as_ref().and_then(|made| Some((made.client, made.external_id.as_ref()?)));
    let external_key = external.map(|(client, id)| ValueClaim::external_key(&indexes.external_id(&client, id)));
    let email_key = email_index.as_ref().map(ValueClaim::email_key);
    let keys = NewKeys::make(store, &user, now).await?;
    let sealed = ProfileItem::seal(&user, &profile, &keys.profile)?;
    let new = ImportedAccount { user, email_index, username_index, password, email_verified, provisioned };
    let (account, kind) = Account::import(new, now);
    let claim = ValueClaim { unverified_until: account.unverified_until, ..ValueClaim::new(user) };
    let free = if email_verified { ValueClaim::FREE_FOR_ITS_OWNER } else { ValueClaim::FREE };
    let at = [(":now", text(now.to_string()))];

    let command = store.command(correlation_id, Actor::system("import"));
    let created = run_command!(command, |attempt| {
        if let Some(key) = &external_key
            && store.claim(key).await?.is_some()
        {
            return Ok(Decided::Unchanged(RowResult::Exists));
        }
        let held = match &email_key {
            Some(key) => store.claim(key).await?,
            None => None,
        };
        let gives_way = |held: &ValueClaim| {
            held.lapsed(now) || (email_verified && held.unverified_until.is_some() && !held.is_former())
        };
        if held.is_some_and(|held| !gives_way(&held)) {
            return Ok(Decided::Unchanged(RowResult::Exists));
        }
        let mut commit = attempt.commit(now);
        if let Some(index) = &account.username_index {
            let claim = ValueClaim { counted_under: account.email_index.clone(), ..claim.clone() };
            let item = keyed(&ValueClaim::username_key(index), &claim);
            let taken = Some(AuthError::UsernameTaken.into());
            commit = commit.put_if(Table::Identity, item, ValueClaim::FREE, &at, taken);
        }
        if let Some(key) = &email_key {
            commit = commit.put_if(Table::Identity, keyed(key, &claim), free, &at, None);
        }
        if let Some(key) = &external_key {
            commit = commit.create(Table::Identity, key, &ValueClaim::new(user), None);
        }
        let commit = commit
            .new_account(&account)
            .put_if(Table::Identity, sealed.item(&user), "attribute_not_exists(pk)", &[], None)
            .event(account_event(kind, &account));
        Ok(keys.create(commit).returning(RowResult::Created { user_id: user }))
    });
    created
}
