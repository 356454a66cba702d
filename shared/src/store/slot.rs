//! Slots of an endpoint: so many deliveries to it are under way at once, over all instances. A slot is a lease, so one of a worker
//! that died comes free by itself.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use serde::Serialize;

use super::{
    Store, Table,
    item::{Key, keyed, text},
};
use crate::{
    crypto::random,
    domain::{id::WebhookId, time::Timestamp},
    error::{Internal, Result},
};

/// The deliveries to one endpoint that are under way at once.
pub const SLOTS: u8 = 4;

/// A slot that is held.
#[derive(Debug)]
pub struct Slot {
    key: Key,
    holder: String,
}

#[derive(Serialize)]
struct SlotItem<'a> {
    holder: &'a str,
    lease_until: Timestamp,
    /// Unix seconds.
    expires: i64,
}

impl Store {
    /// Takes a free slot for as long as the lease runs; `None` if there is none.
    pub async fn take_slot(&self, endpoint: &WebhookId, lease: Duration, now: Timestamp) -> Result<Option<Slot>> {
        let holder = random::token();
        let [first] = random::bytes::<1>();
        // From a place of chance, so that several workers rarely meet.
        for step in 0..SLOTS {
            let number = (first % SLOTS + step) % SLOTS;
            let key = Key::of(format!("SLOT#{endpoint}#{number}"));
            let item = SlotItem {
                holder: &holder,
                lease_until: now + lease,
                expires: (now + lease + Duration::from_hours(1)).unix_seconds(),
            };
            let put = self
                .db()
                .put_item()
                .table_name(self.name(Table::Ephemeral))
                .set_item(Some(keyed(&key, &item)?))
                .condition_expression("attribute_not_exists(pk) OR lease_until <= :now OR holder = :holder")
                .expression_attribute_values(":now", text(now.to_string()))
                .expression_attribute_values(":holder", text(&holder));
            match put.send().await {
                Ok(_) => return Ok(Some(Slot { key, holder })),
                Err(error)
                    if matches!(error.as_service_error(), Some(PutItemError::ConditionalCheckFailedException(_))) => {}
                Err(error) => return Err(Internal::aws("take a slot", &error).into()),
            }
        }
        Ok(None)
    }

    /// Gives a slot back. One that has passed to another worker stays theirs.
    pub async fn give_slot_back(&self, slot: Slot) -> Result<()> {
        let deleted = self
            .db()
            .delete_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(slot.key.to_item()))
            .condition_expression("holder = :holder")
            .expression_attribute_values(":holder", text(&slot.holder))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(Internal::aws("give a slot back", &error).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crypto::random::RandomId, store::testing};

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
    const LEASE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn an_endpoint_has_four_slots_which_come_free_when_given_back_or_when_the_lease_ends() {
        let store = testing::store().await;
        let (endpoint, other) = (WebhookId::new(NOW), WebhookId::new(NOW));
        let take = async |now| store.take_slot(&endpoint, LEASE, now).await.unwrap();
        let mut slots = vec![];
        for _ in 0..SLOTS {
            slots.push(take(NOW).await.expect("a free slot"));
        }
        assert!(take(NOW).await.is_none());
        assert!(store.take_slot(&other, LEASE, NOW).await.unwrap().is_some(), "endpoints have slots of their own");
        store.give_slot_back(slots.pop().unwrap()).await.unwrap();
        let again = take(NOW).await.expect("the one given back");
        let later = NOW + LEASE;
        let taken_over = take(later).await.expect("one whose lease has ended");
        // The first holder comes late and takes nothing from the new one.
        for slot in slots.into_iter().chain([again]).filter(|slot| slot.key == taken_over.key) {
            store.give_slot_back(slot).await.unwrap();
        }
        let mut free = 0;
        while take(later).await.is_some() {
            free += 1;
        }
        assert_eq!(free, SLOTS - 1);
    }
}
