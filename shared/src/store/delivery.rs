//! Deliveries of webhooks: `W#<endpoint>` · `D#<id>`, kept for 30 days after they changed last.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

use super::{
    Position, Store, Table,
    commit::Commit,
    event::EventDraft,
    item::{Item, ItemQuery, Key, Sort, keyed, number, read},
    secrets::IndexSecrets,
    webhook::partition,
};
use crate::{
    crypto::field::Place,
    domain::{
        event::{DeliveryTo, EventType, Subject},
        id::{DeliveryId, EventId, WebhookId},
        secret::Masked,
        time::Timestamp,
        webhook::{Delivery, EndpointOwner},
    },
    error::{Internal, Result},
};

const KEPT: Duration = Duration::from_hours(30 * 24);

fn key(endpoint: &WebhookId, id: &DeliveryId) -> Key {
    Key::new(partition(endpoint), format!("D#{id}"))
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Outbound.logical(), partition: &at.pk, sort: &at.sk, attribute: "excerpt" }
}

/// The id of the delivery of an event to an endpoint: always the same one, so that an event that is handed out twice makes one
/// delivery. It sorts by the time of the event.
pub fn delivery_id(event: &EventId, occurred_at: Timestamp, endpoint: &WebhookId) -> DeliveryId {
    let digest = Sha256::digest(format!("{event}#{endpoint}"));
    let mut parts = [0; 10];
    parts.copy_from_slice(&digest[..10]);
    DeliveryId::from_parts(occurred_at, parts)
}

/// A delivery as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryItem {
    #[serde(flatten)]
    pub delivery: Delivery,
    /// The beginning of the last answer, encrypted: the endpoint may have answered with anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    excerpt: Option<ByteBuf>,
    /// Unix seconds.
    expires: i64,
}

impl DeliveryItem {
    pub fn new(delivery: Delivery) -> Self {
        let expires = (delivery.updated_at + KEPT).unix_seconds();
        Self { delivery, excerpt: None, expires }
    }

    /// The delivery in its next state, with what the endpoint answered last.
    #[must_use]
    pub fn next(&self, delivery: Delivery) -> Self {
        Self { excerpt: self.excerpt.clone(), ..Self::new(delivery) }
    }

    /// With the beginning of another answer.
    #[must_use]
    pub fn answered(self, excerpt: Option<&Masked<String>>, indexes: &IndexSecrets) -> Self {
        let at = key(&self.delivery.endpoint, &self.delivery.id);
        let key = indexes.webhook_key(&self.delivery.endpoint);
        let excerpt = excerpt.map(|text| ByteBuf::from(key.seal(&place(&at), text.as_bytes())));
        Self { excerpt, ..self }
    }

    pub fn excerpt(&self, indexes: &IndexSecrets) -> Result<Option<Masked<String>>> {
        let Some(sealed) = &self.excerpt else { return Ok(None) };
        let at = key(&self.delivery.endpoint, &self.delivery.id);
        let plain = indexes.webhook_key(&self.delivery.endpoint).open(&place(&at), sealed)?;
        let text = String::from_utf8(plain.to_vec()).map_err(|_| Internal::corrupt("the excerpt of an answer"))?;
        Ok(Some(Masked(text)))
    }

    fn item(&self) -> Result<Item> {
        keyed(&key(&self.delivery.endpoint, &self.delivery.id), self)
    }

    /// Where a list goes on after it.
    pub fn position(&self) -> Position {
        Position::of(key(&self.delivery.endpoint, &self.delivery.id))
    }

    /// Whether it is still kept.
    pub fn is_kept(&self, now: Timestamp) -> bool {
        now.unix_seconds() < self.expires
    }
}

/// The event of a request to make a delivery.
pub fn delivery_event(kind: EventType, delivery: &Delivery, owner: &EndpointOwner) -> EventDraft {
    let subject = Subject::new("delivery", delivery.id);
    let draft = EventDraft::new(kind, subject, delivery.version).data(&DeliveryTo { webhook: delivery.endpoint });
    match owner.person() {
        Some(person) => draft.person(person),
        None => draft,
    }
}

