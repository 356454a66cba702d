//! `admin-export-users`: a page of all accounts, in the format of the import. The operator invokes it (`make export-users`).

use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use verinym::{
    app::App,
    crypto::{password, random},
    domain::{
        event::{Actor, EventType, ExportedUsers, Subject},
        id::UserId,
        time::Timestamp,
        user_row::ExportedRow,
    },
    error::{Error, Internal, Result},
    function::{Capability, Needs},
    messaging::Worker,
    run_command,
    store::{
        Table,
        event::EventDraft,
        user::{AccountPosition, OpenAccount},
    },
};

/// Items of the table that one page looks through. An account has some; its row has less than 4 KB.
const PAGE: i32 = 1000;
/// Accounts read at the same time.
const AT_ONCE: usize = 8;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    /// `next` of the page before.
    #[serde(default)]
    after: Option<AccountPosition>,
    /// Whether password hashes are exported too.
    #[serde(default)]
    hashes: bool,
}

#[derive(Debug, Serialize)]
struct Exported {
    /// Subject of the event.
    id: String,
    users: Vec<ExportedRow>,
    /// Accounts that cannot be read, which are left out.
    damaged: Vec<UserId>,
    /// `None` after the last page.
    next: Option<AccountPosition>,
}

pub fn worker() -> Worker {
    Worker::of_operator("admin-export-users", export)
        .summary("Export accounts, with an event")
        .memory(512)
        .timeout(120)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .scan(Table::Identity)
                .get_many(Table::Identity)
                .get_many(Table::Keys),
        )
}

/// The event is written before the page is handed out.
async fn export(app: &'static App, payload: Export, now: Timestamp) -> Result<Exported> {
    let store = app.store().await;
    let page = store.accounts_after(payload.after.as_ref(), PAGE).await?;
    let found: Vec<_> = stream::iter(page.users)
        .map(|user| async move { (user, store.account(&user, now).await) })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut users, mut damaged) = (Vec::new(), Vec::new());
    for (user, account) in found {
        match account {
            Ok(Some(account)) => users.push(row(account, payload.hashes)),
            // Deleted since the page was read.
            Ok(None) => {}
            Err(Error::Internal(Internal::Corrupt(why))) => {
                tracing::error!(%user, why, "an account cannot be exported");
                damaged.push(user);
            }
            Err(error) => return Err(error),
        }
    }
    let id = format!("export-{:016x}", u64::from_be_bytes(random::bytes()));
    let exported = ExportedUsers { count: users.len(), hashes: payload.hashes };
    let command = store.command(&id, Actor::system("export"));
    let noted = run_command!(command, |attempt| {
        let event = EventDraft::new(EventType::UsersExported, Subject::new("export", &id), 1).data(&exported);
        Ok(attempt.commit(now).event(event).returning(()))
    });
    noted?;
    Ok(Exported { id, users, damaged, next: page.next })
}

fn row(account: OpenAccount, hashes: bool) -> ExportedRow {
    let hash = account.auth.password.clone().filter(|_| hashes);
    let hash = hash.as_ref().map(|hash| match password::foreign::imported(&hash.0) {
        Some(imported) => (imported, false),
        None => (hash.0.as_str(), true),
    });
    ExportedRow::new(&account.auth, account.profile, hash)
}
