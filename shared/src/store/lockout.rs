//! Lock-outs per submitted identifier, existing or not, by blind index.

use serde::{Deserialize, Serialize};

use super::{
    Store, Table,
    item::{Key, keyed, number},
};
use crate::{
    domain::{lockout::Lockout, time::Timestamp},
    error::{Internal, Result},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LockoutItem {
    #[serde(flatten)]
    pub state: Lockout,
    pub version: u64,
    /// Unix seconds.
    pub expires: i64,
}

/// Where the failures of an identifier (a blind index) are counted.
pub fn key(identifier: &str) -> Key {
    Key::of(format!("LOCK#{identifier}"))
}

impl Store {
    pub async fn lockout(&self, identifier: &str) -> Result<LockoutItem> {
        Ok(self.get_as(Table::Ephemeral, &key(identifier)).await?.unwrap_or_default())
    }

    /// Counts a failure; the state after it, and whether this very failure locked the identifier. Concurrent failures
    /// each count.
    pub async fn count_failure(&self, identifier: &str, now: Timestamp) -> Result<(Lockout, bool)> {
        for _ in 0..5 {
            let read = self.lockout(identifier).await?;
            let was_locked = read.state.remaining(now).is_some();
            let state = read.state.fail(now);
            let locked = !was_locked && state.remaining(now).is_some();
            let expires = state.expires_at().map_or(0, Timestamp::unix_seconds);
            let item =
                keyed(&key(identifier), &LockoutItem { state: state.clone(), version: read.version + 1, expires })?;
            let put = self
                .db
                .put_item()
                .table_name(self.name(Table::Ephemeral))
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk) OR version = :read")
                .expression_attribute_values(":read", number(read.version))
                .send()
                .await;
            match put {
                Ok(_) => return Ok((state, locked)),
                Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {}
                Err(error) => return Err(Internal::aws("count failure", &error).into()),
            }
        }
        Err(Internal::unavailable("failures of one identifier are being counted by too many at once").into())
    }
}
