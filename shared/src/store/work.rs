//! What a queue worker has done: a record per message key, so that a message delivered twice is worked once.
//!
//! The semantics are those of AWS Powertools' idempotency: a claim with a lease while at work, then done. A worker that
//! dies half-way leaves its lease behind, which has passed when the queue delivers again.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Store, Table,
    item::{Key, number, text},
};
use crate::{
    domain::time::Timestamp,
    error::{Internal, Result},
};

/// Longer than a queue keeps a message, so that no delivery can outlive the memory of it.
const REMEMBERED: Duration = Duration::from_hours(5 * 24);

/// One worker's hold on a message. Its id tells a worker that lost the answer to its own claim from another one that is
/// at the same message.
#[derive(Debug)]
pub struct WorkClaim {
    key: Key,
    id: String,
}

impl WorkClaim {
    pub fn new(worker: &str, message: &str) -> Self {
        let id = uuid::Uuid::from_bytes(crate::crypto::random::bytes()).to_string();
        Self { key: Key::of(format!("WORK#{worker}#{message}")), id }
    }
}

/// What stands under a message's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkClaimResult {
    /// Ours to do now.
    Claimed,
    /// Done before.
    Done,
    /// Somebody is at it.
    Busy,
}

impl Store {
    /// Claims a message for as long as the lease runs. Asked again, the same claim gets the same answer.
    pub async fn claim_work(&self, claim: &WorkClaim, lease: Duration, now: Timestamp) -> Result<WorkClaimResult> {
        use aws_sdk_dynamodb::{
            operation::update_item::UpdateItemError, types::ReturnValuesOnConditionCheckFailure::AllOld,
        };
        let claim = self
            .db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(claim.key.to_item()))
            .update_expression("SET done = :no, claimed_by = :claim, lease_until = :until, expires = :expires")
            .condition_expression(
                "attribute_not_exists(pk) OR (done = :no AND (lease_until <= :now OR claimed_by = :claim))",
            )
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":claim", text(&claim.id))
            .expression_attribute_values(":until", text((now + lease).to_string()))
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":expires", number((now + REMEMBERED).unix_seconds()))
            .return_values_on_condition_check_failure(AllOld)
            .send()
            .await;
        match claim {
            Ok(_) => Ok(WorkClaimResult::Claimed),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let done = failed.item().and_then(|item| item.get("done")).and_then(|done| done.as_bool().ok());
                    Ok(if done == Some(&true) { WorkClaimResult::Done } else { WorkClaimResult::Busy })
                }
                _ => Err(Internal::aws("claim work", &error).into()),
            },
        }
    }

    /// Marks a message as worked, whoever has claimed it since.
    pub async fn finish_work(&self, claim: &WorkClaim) -> Result<()> {
        self.db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(claim.key.to_item()))
            .update_expression("SET done = :yes")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await
            .map_err(|error| Internal::aws("finish work", &error))?;
        Ok(())
    }

    /// Gives a claim back, so that the next delivery need not wait for the lease. One that has passed to another worker
    /// stays theirs.
    pub async fn release_work(&self, claim: &WorkClaim) -> Result<()> {
        let deleted = self
            .db
            .delete_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(claim.key.to_item()))
            .condition_expression("attribute_not_exists(pk) OR (claimed_by = :claim AND done = :no)")
            .expression_attribute_values(":claim", text(&claim.id))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(Internal::aws("release work", &error).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
    const LEASE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_worker_that_lost_the_answer_to_its_claim_knows_it_again_and_another_one_waits() {
        let store = testing::store().await;
        let (mine, other) = (WorkClaim::new("worker", "evt_1"), WorkClaim::new("worker", "evt_1"));
        for _ in 0..2 {
            assert_eq!(store.claim_work(&mine, LEASE, NOW).await.unwrap(), WorkClaimResult::Claimed);
            assert_eq!(store.claim_work(&other, LEASE, NOW).await.unwrap(), WorkClaimResult::Busy);
        }
        // Another message, and the same key of another worker, are free.
        for (worker, message) in [("worker", "evt_2"), ("other", "evt_1")] {
            let claimed = store.claim_work(&WorkClaim::new(worker, message), LEASE, NOW).await.unwrap();
            assert_eq!(claimed, WorkClaimResult::Claimed);
        }
        store.finish_work(&mine).await.unwrap();
        for claim in [&mine, &other] {
            assert_eq!(store.claim_work(claim, LEASE, NOW + LEASE).await.unwrap(), WorkClaimResult::Done);
        }
    }

    #[tokio::test]
    async fn a_worker_whose_lease_passed_does_not_give_back_the_claim_of_the_next() {
        let store = testing::store().await;
        let (late, next, third) = (WorkClaim::new("w", "m"), WorkClaim::new("w", "m"), WorkClaim::new("w", "m"));
        store.claim_work(&late, LEASE, NOW).await.unwrap();
        let now = NOW + LEASE;
        assert_eq!(store.claim_work(&next, LEASE, now).await.unwrap(), WorkClaimResult::Claimed);
        store.release_work(&late).await.unwrap();
        assert_eq!(store.claim_work(&third, LEASE, now).await.unwrap(), WorkClaimResult::Busy);
        store.release_work(&next).await.unwrap();
        assert_eq!(store.claim_work(&third, LEASE, now).await.unwrap(), WorkClaimResult::Claimed);
        // What is done stays done, whoever gives what back.
        store.finish_work(&third).await.unwrap();
        store.release_work(&third).await.unwrap();
        assert_eq!(store.claim_work(&late, LEASE, now).await.unwrap(), WorkClaimResult::Done);
    }
}
