//! The index `listing` of the table `identity`: all accounts in use by the time of their creation, in 16 shards.
//!
//! The item of an account has the keys of the index, so each write of an account keeps them. Accounts that are being erased are not in
//! the index. The index is eventually consistent and has only what filters need; a page reads its accounts from the table.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Position, Store, Table,
    account_item::{PARTITION, SORT, partition, sort},
    item::{ItemQuery, Sort, every_shard, read},
};
use crate::{
    domain::{account::UserStatus, id::UserId, kyc::KycStatus, time::Timestamp},
    error::Result,
};

pub const INDEX: &str = "listing";
/// What the index has of an account.
#[derive(Debug, Clone, Deserialize)]
pub struct ListedAccount {
    pub user: UserId,
    pub status: UserStatus,
    pub roles: Vec<String>,
    pub kyc_status: KycStatus,
    pub created_at: Timestamp,
}

impl ListedAccount {
    /// The position of the page that starts after this account.
    pub fn position(&self) -> Position {
        Position(BTreeMap::from([(SORT.to_owned(), sort(self.created_at, &self.user))]))
    }
}

impl Store {
    /// A page of the accounts that were created at or after `from` and before `to`, newest first. Reads a page of each shard and merges
    /// them.
    pub async fn listed_accounts(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<ListedAccount>, Option<Position>)> {
        // DynamoDB takes no empty key. A sort key begins with a time, and has the id after it: `to` itself is not in the range.
        let low = from.map_or_else(|| "#".to_owned(), |from| from.to_string());
        let to = to.map_or_else(|| "~".to_owned(), |to| to.to_string());
        let high = after.and_then(|position| position.0.get(SORT)).map_or(to.as_str(), |after| to.as_str().min(after));
        if low.as_str() >= high {
            return Ok((Vec::new(), None));
        }
        let low = low.as_str();
        let pages = every_shard(|shard| async move {
            let query = ItemQuery {
                table: Table::Identity,
                index: Some(INDEX),
                partition: (PARTITION, &partition(shard)),
                sort: Sort::Between(SORT, low, high),
                newest_first: true,
                // One to know whether another page follows, and one since the range includes its end.
                limit: limit + 2,
                after: None,
            };
            Ok(self.query(query).await?.0)
        })
        .await?;
        let accounts = pages.into_iter().flatten().map(read::<ListedAccount>).collect::<Result<Vec<_>>>()?;
        let mut accounts: Vec<_> = accounts.into_iter().map(|one| (sort(one.created_at, &one.user), one)).collect();
        accounts.retain(|(sort, _)| sort.as_str() < high);
        accounts.sort_by(|(a, _), (b, _)| b.cmp(a));
        let more = accounts.len() > limit as usize;
        accounts.truncate(limit as usize);
        let accounts: Vec<_> = accounts.into_iter().map(|(_, account)| account).collect();
        let next = accounts.last().filter(|_| more).map(ListedAccount::position);
        Ok((accounts, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{BlindIndex, NewVouchedAccount};
    use crate::store::{account_item::account_item, user::Account};

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    #[test]
    fn each_write_of_an_account_in_use_has_the_keys_of_the_list_and_reads_back() {
        let user = UserId::from_parts(NOW, [1; 10]);
        let new = NewVouchedAccount { user, email_index: BlindIndex::from_text("v1.email".to_owned()) };
        let account = Account::register_vouched(new, NOW).0;
        for account in [account.clone(), account.lock(NOW).unwrap().0, account.deactivate(NOW).unwrap().0] {
            let item = account_item(&account).unwrap();
            let sort = item[SORT].as_s().unwrap();
            assert!(item[PARTITION].as_s().unwrap().starts_with("ACCOUNTS#"));
            assert_eq!(sort, &format!("2026-03-01T09:30:00.000Z#{user}"));
            let listed: ListedAccount = read(item.clone()).unwrap();
            assert_eq!((listed.user, listed.status), (user, account.status));
            assert_eq!(listed.position().0[SORT], *sort);
            assert_eq!(read::<Account>(item).unwrap(), account);
        }
        let erasing = serde_json::to_value(&account).unwrap();
        let erasing = serde_json::from_value::<Account>({
            let mut erasing = erasing;
            erasing["status"] = "erasing".into();
            erasing
        });
        assert!(!account_item(&erasing.unwrap()).unwrap().contains_key(PARTITION));
    }
}