impl Commit<'_> {
    pub fn new_delivery(self, delivery: &Delivery) -> Self {
        let item = DeliveryItem::new(delivery.clone()).item();
        self.put_if(Table::Outbound, item, "attribute_not_exists(pk)", &[], None)
    }

    /// A delivery in its next state, in place of the one that was read.
    pub fn delivery_changes(self, before: &Delivery, after: &DeliveryItem) -> Self {
        let read = [(":read", number(before.version))];
        self.put_if(Table::Outbound, after.item(), "version = :read", &read, None)
    }
}

impl Store {
    pub async fn delivery(
        &self,
        endpoint: &WebhookId,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Option<DeliveryItem>> {
        let found: Option<DeliveryItem> = self.get_as(Table::Outbound, &key(endpoint, id)).await?;
        Ok(found.filter(|item| item.is_kept(now)))
    }

    /// Stores a new delivery. Returns the one that is stored, which is another one if the event was handed out before.
    pub async fn add_delivery(&self, delivery: &Delivery, now: Timestamp) -> Result<Option<Delivery>> {
        let put = self
            .db()
            .put_item()
            .table_name(self.name(Table::Outbound))
            .set_item(Some(DeliveryItem::new(delivery.clone()).item()?))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(Some(delivery.clone())),
            Err(error)
                if matches!(error.as_service_error(), Some(PutItemError::ConditionalCheckFailedException(_))) =>
            {
                let found = self.delivery(&delivery.endpoint, &delivery.id, now).await?;
                Ok(found.map(|item| item.delivery))
            }
            Err(error) => Err(Internal::aws("add a delivery", &error).into()),
        }
    }

    /// One page of the deliveries of an endpoint, the newest events first.
    pub async fn deliveries(
        &self,
        endpoint: &WebhookId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<DeliveryItem>, Option<Position>)> {
        let partition = partition(endpoint);
        let query = ItemQuery {
            table: Table::Outbound,
            index: None,
            partition: ("pk", &partition),
            sort: Sort::Prefix("sk", "D#"),
            newest_first: true,
            limit,
            after,
        };
        let (items, next) = self.query(query).await?;
        Ok((items.into_iter().map(read).collect::<Result<_>>()?, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::random::RandomId,
        domain::{
            event::Actor,
            webhook::{AttemptResult, NewDelivery},
        },
        store::{commit::CommitError, testing},
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn delivery() -> Delivery {
        let (event, endpoint) = (EventId::new(NOW), WebhookId::new(NOW));
        let id = delivery_id(&event, NOW, &endpoint);
        let (kind, body) = ("user.locked".to_owned(), "{}".to_owned());
        Delivery::new(NewDelivery { id, endpoint, event, kind, body }, NOW)
    }

    #[tokio::test]
    async fn an_event_that_is_handed_out_twice_makes_one_delivery() {
        let store = testing::store().await;
        let delivery = delivery();
        assert_eq!(delivery_id(&delivery.event, NOW, &delivery.endpoint), delivery.id);
        store.add_delivery(&delivery, NOW).await.unwrap();
        let failed = DeliveryItem::new(delivery.after(&AttemptResult::NoAnswer, NOW, 0));
        store.commit(NOW, "c").by(Actor::Anonymous).delivery_changes(&delivery, &failed).run().await.unwrap();
        let found = store.add_delivery(&delivery, NOW).await.unwrap().unwrap();
        assert_eq!(found, failed.delivery, "what became of it stays");
        assert_eq!(store.deliveries(&delivery.endpoint, 10, None).await.unwrap().0.len(), 1);
    }

    #[tokio::test]
    async fn of_two_results_of_one_attempt_one_is_stored() {
        let store = testing::store().await;
        let delivery = delivery();
        store.add_delivery(&delivery, NOW).await.unwrap();
        let failed = DeliveryItem::new(delivery.after(&AttemptResult::NoAnswer, NOW, 0));
        let store_it = || store.commit(NOW, "c").by(Actor::Anonymous).delivery_changes(&delivery, &failed).run();
        store_it().await.unwrap();
        assert!(matches!(store_it().await, Err(CommitError::Conflict)));
    }

    #[tokio::test]
    async fn deliveries_are_forgotten_after_thirty_days() {
        let store = testing::store().await;
        let delivery = delivery();
        store.add_delivery(&delivery, NOW).await.unwrap();
        let found = async |at| store.delivery(&delivery.endpoint, &delivery.id, at).await.unwrap().is_some();
        assert!(found(NOW + KEPT - Duration::from_secs(1)).await);
        assert!(!found(NOW + KEPT).await);
    }
}
