//! The directory of administrators, by which the last one is known.
//!
//! It has a row for each account with the role `admin`, whatever its status. Each change of the role writes the row in its own
//! transaction ([`Commit::account_changes`]).

use serde::{Deserialize, Serialize};

use super::{
    Store, Table,
    commit::{Commit, WriteExpression},
    item::{ItemQuery, Key, Sort, number, read},
    user::{Account, account_key},
};
use crate::{
    domain::{
        account::{AccountError, UserStatus},
        id::UserId,
        role,
    },
    error::Result,
};

const PARTITION: &str = "ROLE#admin";

/// How many rows one query reads: most deployments have fewer administrators.
const PAGE: u32 = 25;

#[derive(Debug, Serialize, Deserialize)]
struct AdminRow {
    user: UserId,
}

fn row_key(user: &UserId) -> Key {
    Key::new(PARTITION, format!("U#{user}"))
}

fn is_admin(account: &Account) -> bool {
    account.roles.iter().any(|held| held == role::ADMIN)
}

impl Commit<'_> {
    /// Keeps the directory as the roles after the change say.
    pub(super) fn list_as_admin(self, before: &Account, after: &Account) -> Self {
        let key = row_key(&after.user);
        match (is_admin(before), is_admin(after)) {
            (false, true) => self.create(Table::Identity, &key, &AdminRow { user: after.user }, None),
            (true, false) => self.clear(Table::Identity, &key),
            _ => self,
        }
    }

    /// Only goes through while the other administrator is as they were read. If two administrators close their accounts at the same
    /// time, each with the other as the one who stays, one of them meets a conflict and decides again.
    pub fn while_admin(self, other: &Account) -> Self {
        let unchanged = WriteExpression {
            condition: "version = :read",
            values: vec![(":read", number(other.version))],
            ..WriteExpression::default()
        };
        self.check(Table::Identity, &account_key(&other.user), &unchanged, None)
    }
}

impl Store {
    /// Another administrator whose account is in use, if this account is an administrator's; `None` for other accounts.
    ///
    /// # Errors
    /// [`AccountError::LastAdmin`] if there is no other one.
    pub async fn admin_beside(&self, account: &Account) -> Result<Option<Account>> {
        if !is_admin(account) {
            return Ok(None);
        }
        let mut after = None;
        loop {
            let query = ItemQuery {
                table: Table::Identity,
                index: None,
                partition: ("pk", PARTITION),
                sort: Sort::Prefix("sk", "U#"),
                newest_first: false,
                limit: PAGE,
                after: after.as_ref(),
            };
            let (rows, next) = self.query(query).await?;
            for row in rows {
                let AdminRow { user } = read(row)?;
                if user == account.user {
                    continue;
                }
                let other = self.auth(&user).await?;
                if let Some(other) = other.filter(|one| is_admin(one) && one.status == UserStatus::Active) {
                    return Ok(Some(other));
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Err(AccountError::LastAdmin.into()),
            }
        }
    }
}
