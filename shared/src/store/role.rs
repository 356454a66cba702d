//! The table of custom roles (`ROLES` · `TABLE`), one item. It is read with the session of a person who has a custom role, and with nobody
//! else's.

use super::{
    Store, Table,
    commit::{Commit, WriteExpression},
    event::EventDraft,
    item::{Key, number, read},
    user::{Account, account_key},
};
use crate::{
    domain::{
        event::{EventType, PublicWord, RoleContents, Subject},
        role::table::{CustomRole, RoleTable, has_custom},
    },
    error::Result,
};

/// Where the table is stored.
pub fn role_table_key() -> Key {
    Key::new("ROLES", "TABLE")
}

/// The event of a role as it is, under the version that the event makes.
pub fn role_event(kind: EventType, name: &str, role: &CustomRole, version: u64) -> EventDraft {
    let words = |names: &std::collections::BTreeSet<String>| names.iter().map(|name| PublicWord::named(name)).collect();
    EventDraft::new(kind, Subject::new("role", role.id), version).data(&RoleContents {
        name: PublicWord::named(name),
        permissions: words(&role.content.permissions),
        inherits: words(&role.content.inherits),
        holders: role.holders,
    })
}

impl Commit<'_> {
    /// The table in its next state, in place of the one that was read. Without a change, only goes through while it is that one.
    pub fn role_table_changes(self, before: &RoleTable, after: &RoleTable) -> Self {
        let key = role_table_key();
        let unchanged = before.version == after.version;
        match (before.version, unchanged) {
            (0, true) => self.check(
                Table::Identity,
                &key,
                &WriteExpression { condition: "attribute_not_exists(pk)", ..WriteExpression::default() },
                None,
            ),
            (0, false) => self.create(Table::Identity, &key, after, None),
            (version, true) => self.check(Table::Identity, &key, &of_version(version), None),
            (version, false) => self.replace(Table::Identity, &key, after, version),
        }
    }

    /// Only goes through while the account is the one that was read: the decision rests on its roles.
    pub fn while_account(self, account: &Account) -> Self {
        self.check(Table::Identity, &account_key(&account.user), &of_version(account.version), None)
    }
}

fn of_version(version: u64) -> WriteExpression<'static> {
    WriteExpression {
        condition: "version = :read",
        values: vec![(":read", number(version))],
        ..WriteExpression::default()
    }
}

impl Store {
    pub async fn role_table(&self) -> Result<RoleTable> {
        let key = role_table_key();
        let found = self.get_many(&[(Table::Identity, key.clone())]).await?.remove(&key);
        Ok(found.map(read).transpose()?.unwrap_or_default())
    }

    /// The table, if an account with these roles needs it; otherwise an empty one. `known` was read with the account.
    pub async fn roles_of(&self, roles: &[String], known: Option<RoleTable>) -> Result<RoleTable> {
        match known {
            Some(known) => Ok(known),
            // Only if a custom role was given since the token was issued.
            None if has_custom(roles) => self.role_table().await,
            None => Ok(RoleTable::default()),
        }
    }
}
