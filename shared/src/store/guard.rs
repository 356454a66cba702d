//! Conditions of a commit beside those of its writes.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::{
    Table,
    item::{Key, key_of},
};
use crate::error::RequestError;

/// A condition under which a commit goes through. An item that the commit writes or checks anyway has a condition of its own.
#[derive(Debug, Clone)]
pub struct Guard {
    pub table: Table,
    pub key: Key,
    pub condition: &'static str,
    pub names: &'static [&'static str],
    pub values: Vec<(&'static str, AttributeValue)>,
    /// What its failing means to the caller.
    pub refusal: RequestError,
}

/// Table and key that a write is about.
pub(super) fn target(write: &TransactWriteItem) -> Option<(&str, Key)> {
    if let Some(put) = write.put() {
        return Some((put.table_name(), key_of(put.item())));
    }
    if let Some(update) = write.update() {
        return Some((update.table_name(), key_of(update.key())));
    }
    if let Some(delete) = write.delete() {
        return Some((delete.table_name(), key_of(delete.key())));
    }
    write.condition_check().map(|check| (check.table_name(), key_of(check.key())))
}
