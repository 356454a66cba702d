//! A session as the API shows it to its person.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    id::{DeviceId, SessionId},
    secret::Masked,
    time::Timestamp,
};

/// So many sessions of one person live at most; another sign-in ends the oldest.
pub const MOST_SESSIONS: usize = 20;

/// From this trust score on, a session has twice the throughput limits.
pub const TRUSTED_FROM: u32 = 80;

/// Somebody signed in from somewhere.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_seen_at: Timestamp,
    /// When it ends unless it is refreshed before.
    pub expires_at: Timestamp,
    /// Where it was begun from.
    #[schema(value_type = String, example = "198.51.100.7")]
    pub ip: Masked<String>,
    /// What it was begun with, as that program called itself.
    #[schema(value_type = String, example = "Mozilla/5.0")]
    pub user_agent: Masked<String>,
    /// The device that the sign-in named; `null` if it named none.
    pub device_id: Option<DeviceId>,
    /// 0 to 100: how sure it was, when the session began, that it is the person's. A new place or device lowers it; a trusted device and
    /// a second factor raise it. From 80 on, limits are twice as high.
    #[schema(minimum = 0, maximum = 100, example = 70)]
    pub trust_score: u32,
    /// How the person proved who they are (RFC 8176).
    #[schema(example = json!(["pwd"]))]
    pub amr: Vec<String>,
}

/// How long after its `auth_time` an authentication is recent.
pub const RECENT_AUTHENTICATION: Duration = Duration::from_mins(5);

/// Seconds by which the clock of the function that issued a token may be ahead of the clock of the function that checks it.
pub const CLOCK_LEEWAY_SECONDS: u32 = 5;

/// Whether an authentication at `auth_time` is recent. A time that lies further ahead than the leeway is not.
pub fn is_recent_authentication(auth_time: Timestamp, now: Timestamp) -> bool {
    let ahead = auth_time.since(now);
    now.since(auth_time) <= RECENT_AUTHENTICATION && ahead <= Duration::from_secs(CLOCK_LEEWAY_SECONDS.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authentication_is_recent_for_five_minutes() {
        let now = Timestamp::from_unix_seconds(1_772_357_400);
        for (age, recent) in [(0, true), (299, true), (300, true), (301, false), (86_400, false)] {
            let auth_time = Timestamp::from_unix_seconds(now.unix_seconds() - age);
            assert_eq!(is_recent_authentication(auth_time, now), recent, "{age} s ago");
        }
        for (ahead, recent) in [(5, true), (6, false), (86_400, false)] {
            let auth_time = now + Duration::from_secs(ahead);
            assert_eq!(is_recent_authentication(auth_time, now), recent, "{ahead} s ahead");
        }
    }
}
