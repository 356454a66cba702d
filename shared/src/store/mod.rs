//! DynamoDB: one file per aggregate, the keys, and the commit that writes state and event together.
//!
//! The access-pattern table in `docs/architecture.md` says which key serves which question at what cost.

mod account_item;
pub mod account_list;
pub mod admins;
pub mod admission;
pub mod admitted;
pub mod author;
pub mod breaker;
pub mod check;
pub mod client;
pub mod command;
pub mod commit;
pub mod delivery;
pub mod device;
pub mod document;
pub mod due;
pub mod email_change;
pub mod event;
pub mod factor;
mod guard;
pub mod hit;
pub mod holder_notice;
pub mod idempotency;
pub mod inbound;
pub mod introspection;
pub mod invitation;
pub mod item;
pub mod kek;
pub mod limit;
pub mod link;
pub mod list;
pub mod lockout;
pub mod mail_token;
pub mod new_keys;
pub mod outbox;
pub mod outbox_row;
pub mod owner;
pub mod passkey;
pub mod pending_authorization;
pub mod person_key;
mod rewrap;
pub mod role;
pub mod rotation;
pub mod rotation_cause;
pub mod secrets;
pub mod sent_code;
pub mod session;
pub mod slot;
pub mod state_index;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod throttling_tests;
pub mod user;
pub mod webhook;
pub mod work;

use aws_sdk_dynamodb::Client;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{config::names::Tables, crypto::wrap::KekCache};

/// A table by its logical name, which is what ciphertexts are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    Identity,
    Keys,
    Kyc,
    Events,
    Outbound,
    Ephemeral,
}

impl Table {
    pub const fn logical(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Keys => "keys",
            Self::Kyc => "kyc",
            Self::Events => "events",
            Self::Outbound => "outbound",
            Self::Ephemeral => "ephemeral",
        }
    }
}

/// Where a list goes on: the key of the last item given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position(pub std::collections::BTreeMap<String, String>);

impl Position {
    /// After the item with this key, in a list that follows the table's own keys.
    pub(crate) fn of(key: item::Key) -> Self {
        Self([("pk".to_owned(), key.pk), ("sk".to_owned(), key.sk)].into())
    }
}

/// The tables of a deployment.
#[derive(Debug)]
pub struct Store {
    db: Client,
    kms: aws_sdk_kms::Client,
    tables: Tables,
    kms_data_key: String,
    keks: KekCache,
    /// Held by whoever loads the KEKs of a purpose, so that others wait for them.
    kek_loading: [Mutex<()>; kek::KeyPurpose::ALL.len()],
}

impl Store {
    pub fn new(db: Client, kms: aws_sdk_kms::Client, tables: &Tables, kms_data_key: &str) -> Self {
        Self {
            db,
            kms,
            tables: tables.clone(),
            kms_data_key: kms_data_key.to_owned(),
            keks: KekCache::default(),
            kek_loading: Default::default(),
        }
    }

    pub fn db(&self) -> &Client {
        &self.db
    }

    /// The deployed name of a table.
    pub fn name(&self, table: Table) -> &str {
        match table {
            Table::Identity => &self.tables.identity,
            Table::Keys => &self.tables.keys,
            Table::Kyc => &self.tables.kyc,
            Table::Events => &self.tables.events,
            Table::Outbound => &self.tables.outbound,
            Table::Ephemeral => &self.tables.ephemeral,
        }
    }
}
