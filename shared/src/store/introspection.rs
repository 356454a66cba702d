//! What an access token stands on now: session and account of a person, or a machine client. Read together with the client that asks, if
//! one asks, in one consistent `BatchGetItem`.

use super::{
    Store, Table,
    client::client_key,
    item::{Item, Key, read},
    role::role_table_key,
    session::SessionItem,
    user::{Account, account_key},
};
use crate::{
    domain::{
        account::UserStatus,
        client::Client,
        id::{ClientId, SessionId, UserId},
        role::table::RoleTable,
        time::Timestamp,
    },
    error::Result,
};

/// Whose token it is, by its claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenHolder {
    /// `custom_roles`: whether the person had a custom role when the token was issued.
    Person {
        user: UserId,
        session: SessionId,
        custom_roles: bool,
    },
    Client(ClientId),
}

/// A question about a token.
#[derive(Debug)]
pub struct TokenQuestion {
    /// The client that asks; `None` if the deployment itself does.
    pub asker: Option<ClientId>,
    /// Whose token it is, if it is one of ours.
    pub holder: Option<TokenHolder>,
    /// Whether staff need a second factor. Without one their sessions are for enrolling only, so for other services they are not live.
    pub staff_mfa: bool,
}

/// The holder of a token, as of now.
#[derive(Debug)]
pub enum LiveHolder {
    Person(Box<Account>),
    Client(Box<Client>),
}

/// The client that asks about a token, and the holder of the token; each `None` if it does not live.
#[derive(Debug)]
pub struct AskedToken {
    pub asker: Option<Client>,
    pub holder: Option<LiveHolder>,
    /// The custom roles, if the person has any.
    pub roles: RoleTable,
}

impl TokenHolder {
    fn keys(&self) -> Vec<Key> {
        match self {
            Self::Person { user, session, custom_roles } => {
                let person = [account_key(user), SessionItem::key(user, session)];
                person.into_iter().chain(custom_roles.then(role_table_key)).collect()
            }
            Self::Client(client) => vec![client_key(client)],
        }
    }

    /// The holder, unless it was deleted, or the person is not admitted any more.
    fn live(
        &self,
        mut found: impl FnMut(&Key) -> Option<Item>,
        staff_mfa: bool,
        now: Timestamp,
    ) -> Result<Option<LiveHolder>> {
        match self {
            Self::Client(client) => {
                Ok(found(&client_key(client)).map(read).transpose()?.map(|client| LiveHolder::Client(Box::new(client))))
            }
            Self::Person { user, session, .. } => {
                let account: Option<Account> = found(&account_key(user)).map(read).transpose()?;
                let session: Option<SessionItem> = found(&SessionItem::key(user, session)).map(read).transpose()?;
                let (Some(account), Some(session)) = (account, session) else { return Ok(None) };
                let admitted = account.status == UserStatus::Active
                    && session.admitted(&account, now)
                    && !(staff_mfa && session.lacks_second_factor(&account));
                Ok(admitted.then(|| LiveHolder::Person(Box::new(account))))
            }
        }
    }
}

