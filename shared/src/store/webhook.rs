//! Endpoints of webhooks: the endpoint (`W#<id>` · `ENDPOINT`), its row in the list of its owner (`W#OF#<owner>` · `W#<id>`), and,
//! if it hears of everybody, its row in the list of those (`W#ALL` · `W#<id>`). Each list counts its rows (`COUNT`), so that two
//! calls at the same time cannot both add the last one.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Position, Store, Table,
    commit::{Commit, WriteExpression},
    event::EventDraft,
    item::{ItemQuery, Key, Sort, keyed, number, read, text},
    person_key::PersonKey,
    secrets::IndexSecrets,
};
use crate::{
    crypto::field::Place,
    domain::{
        event::{EndpointSettings, EventType, Subject},
        id::{UserId, WebhookId},
        secret::Secret,
        time::Timestamp,
        webhook::{
            DisabledReason, Endpoint, EndpointOwner, EndpointSecret, EndpointUrl, EventFilter, MOST_OF_OWNER,
            MOST_OF_SCOPE_ALL, Scope, WebhookError,
        },
    },
    error::{Internal, Result},
};

const ALL: &str = "W#ALL";
/// Longer than the longest wait of a delivery between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_hours(36);

/// The partition of an endpoint and of its deliveries.
pub(super) fn partition(id: &WebhookId) -> String {
    format!("W#{id}")
}

fn key(id: &WebhookId) -> Key {
    Key::new(partition(id), "ENDPOINT")
}

fn health_key(id: &WebhookId) -> Key {
    Key::new(partition(id), "HEALTH")
}

fn of_owner(owner: &EndpointOwner) -> String {
    format!("W#OF#{owner}")
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Outbound.logical(), partition: &at.pk, sort: &at.sk, attribute: "sealed" }
}

/// An endpoint as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndpointItem {
    pub id: WebhookId,
    pub owner: EndpointOwner,
    pub scope: Scope,
    pub events: Vec<EventFilter>,
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<DisabledReason>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
    /// [`SealedPart`], under the key of the endpoint.
    sealed: ByteBuf,
}

/// What only its owner may know: the URL may hold a token.
#[derive(Serialize, Deserialize)]
struct SealedPart {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    secrets: Vec<StoredSecret>,
}

#[derive(Serialize, Deserialize)]
struct StoredSecret {
    key: String,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

impl EndpointItem {
    fn seal(endpoint: &Endpoint, key: &PersonKey) -> Result<Self> {
        let stored = |secret: &EndpointSecret| StoredSecret {
            key: secret.key.expose().clone(),
            created_at: secret.created_at,
            expires_at: secret.expires_at,
        };
        let part = SealedPart {
            url: endpoint.url.as_str().to_owned(),
            description: endpoint.description.clone(),
            secrets: endpoint.secrets.iter().map(stored).collect(),
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&part).map_err(Internal::bug)?);
        let at = self::key(&endpoint.id);
        Ok(Self {
            id: endpoint.id,
            owner: endpoint.owner,
            scope: endpoint.scope,
            events: endpoint.events.clone(),
            enabled: endpoint.enabled,
            disabled_reason: endpoint.disabled_reason,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            version: endpoint.version,
            sealed: ByteBuf::from(key.seal(&place(&at), &plain)),
        })
    }

