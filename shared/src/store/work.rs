//! What a queue worker has done: a record per message key, so that a message delivered twice is worked once.
//!
//! The semantics are those of AWS Powertools' idempotency: a claim with a lease while at work, then done. A worker that
//! dies half-way leaves its lease behind, which has passed when the queue delivers again.

use std::time::Duration;

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

/// What stands under a message's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// Ours to do now.
    Mine,
    /// Done before.
    Done,
    /// Somebody is at it.
    Busy,
}

fn key(worker: &str, message: &str) -> Key {
    Key::of(format!("WORK#{worker}#{message}"))
}

impl Store {
    /// Claims a message for as long as the lease runs.
    pub async fn claim_work(&self, worker: &str, message: &str, lease: Duration, now: Timestamp) -> Result<Claimed> {
        use aws_sdk_dynamodb::{
            operation::update_item::UpdateItemError, types::ReturnValuesOnConditionCheckFailure::AllOld,
        };
        let claim = self
            .db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key(worker, message).to_item()))
            .update_expression("SET done = :no, lease_until = :until, expires = :expires")
            .condition_expression("attribute_not_exists(pk) OR (done = :no AND lease_until <= :now)")
            .expression_attribute_values(":no", aws_sdk_dynamodb::types::AttributeValue::Bool(false))
            .expression_attribute_values(":until", text((now + lease).to_string()))
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":expires", number((now + REMEMBERED).unix_seconds()))
            .return_values_on_condition_check_failure(AllOld)
            .send()
            .await;
        match claim {
            Ok(_) => Ok(Claimed::Mine),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let done = failed.item().and_then(|item| item.get("done")).and_then(|done| done.as_bool().ok());
                    Ok(if done == Some(&true) { Claimed::Done } else { Claimed::Busy })
                }
                _ => Err(Internal::aws("claim work", &error).into()),
            },
        }
    }

    /// Marks a message as worked.
    pub async fn finish_work(&self, worker: &str, message: &str) -> Result<()> {
        self.db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key(worker, message).to_item()))
            .update_expression("SET done = :yes")
            .expression_attribute_values(":yes", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
            .send()
            .await
            .map_err(|error| Internal::aws("finish work", &error))?;
        Ok(())
    }

    /// Gives a claim back, so that the next delivery need not wait for the lease.
    pub async fn release_work(&self, worker: &str, message: &str) -> Result<()> {
        self.db
            .delete_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key(worker, message).to_item()))
            .send()
            .await
            .map_err(|error| Internal::aws("release work", &error))?;
        Ok(())
    }
}
