//! The item of an account: its key, and its keys in the index `listing`.

use super::item::{Item, Key, keyed, shard, text};
use crate::{
    domain::{account::Account, id::UserId, time::Timestamp},
    error::Result,
};

/// The attributes that are the keys of the index.
pub const PARTITION: &str = "listing_pk";
pub const SORT: &str = "listing_sk";

/// Where an account is stored.
pub fn account_key(user: &UserId) -> Key {
    Key::new(format!("U#{user}"), "AUTH")
}

pub(super) fn partition(shard: u8) -> String {
    format!("ACCOUNTS#{shard:02}")
}

pub(super) fn sort(created_at: Timestamp, user: &UserId) -> String {
    format!("{created_at}#{user}")
}

/// The item of an account, with its keys in the index.
pub(super) fn account_item(account: &Account) -> Result<Item> {
    let mut item = keyed(&account_key(&account.user), account)?;
    if !account.is_ending() {
        item.insert(PARTITION.into(), text(partition(shard(&account.user.to_string()))));
        item.insert(SORT.into(), text(sort(account.created_at, &account.user)));
    }
    Ok(item)
}
