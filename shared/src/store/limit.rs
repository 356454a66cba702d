//! Rate limits in `ephemeral`: GCRA by conditional updates of one item.
//!
//! The item holds the theoretical arrival time (`tat`, Unix milliseconds) of ITU-T I.371's virtual scheduling. Either the
//! bucket has run empty (`tat` has passed), or there is room left in it: each is one conditional update, the likelier
//! first, so that a call typically costs one.

use std::time::Duration;

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use serde::Deserialize;

use super::{
    Store, Table,
    item::{Item, Key, number, read},
};
use crate::{
    domain::{limit::Limit, time::Timestamp},
    error::{Internal, Result},
};

/// Whether a call may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed { remaining: u32, reset_seconds: u64 },
    Refused { retry_after: u64 },
}

#[derive(Debug, Default, Deserialize)]
struct Bucket {
    #[serde(default)]
    tat: i64,
    /// Until then everything is refused: the source went on after it was told to wait.
    #[serde(default)]
    blocked_until: i64,
    #[serde(default)]
    strikes: u32,
}

/// Longest wait that repeated violations lead to.
const LONGEST: Duration = Duration::from_secs(3600);

enum Branch {
    Empty,
    Room,
}

impl Store {
    /// Counts one call against a limit for a subject (a digest). `scale` multiplies throughput limits only.
    pub async fn count(&self, limit: &Limit, subject: &str, scale: u32, now: Timestamp) -> Result<Verdict> {
        let key = Key::of(format!("LIM#{}#{subject}", limit.name));
        let pace = limit.pace(scale);
        let now_ms = i64::try_from(now.unix_millis()).unwrap_or(i64::MAX);
        let mut seen = Bucket::default();
        for branch in [Branch::Empty, Branch::Room] {
            match self.take(&key, &branch, pace.interval_ms, pace.tolerance_ms, now_ms).await? {
                Ok(bucket) => {
                    let used = (bucket.tat - now_ms).max(0);
                    let left = (pace.tolerance_ms + pace.interval_ms - used).max(0) / pace.interval_ms.max(1);
                    return Ok(Verdict::Allowed {
                        remaining: u32::try_from(left).unwrap_or(u32::MAX),
                        reset_seconds: u64::try_from(used).unwrap_or(0).div_ceil(1000),
                    });
                }
                Err(bucket) => seen = bucket,
            }
        }
        let wait = (seen.tat - pace.tolerance_ms - now_ms).max(1);
        if seen.blocked_until > now_ms {
            return Ok(refused(seen.blocked_until - now_ms));
        }
        // One write per wait, however often the source knocks: it cannot buy writes with our money.
        let wait = wait.saturating_mul(1_i64 << seen.strikes.min(12)).min(millis(LONGEST));
        self.strike(&key, now_ms, now_ms + wait).await?;
        Ok(refused(wait))
    }

    async fn take(
        &self,
        key: &Key,
        branch: &Branch,
        interval: i64,
        tolerance: i64,
        now: i64,
    ) -> Result<std::result::Result<Bucket, Bucket>> {
        let (update, condition) = match branch {
            Branch::Empty => (
                "SET tat = :fresh, expires = :expires",
                "(attribute_not_exists(tat) OR tat <= :now) AND (attribute_not_exists(blocked_until) OR blocked_until <= :now)",
            ),
            Branch::Room => (
                "SET tat = tat + :interval, expires = :expires",
                "tat > :now AND tat <= :limit AND (attribute_not_exists(blocked_until) OR blocked_until <= :now)",
            ),
        };
        let mut update = self
            .db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key.to_item()))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_values(":now", number(now))
            // Kept for as long as strikes count.
            .expression_attribute_values(":expires", number(now / 1000 + tolerance / 1000 + 7200))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        update = match branch {
            Branch::Empty => update.expression_attribute_values(":fresh", number(now + interval)),
            Branch::Room => update
                .expression_attribute_values(":interval", number(interval))
                .expression_attribute_values(":limit", number(now + tolerance)),
        };
        match update.send().await {
            Ok(answer) => Ok(Ok(bucket(answer.attributes)?)),
            Err(error) => match error.as_service_error() {
                Some(aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                    failed,
                )) => Ok(Err(bucket(failed.item.clone())?)),
                _ => Err(Internal::aws("count limit", &error).into()),
            },
        }
    }

    async fn strike(&self, key: &Key, now: i64, until: i64) -> Result<()> {
        let update = self
            .db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key.to_item()))
            .update_expression("SET blocked_until = :until ADD strikes :one")
            .condition_expression("attribute_not_exists(blocked_until) OR blocked_until <= :now")
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":one", number(1))
            .send()
            .await;
        match update {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(Internal::aws("note violation", &error).into()),
        }
    }
}

fn bucket(item: Option<Item>) -> Result<Bucket> {
    item.map_or_else(|| Ok(Bucket::default()), read)
}

fn refused(wait_ms: i64) -> Verdict {
    Verdict::Refused { retry_after: u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000).max(1) }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