impl Store {
    pub async fn asked_token(&self, question: &TokenQuestion, now: Timestamp) -> Result<AskedToken> {
        let holder = question.holder.as_ref();
        let asking = question.asker.as_ref().map(client_key);
        let keys = asking.iter().cloned().chain(holder.into_iter().flat_map(TokenHolder::keys));
        let keys: Vec<_> = keys.map(|key| (Table::Identity, key)).collect();
        let found = self.get_many(&keys).await?;
        // A client may ask about its own token: then both are one item.
        let item = |key: &Key| found.get(key).cloned();
        let live = match holder {
            Some(holder) => holder.live(item, question.staff_mfa, now)?,
            None => None,
        };
        let known = match holder {
            Some(TokenHolder::Person { custom_roles: true, .. }) => {
                Some(item(&role_table_key()).map(read).transpose()?.unwrap_or_default())
            }
            _ => None,
        };
        let roles = match &live {
            Some(LiveHolder::Person(account)) => self.roles_of(&account.roles, known).await?,
            _ => RoleTable::default(),
        };
        let asker = asking.as_ref().and_then(item).map(read).transpose()?;
        Ok(AskedToken { asker, holder: live, roles })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{
        crypto::{DataKey, index::blind_index, random::RandomId, refresh::Kid},
        domain::{
            account::{NewAccount, PasswordHash},
            client::Credentials,
            refresh::IDLE,
        },
        store::{author::CallOrigin, item::keyed, person_key::PersonKey, testing},
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    async fn put(store: &Store, item: Item) {
        store.db().put_item().table_name(store.name(Table::Identity)).set_item(Some(item)).send().await.unwrap();
    }

    /// The account with one field changed, as another transition would leave it.
    fn with(account: &Account, field: &str, value: serde_json::Value) -> Account {
        let mut stored = serde_json::to_value(account).unwrap();
        stored[field] = value;
        serde_json::from_value(stored).unwrap()
    }

    async fn is_active(store: &Store, holder: TokenHolder, now: Timestamp) -> bool {
        is_active_with(store, holder, false, now).await
    }

    async fn is_active_with(store: &Store, holder: TokenHolder, staff_mfa: bool, now: Timestamp) -> bool {
        let question = TokenQuestion { asker: Some(ClientId::new(NOW)), holder: Some(holder), staff_mfa };
        let asked = store.asked_token(&question, now).await.unwrap();
        assert!(asked.asker.is_none());
        asked.holder.is_some()
    }

    #[tokio::test]
    async fn a_person_is_live_while_account_and_session_are() {
        let store = testing::store().await;
        let new = NewAccount {
            user: UserId::new(NOW),
            email_index: blind_index(&DataKey::from_bytes([1; 32]), 1, "email", "ada@example.com"),
            username_index: None,
            password: PasswordHash("hash".into()),
        };
        let account = Account::register(new, NOW).0;
        let origin = CallOrigin { ip: "192.0.2.7".into(), user_agent: "Browser".into() };
        let key = PersonKey::from_key("user_ada", DataKey::from_bytes([7; 32]));
        let session = SessionItem::begin(&account, &["pwd"], Kid(1), &origin, &key, NOW).unwrap();
        let holder = TokenHolder::Person { user: account.user, session: session.session, custom_roles: false };
        let at = account_key(&account.user);
        put(&store, keyed(&at, &account).unwrap()).await;
        assert!(!is_active(&store, holder, NOW).await, "without a session");
        put(&store, keyed(&SessionItem::key(&account.user, &session.session), &session).unwrap()).await;
        assert!(is_active(&store, holder, NOW).await);
        assert!(!is_active(&store, holder, NOW + IDLE + Duration::from_secs(1)).await, "an idle session");
        for status in ["locked", "deactivated", "erasing", "erased"] {
            put(&store, keyed(&at, &with(&account, "status", status.into())).unwrap()).await;
            assert!(!is_active(&store, holder, NOW).await, "{status}");
        }
        put(&store, keyed(&at, &with(&account, "roles", json!(["user", "moderator"]))).unwrap()).await;
        assert!(is_active_with(&store, holder, false, NOW).await);
        assert!(!is_active_with(&store, holder, true, NOW).await, "staff without a second factor");
        put(&store, keyed(&at, &with(&account, "session_epoch", 1.into())).unwrap()).await;
        assert!(!is_active(&store, holder, NOW).await, "a new password");
    }

    #[tokio::test]
    async fn a_client_that_asks_about_itself_is_found_as_both() {
        let store = testing::store().await;
        let id = ClientId::new(NOW);
        let client = Client {
            id,
            name: "billing".into(),
            scopes: std::collections::BTreeSet::default(),
            credentials: Credentials::Secrets(vec![]),
            created_by: None,
            created_at: NOW,
            updated_at: NOW,
            version: 1,
        };
        let question = TokenQuestion { asker: Some(id), holder: Some(TokenHolder::Client(id)), staff_mfa: true };
        let ask = async || store.asked_token(&question, NOW).await.unwrap();
        assert!(matches!(ask().await, AskedToken { asker: None, holder: None, .. }));
        put(&store, keyed(&client_key(&id), &client).unwrap()).await;
        let asked = ask().await;
        assert!(asked.asker.is_some() && matches!(asked.holder, Some(LiveHolder::Client(_))));
    }
}