    pub fn open(self, indexes: &IndexSecrets) -> Result<Endpoint> {
        let at = key(&self.id);
        let plain = indexes.webhook_key(&self.id).open(&place(&at), &self.sealed)?;
        // The error could quote a secret.
        let part: SealedPart =
            serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("the sealed part of an endpoint"))?;
        let secret = |stored: StoredSecret| EndpointSecret {
            key: Secret::new(stored.key),
            created_at: stored.created_at,
            expires_at: stored.expires_at,
        };
        Ok(Endpoint {
            id: self.id,
            owner: self.owner,
            scope: self.scope,
            url: EndpointUrl::stored(part.url),
            events: self.events,
            description: part.description,
            enabled: self.enabled,
            disabled_reason: self.disabled_reason,
            secrets: part.secrets.into_iter().map(secret).collect(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// Since when an endpoint fails.
#[derive(Debug, Clone, Copy, Deserialize)]
struct EndpointHealth {
    failing_since: Timestamp,
}

#[derive(Serialize)]
struct Row {}

/// An event of an endpoint, at the version it makes.
pub fn endpoint_event(kind: EventType, endpoint: &Endpoint) -> EventDraft {
    let draft = EventDraft::new(kind, Subject::new("webhook", endpoint.id), endpoint.version);
    match endpoint.owner.person() {
        Some(person) => draft.person(person),
        None => draft,
    }
}

/// The event of an endpoint's new settings.
pub fn settings_event(kind: EventType, endpoint: &Endpoint) -> EventDraft {
    endpoint_event(kind, endpoint).data(&EndpointSettings { scope: endpoint.scope, enabled: endpoint.enabled })
}

/// The lists that an endpoint is in, with the most rows of each.
fn lists(endpoint: &Endpoint) -> impl Iterator<Item = (String, u32)> {
    let all = (endpoint.scope == Scope::All).then(|| (ALL.to_owned(), MOST_OF_SCOPE_ALL));
    std::iter::once((of_owner(&endpoint.owner), MOST_OF_OWNER)).chain(all)
}

fn row(list: &str, id: &WebhookId) -> Key {
    Key::new(list, partition(id))
}

impl Commit<'_> {
    /// Adds an endpoint to its lists. Refused if one of them is full.
    pub fn new_endpoint(self, endpoint: &Endpoint, indexes: &IndexSecrets) -> Self {
        let item = EndpointItem::seal(endpoint, &indexes.webhook_key(&endpoint.id))
            .and_then(|item| keyed(&key(&endpoint.id), &item));
        let commit = self.put_if(Table::Outbound, item, "attribute_not_exists(pk)", &[], None);
        lists(endpoint).fold(commit, |commit, (list, most)| {
            let one_more = WriteExpression {
                update: "ADD #count :one",
                condition: "attribute_not_exists(#count) OR #count < :most",
                names: &["count"],
                values: vec![(":one", number(1)), (":most", number(most))],
            };
            commit
                .update(Table::Outbound, &Key::new(&list, "COUNT"), &one_more, Some(WebhookError::TooMany.into()))
                .create(Table::Outbound, &row(&list, &endpoint.id), &Row {}, None)
        })
    }

    /// An endpoint in its next state, in place of the one that was read.
    pub fn endpoint_changes(self, before: &Endpoint, after: &Endpoint, indexes: &IndexSecrets) -> Self {
        let item =
            EndpointItem::seal(after, &indexes.webhook_key(&after.id)).and_then(|item| keyed(&key(&after.id), &item));
        let read = [(":read", number(before.version))];
        let commit = self.put_if(Table::Outbound, item, "version = :read", &read, None);
        // It is tried anew: what it did before it was enabled again does not count.
        if after.enabled && !before.enabled { commit.clear(Table::Outbound, &health_key(&after.id)) } else { commit }
    }

    /// Deletes an endpoint. Its deliveries stay until they expire, and nobody reads them.
    pub fn delete_endpoint(self, endpoint: &Endpoint) -> Self {
        let unchanged = WriteExpression {
            condition: "version = :read",
            values: vec![(":read", number(endpoint.version))],
            ..WriteExpression::default()
        };
        let commit = self
            .delete(Table::Outbound, &key(&endpoint.id), &unchanged, None)
            .clear(Table::Outbound, &health_key(&endpoint.id));
        lists(endpoint).fold(commit, |commit, (list, _)| {
            let one_less = WriteExpression {
                update: "ADD #count :less",
                condition: "#count > :none",
                names: &["count"],
                values: vec![(":less", number(-1)), (":none", number(0))],
            };
            let present = WriteExpression { condition: "attribute_exists(pk)", ..WriteExpression::default() };
            commit.update(Table::Outbound, &Key::new(&list, "COUNT"), &one_less, None).delete(
                Table::Outbound,
                &row(&list, &endpoint.id),
                &present,
                None,
            )
        })
    }

    /// Goes through only if the endpoint is as it was read.
    pub fn endpoint_unchanged(self, endpoint: &Endpoint) -> Self {
        let unchanged = WriteExpression {
            condition: "version = :read",
            values: vec![(":read", number(endpoint.version))],
            ..WriteExpression::default()
        };
        self.check(Table::Outbound, &key(&endpoint.id), &unchanged, None)
    }
}

impl Store {
    pub async fn webhook(&self, id: &WebhookId) -> Result<Option<EndpointItem>> {
        self.get_as(Table::Outbound, &key(id)).await
    }

    /// The endpoint, if this is its owner.
    pub async fn webhook_of(&self, owner: &EndpointOwner, id: &WebhookId) -> Result<Option<EndpointItem>> {
        Ok(self.webhook(id).await?.filter(|item| item.owner == *owner))
    }

    /// One page of the endpoints of an owner, newest first.
    pub async fn webhooks_of(
        &self,
        owner: &EndpointOwner,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<EndpointItem>, Option<Position>)> {
        let (ids, next) = self.listed_webhooks(&of_owner(owner), limit, after).await?;
        Ok((self.webhooks_by_id(&ids).await?, next))
    }

    /// The endpoints that may hear of an event about this person: the person's own, and those that hear of everybody.
    pub async fn webhooks_hearing_of(&self, person: Option<UserId>) -> Result<Vec<EndpointItem>> {
        let mut ids = match person {
            Some(person) => {
                let list = of_owner(&EndpointOwner::Person(person));
                self.listed_webhooks(&list, MOST_OF_OWNER, None).await?.0
            }
            None => vec![],
        };
        let all = self.listed_webhooks(ALL, MOST_OF_SCOPE_ALL, None).await?.0;
        ids.extend(all.into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
        let found = self.webhooks_by_id(&ids).await?;
        let owned = |item: &EndpointItem| person.is_some() && item.owner.person() == person;
        Ok(found.into_iter().filter(|item| item.scope == Scope::All || owned(item)).collect())
    }

    async fn listed_webhooks(
        &self,
        list: &str,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<WebhookId>, Option<Position>)> {
        let query = ItemQuery {
            table: Table::Outbound,
            index: None,
            partition: ("pk", list),
            sort: Sort::Prefix("sk", "W#"),
            newest_first: true,
            limit,
            after,
        };
        let (rows, next) = self.query(query).await?;
        let id = |row: &super::item::Item| row.get("sk")?.as_s().ok()?.strip_prefix("W#")?.parse().ok();
        Ok((rows.iter().filter_map(id).collect(), next))
    }

    async fn webhooks_by_id(&self, ids: &[WebhookId]) -> Result<Vec<EndpointItem>> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let keys: Vec<_> = ids.iter().map(|id| (Table::Outbound, key(id))).collect();
        let mut found = self.get_many(&keys).await?;
        keys.iter().filter_map(|(_, key)| found.remove(key)).map(read).collect()
    }

    /// Notes that an endpoint failed. Returns since when it has, without a success between. After a while without any attempt it is
    /// not known to have failed all the time, so the count begins anew.
    pub async fn endpoint_failed(&self, id: &WebhookId, now: Timestamp) -> Result<Timestamp> {
        use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::ReturnValue::AllNew};
        let update = || {
            self.db()
                .update_item()
                .table_name(self.name(Table::Outbound))
                .set_key(Some(health_key(id).to_item()))
                .expression_attribute_values(":now", text(now.to_string()))
                .return_values(AllNew)
        };
        let goes_on = update()
            .update_expression("SET last_failure = :now")
            .condition_expression("last_failure >= :stale")
            .expression_attribute_values(":stale", text((now - LONGEST_PAUSE).to_string()));
        let updated = match goes_on.send().await {
            Ok(updated) => updated,
            Err(error)
                if matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_))) =>
            {
                let begins = update().update_expression("SET failing_since = :now, last_failure = :now");
                begins.send().await.map_err(|error| Internal::aws("note a failure", &error))?
            }
            Err(error) => return Err(Internal::aws("note a failure", &error).into()),
        };
        let health: EndpointHealth = read(updated.attributes.unwrap_or_default())?;
        Ok(health.failing_since)
    }

    /// Notes that an endpoint accepted a delivery.
    pub async fn endpoint_recovered(&self, id: &WebhookId) -> Result<()> {
        // Almost always nothing is there, and a read costs less than a write.
        if self.get(Table::Outbound, &health_key(id)).await?.is_none() {
            return Ok(());
        }
        self.db()
            .delete_item()
            .table_name(self.name(Table::Outbound))
            .set_key(Some(health_key(id).to_item()))
            .send()
            .await
            .map_err(|error| Internal::aws("note a success", &error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
