//! Items, their keys, and the small verbs that every aggregate uses.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures::{StreamExt, TryStreamExt};
use serde::{Serialize, de::DeserializeOwned};

use super::{Position, Store, Table};
use crate::{
    aws::long_read,
    crypto,
    deadline::{Deadline, Retries},
    error::{Internal, Result},
};

pub type Item = HashMap<String, AttributeValue>;

/// How many shards spread what would be one hot partition.
pub const SHARDS: u8 = 16;

/// How many shards one request reads at the same time.
const SHARDS_AT_ONCE: usize = 4;

/// Reads every shard, a few at a time; the results are in the order of the shards.
pub async fn every_shard<T, F: Future<Output = Result<T>>>(read: impl Fn(u8) -> F) -> Result<Vec<T>> {
    futures::stream::iter((0..SHARDS).map(read)).buffered(SHARDS_AT_ONCE).try_collect().await
}

/// The shard of an id, by its hash.
pub fn shard(id: &str) -> u8 {
    crypto::wrap::shard_of(id) % SHARDS
}

/// A full primary key. `ephemeral` has no sort key; its sort stays empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// A key of a table without sort key.
    pub fn of(pk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: String::new() }
    }

    pub fn to_item(&self) -> Item {
        let mut item = Item::from([("pk".to_owned(), text(&self.pk))]);
        if !self.sk.is_empty() {
            item.insert("sk".to_owned(), text(&self.sk));
        }
        item
    }
}

pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The item of a value under a key.
pub fn keyed<T: Serialize>(key: &Key, value: &T) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(Internal::bug)?;
    item.extend(key.to_item());
    Ok(item)
}

/// The value of an item; what does not read is corrupt, never the caller's fault.
pub fn read<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item).map_err(|error| Internal::corrupt(error).into())
}

/// The key an item stands under.
pub fn key_of(item: &Item) -> Key {
    let part = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    Key { pk: part("pk"), sk: part("sk") }
}

impl Store {
    /// One consistent read; half a unit per 4 KB more than an eventual one, and never stale.
    pub async fn get(&self, table: Table, key: &Key) -> Result<Option<Item>> {
        let answer = self
            .db
            .get_item()
            .table_name(self.name(table))
            .set_key(Some(key.to_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Internal::aws("get item", &error))?;
        Ok(answer.item)
    }

    pub async fn get_as<T: DeserializeOwned>(&self, table: Table, key: &Key) -> Result<Option<T>> {
        self.get(table, key).await?.map(read).transpose()
    }

    /// Puts an item under a key that nobody else can have made. `what` is for errors.
    pub async fn put_unconditionally(&self, table: Table, item: Item, what: &'static str) -> Result<()> {
        let put = self.db.put_item().table_name(self.name(table)).set_item(Some(item));
        put.send().await.map_err(|error| Internal::aws(what, &error))?;
        Ok(())
    }

    /// One consistent read of several items, of several tables; found items by table and key. What DynamoDB leaves
    /// unprocessed is asked for again, after a pause, until the deadline.
    pub async fn get_many(&self, wanted: &[(Table, Key)]) -> Result<HashMap<Key, Item>> {
        let mut requests: HashMap<String, KeysAndAttributes> = HashMap::new();
        for (table, key) in wanted {
            let keys = requests.remove(self.name(*table));
            let mut keys = keys.and_then(|keys| keys.keys.into()).unwrap_or_default();
            if !keys.contains(&key.to_item()) {
                keys.push(key.to_item());
            }
            let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            requests.insert(self.name(*table).to_owned(), request.map_err(Internal::bug)?);
        }
        let mut found = HashMap::new();
        let mut retries = Retries::new();
        while !requests.is_empty() {
            let answer = self
                .db
                .batch_get_item()
                .set_request_items(Some(requests))
                .send()
                .await
                .map_err(|error| Internal::aws("get items", &error))?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                found.insert(key_of(&item), item);
            }
            requests = answer.unprocessed_keys.unwrap_or_default();
            if !requests.is_empty() && !retries.wait().await {
                return Err(Internal::unavailable("get items: always some left unprocessed").into());
            }
        }
        Ok(found)
    }

    /// One page of a query.
    pub async fn query(&self, query: ItemQuery<'_>) -> Result<(Vec<Item>, Option<Position>)> {
        let mut names = HashMap::from([("#p".to_owned(), query.partition.0.to_owned())]);
        let mut values = HashMap::from([(":p".to_owned(), text(query.partition.1))]);
        let mut condition = "#p = :p".to_owned();
        match query.sort {
            Sort::Any => {}
            Sort::Prefix(name, prefix) => {
                names.insert("#s".into(), name.into());
                values.insert(":s".into(), text(prefix));
                condition.push_str(" AND begins_with(#s, :s)");
            }
            Sort::Between(name, low, high) => {
                names.insert("#s".into(), name.into());
                values.insert(":low".into(), text(low));
                values.insert(":high".into(), text(high));
                condition.push_str(" AND #s BETWEEN :low AND :high");
            }
        }
        let start = query
            .after
            .map(|position| position.0.iter().map(|(name, value)| (name.clone(), text(value))).collect::<Item>());
        let request = self
            .db
            .query()
            .table_name(self.name(query.table))
            .set_index_name(query.index.map(str::to_owned))
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(!query.newest_first)
            .consistent_read(query.index.is_none())
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .customize();
        // Indexes are read for lists of many items.
        let request = match query.index {
            Some(_) => request.config_override(long_read(Deadline::current())),
            None => request,
        };
        let answer = request.send().await.map_err(|error| Internal::aws("query", &error))?;
        let position = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(|key| {
            Position(key.into_iter().filter_map(|(name, value)| Some((name, value.as_s().ok()?.clone()))).collect())
        });
        Ok((answer.items.unwrap_or_default(), position))
    }
}

/// A question to one partition of a table or index. Reads of a table are consistent, of an index they cannot be.
#[derive(Debug)]
pub struct ItemQuery<'a> {
    pub table: Table,
    pub index: Option<&'a str>,
    /// Attribute and value.
    pub partition: (&'a str, &'a str),
    pub sort: Sort<'a>,
    pub newest_first: bool,
    pub limit: u32,
    pub after: Option<&'a Position>,
}

#[derive(Debug)]
pub enum Sort<'a> {
    Any,
    /// Attribute, prefix.
    Prefix(&'a str, &'a str),
    /// Attribute, lowest, highest (both included).
    Between(&'a str, &'a str, &'a str),
}
