//! Machine clients: the client itself (`M#<id>` · `CLIENT`), read with each of its calls, and its row in the list (`CLIENTS` ·
//! `M#<id>`), so that the list is no scan and calls do not share one partition.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use serde::Serialize;

use super::{
    Position, Store, Table,
    commit::{Commit, WriteExpression},
    event::EventDraft,
    item::{ItemQuery, Key, Sort, keyed, number, read},
};
use crate::{
    domain::{
        client::Client,
        event::{EventType, Subject},
        id::ClientId,
        time::Timestamp,
    },
    error::{Internal, Result},
};

const LIST: &str = "CLIENTS";

/// Where a client is stored.
pub fn client_key(id: &ClientId) -> Key {
    Key::new(format!("M#{id}"), "CLIENT")
}

fn row_key(id: &ClientId) -> Key {
    Key::new(LIST, format!("M#{id}"))
}

/// The event of a client as it is now.
pub fn client_event(kind: EventType, id: ClientId, version: u64) -> EventDraft {
    EventDraft::new(kind, Subject::new("client", id), version)
}

#[derive(Debug, Serialize)]
struct Row {}

#[derive(Debug, Serialize)]
struct UsedAssertion {
    /// Unix seconds.
    expires: i64,
}

impl Commit<'_> {
    pub fn new_client(self, client: &Client) -> Self {
        self.create(Table::Identity, &client_key(&client.id), client, None).create(
            Table::Identity,
            &row_key(&client.id),
            &Row {},
            None,
        )
    }

    /// A client in its next state, in place of the one that was read.
    pub fn client_changes(self, before: &Client, after: &Client) -> Self {
        self.replace(Table::Identity, &client_key(&after.id), after, before.version)
    }

    /// Deletes a client: its tokens are refused from the next call on.
    pub fn delete_client(self, client: &Client) -> Self {
        let unchanged = WriteExpression {
            condition: "version = :read",
            values: vec![(":read", number(client.version))],
            ..WriteExpression::default()
        };
        self.delete(Table::Identity, &client_key(&client.id), &unchanged, None)
            .clear(Table::Identity, &row_key(&client.id))
    }
}

impl Store {
    pub async fn machine_client(&self, id: &ClientId) -> Result<Option<Client>> {
        self.get_as(Table::Identity, &client_key(id)).await
    }

    /// One page of the clients, newest first.
    pub async fn machine_clients(
        &self,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<Client>, Option<Position>)> {
        let query = ItemQuery {
            table: Table::Identity,
            index: None,
            partition: ("pk", LIST),
            sort: Sort::Prefix("sk", "M#"),
            newest_first: true,
            limit,
            after,
        };
        let (rows, next) = self.query(query).await?;
        let ids: Vec<ClientId> =
            rows.iter().filter_map(|row| row.get("sk")?.as_s().ok()?.strip_prefix("M#")?.parse().ok()).collect();
        if ids.is_empty() {
            return Ok((vec![], next));
        }
        let keys: Vec<_> = ids.iter().map(|id| (Table::Identity, client_key(id))).collect();
        let mut found = self.get_many(&keys).await?;
        let clients = keys.iter().filter_map(|(_, key)| found.remove(key)).map(read).collect::<Result<_>>()?;
        Ok((clients, next))
    }

    /// The client that hands on the address of a person, by the kind of read that functions which authenticate have a grant for.
    pub async fn forwarding_client(&self, id: &ClientId) -> Result<Option<Client>> {
        let key = client_key(id);
        self.get_many(&[(Table::Identity, key.clone())]).await?.remove(&key).map(read).transpose()
    }

    /// Marks an assertion as used until `expires`; `false` if it was used before.
    pub async fn use_assertion(&self, digest: &str, expires: Timestamp, now: Timestamp) -> Result<bool> {
        // A little longer than the assertion is valid, so that clocks that differ give no second use.
        const MARGIN: Duration = Duration::from_mins(1);
        let used = UsedAssertion { expires: (expires + MARGIN).unix_seconds() };
        let put = self
            .db()
            .put_item()
            .table_name(self.name(Table::Ephemeral))
            .set_item(Some(keyed(&Key::of(format!("JTI#{digest}")), &used)?))
            .condition_expression("attribute_not_exists(pk) OR expires <= :now")
            .expression_attribute_values(":now", number(now.unix_seconds()));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(error.as_service_error(), Some(PutItemError::ConditionalCheckFailedException(_))) =>
            {
                Ok(false)
            }
            Err(error) => Err(Internal::aws("use an assertion", &error).into()),
        }
    }
}
