//! Rate limits in `ephemeral`: GCRA by conditional updates of one item.
//!
//! The item holds the theoretical arrival time (`tat`, Unix milliseconds) of ITU-T I.371's virtual scheduling. Either the
//! bucket has run empty (`tat` has passed), or there is room left in it: each is one conditional update, the likelier
//! first, so that a call typically costs one.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use serde::{Deserialize, Serialize};

use super::{
    Store, Table,
    item::{Item, Key, number, read},
};
use crate::{
    domain::{
        limit::{LONGEST_WAIT, Limit, Violations, outlook},
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// Whether a call may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitVerdict {
    Allowed { remaining: u32, reset_seconds: u64 },
    Refused { retry_after: u64 },
}

/// Numbers, since the conditions reckon with them.
#[derive(Debug, Default, Serialize, Deserialize)]
struct LimitState {
    #[serde(default)]
    tat: i64,
    /// Until then everything is refused: the source went on after it was told to wait.
    #[serde(default)]
    blocked_until: i64,
    #[serde(default)]
    strikes: u32,
}

impl LimitState {
    fn violations(&self) -> Violations {
        let until = Some(self.blocked_until).filter(|until| *until > 0).map(Timestamp::from_unix_millis);
        Violations { count: self.strikes, until }
    }
}

enum Branch {
    Empty,
    Room,
}

/// Where the calls of a subject (a digest) are counted against a limit.
pub fn key(limit: &Limit, subject: &str) -> Key {
    Key::of(format!("LIM#{}#{subject}", limit.name))
}

impl Store {
    /// Counts one call against a limit, under a [`key`]. `doubles`: whether going on after a refusal doubles the wait.
    /// `scale` multiplies throughput limits only.
    pub async fn count(
        &self,
        limit: &Limit,
        key: &Key,
        doubles: bool,
        scale: u32,
        now: Timestamp,
    ) -> Result<LimitVerdict> {
        let limit = limit.scaled(scale);
        let mut seen = LimitState::default();
        for branch in [Branch::Empty, Branch::Room] {
            match self.take(key, &branch, &limit, now).await? {
                Ok(bucket) => {
                    let outlook = outlook(Timestamp::from_unix_millis(bucket.tat), now, &limit);
                    return Ok(LimitVerdict::Allowed {
                        remaining: outlook.remaining,
                        reset_seconds: whole_seconds(outlook.reset),
                    });
                }
                Err(bucket) => seen = bucket,
            }
        }
        if let Some(wait) = seen.violations().wait(now) {
            return Ok(refused(wait));
        }
        let own = Timestamp::from_unix_millis(seen.tat).since(now + limit.tolerance());
        if !doubles {
            return Ok(refused(own));
        }
        // One write per wait, however often the source knocks: it cannot buy writes with our money.
        let violations = seen.violations().again(own, now);
        self.strike(key, &violations, now).await?;
        Ok(refused(violations.wait(now).unwrap_or(own)))
    }

    /// How many of the calls that were counted under a [`key`] have not been forgotten: one is with each interval.
    pub async fn outstanding(&self, limit: &Limit, key: &Key, now: Timestamp) -> Result<u32> {
        let state: LimitState = self.get_as(Table::Ephemeral, key).await?.unwrap_or_default();
        let ahead = Timestamp::from_unix_millis(state.tat).since(now).as_millis();
        Ok(u32::try_from(ahead.div_ceil(limit.interval().as_millis())).unwrap_or(u32::MAX))
    }

    async fn take(
        &self,
        key: &Key,
        branch: &Branch,
        limit: &Limit,
        now: Timestamp,
    ) -> Result<std::result::Result<LimitState, LimitState>> {
        let horizon = now + limit.tolerance();
        let (update, condition) = match branch {
            Branch::Empty => (
                "SET tat = :fresh, expires = :expires",
                "(attribute_not_exists(tat) OR tat <= :now) AND (attribute_not_exists(blocked_until) OR blocked_until <= :now)",
            ),
            Branch::Room => (
                "SET tat = tat + :interval, expires = :expires",
                "tat > :now AND tat <= :horizon AND (attribute_not_exists(blocked_until) OR blocked_until <= :now)",
            ),
        };
        let mut update = self
            .db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key.to_item()))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_values(":now", number(now.unix_millis()))
            // Kept for as long as violations count.
            .expression_attribute_values(":expires", number((horizon + LONGEST_WAIT + LONGEST_WAIT).unix_seconds()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        update = match branch {
            Branch::Empty => {
                update.expression_attribute_values(":fresh", number((now + limit.interval()).unix_millis()))
            }
            Branch::Room => update
                .expression_attribute_values(":interval", number(limit.interval().as_millis()))
                .expression_attribute_values(":horizon", number(horizon.unix_millis())),
        };
        match update.send().await {
            Ok(answer) => Ok(Ok(bucket(answer.attributes)?)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(Err(bucket(failed.item.clone())?)),
                _ => Err(Internal::aws("count limit", &error).into()),
            },
        }
    }

    async fn strike(&self, key: &Key, violations: &Violations, now: Timestamp) -> Result<()> {
        let until = violations.until.map_or(0, Timestamp::unix_millis);
        let update = self
            .db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key.to_item()))
            .update_expression("SET blocked_until = :until, strikes = :strikes")
            .condition_expression("attribute_not_exists(blocked_until) OR blocked_until <= :now")
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":now", number(now.unix_millis()))
            .expression_attribute_values(":strikes", number(violations.count))
            .send()
            .await;
        match update {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(Internal::aws("note violation", &error).into()),
        }
    }
}

fn bucket(item: Option<Item>) -> Result<LimitState> {
    item.map_or_else(|| Ok(LimitState::default()), read)
}

fn refused(wait: Duration) -> LimitVerdict {
    LimitVerdict::Refused { retry_after: whole_seconds(wait).max(1) }
}

fn whole_seconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::limit::{LOGIN_IP, WRONG_PASSWORDS_NETWORK},
        store::testing,
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    async fn waits(doubles: bool) -> Vec<u64> {
        let store = testing::store().await;
        let key = key(&LOGIN_IP, "digest");
        let (mut now, mut waits) = (NOW, Vec::new());
        while waits.len() < 4 {
            match store.count(&LOGIN_IP, &key, doubles, 1, now).await.unwrap() {
                LimitVerdict::Allowed { .. } => {}
                LimitVerdict::Refused { retry_after } => {
                    waits.push(retry_after);
                    now = now + Duration::from_secs(retry_after);
                }
            }
        }
        waits
    }

    #[tokio::test]
    async fn what_was_counted_is_forgotten_one_by_one() {
        let store = testing::store().await;
        let key = key(&WRONG_PASSWORDS_NETWORK, "digest");
        let after = async |minutes| {
            store.outstanding(&WRONG_PASSWORDS_NETWORK, &key, NOW + Duration::from_mins(minutes)).await.unwrap()
        };
        assert_eq!(after(0).await, 0);
        for _ in 0..10 {
            store.count(&WRONG_PASSWORDS_NETWORK, &key, false, 10_000, NOW).await.unwrap();
        }
        assert_eq!([after(0).await, after(4).await, after(10).await, after(60).await], [10, 6, 0, 0]);
    }

    #[tokio::test]
    async fn going_on_after_a_refusal_doubles_a_network_s_wait_and_nobody_else_s() {
        assert_eq!(waits(true).await, [12, 24, 48, 96]);
        assert_eq!(waits(false).await, [12, 12, 12, 12]);
    }
}
