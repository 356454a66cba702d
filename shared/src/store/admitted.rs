//! The conditions under which whoever calls is still admitted. They are part of each commit of a caller, so that nothing is
//! committed for a session that ended, or for somebody who was locked or lost a role, while the call was under way.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Table,
    client::client_key,
    guard::Guard,
    item::{Key, number, text},
    session::SessionItem,
    user::account_key,
};
use crate::{
    domain::{
        account::UserStatus,
        id::{ClientId, SessionId, UserId},
    },
    error::RequestError,
};

/// What the admission of a caller rests on.
#[derive(Debug, Clone)]
pub enum AdmittedCaller {
    Person { user: UserId, session: SessionId, session_epoch: u64, roles: Vec<String> },
    Client(ClientId),
}

impl AdmittedCaller {
    /// The conditions of a commit of the caller.
    pub fn guards(&self) -> Vec<Guard> {
        match self {
            Self::Client(client) => vec![exists(client_key(client))],
            Self::Person { user, session, session_epoch, roles } => {
                let account = Guard {
                    table: Table::Identity,
                    key: account_key(user),
                    condition: "session_epoch = :epoch AND #status = :active AND #roles = :roles",
                    names: &["status", "roles"],
                    values: vec![
                        (":epoch", number(session_epoch)),
                        (":active", text(UserStatus::Active.as_str())),
                        (":roles", AttributeValue::L(roles.iter().map(text).collect())),
                    ],
                    // The next call finds what changed, and answers it.
                    refusal: RequestError::Contended,
                };
                vec![exists(SessionItem::key(user, session)), account]
            }
        }
    }
}

fn exists(key: Key) -> Guard {
    Guard {
        table: Table::Identity,
        key,
        condition: "attribute_exists(pk)",
        names: &[],
        values: vec![],
        refusal: RequestError::Unauthenticated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::random::RandomId,
        domain::{account::NewAccount, event::Actor, time::Timestamp},
        error::{Error, Result},
        run_command,
        store::{
            Store,
            item::keyed,
            testing,
            user::{Account, PasswordHash},
        },
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn account() -> Account {
        let new = NewAccount {
            user: UserId::new(NOW),
            email_index: serde_json::from_str("\"v1.email\"").unwrap(),
            username_index: None,
            password: PasswordHash("hash".into()),
        };
        Account::register(new, NOW).0
    }

    async fn put(store: &Store, key: &Key, value: &impl serde::Serialize) {
        let item = keyed(key, value).unwrap();
        store.db().put_item().table_name(store.name(Table::Identity)).set_item(Some(item)).send().await.unwrap();
    }

    /// A command of the caller that writes something.
    async fn write(store: &Store, caller: &AdmittedCaller, name: &str) -> Result<()> {
        let key = Key::of(name.to_owned());
        let command = store.command("c", Actor::Anonymous).guarded(caller.guards());
        run_command!(command, |attempt| {
            Ok(attempt.commit(NOW).create(Table::Ephemeral, &key, &serde_json::json!({}), None).returning(()))
        })
    }

    #[tokio::test]
    async fn nothing_is_committed_for_a_person_who_is_not_admitted_any_more() {
        let (store, account) = (testing::store().await, account());
        let session = SessionId::new(NOW);
        let caller = AdmittedCaller::Person {
            user: account.user,
            session,
            session_epoch: account.session_epoch,
            roles: account.roles.clone(),
        };
        let at = account_key(&account.user);
        put(&store, &at, &account).await;
        let refused = write(&store, &caller, "without a session").await;
        assert!(matches!(refused, Err(Error::Request(RequestError::Unauthenticated))), "{refused:?}");

        put(&store, &SessionItem::key(&account.user, &session), &serde_json::json!({})).await;
        write(&store, &caller, "admitted").await.unwrap();
        for (field, value) in [
            ("session_epoch", serde_json::json!(1)),
            ("status", serde_json::json!("locked")),
            ("roles", serde_json::json!(["user", "moderator"])),
        ] {
            let mut changed = serde_json::to_value(&account).unwrap();
            changed[field] = value;
            put(&store, &at, &changed).await;
            let refused = write(&store, &caller, field).await;
            assert!(matches!(refused, Err(Error::Request(RequestError::Contended))), "{field}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn nothing_is_committed_for_a_client_that_was_deleted() {
        let store = testing::store().await;
        let client = ClientId::new(NOW);
        let caller = AdmittedCaller::Client(client);
        put(&store, &client_key(&client), &serde_json::json!({})).await;
        write(&store, &caller, "a").await.unwrap();
        let key = client_key(&client).to_item();
        store.db().delete_item().table_name(store.name(Table::Identity)).set_key(Some(key)).send().await.unwrap();
        let refused = write(&store, &caller, "b").await;
        assert!(matches!(refused, Err(Error::Request(RequestError::Unauthenticated))), "{refused:?}");
    }

    #[tokio::test]
    async fn an_item_that_the_commit_writes_keeps_its_own_condition() {
        let (store, account) = (testing::store().await, account());
        let session = SessionId::new(NOW);
        let caller = AdmittedCaller::Person { user: account.user, session, session_epoch: 0, roles: vec![] };
        put(&store, &account_key(&account.user), &account).await;
        let key = SessionItem::key(&account.user, &session);
        let command = store.command("c", Actor::Anonymous).guarded(caller.guards());
        let ended = run_command!(command, |attempt| {
            let commit = attempt.commit(NOW).clear(Table::Identity, &key);
            Ok(commit.account_changes(&account, &account.end_all_sessions().0).returning(()))
        });
        ended.unwrap();
    }
}
