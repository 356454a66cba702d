//! A session as the API shows it to its person.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    id::{DeviceId, SessionId},
    secret::Masked,
    time::Timestamp,
};

/// How far a session is trusted when one factor was shown and nothing is known of the device: half of what there is
/// to give. Below 80, so it has no doubled limits.
pub const ONE_FACTOR_TRUST: u8 = 50;

/// So many sessions of one person live at most; another sign-in ends the oldest.
pub const MOST_SESSIONS: usize = 20;

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
    #[schema(value_type = String)]
    pub ip: Masked<String>,
    /// What it was begun with, as that program called itself.
    #[schema(value_type = String)]
    pub user_agent: Masked<String>,
    pub device_id: Option<DeviceId>,
    /// 0 to 100. Every session has shown one factor, from a device that nothing is known of, hence 50.
    #[schema(minimum = 0, maximum = 100)]
    pub trust_score: u8,
    /// How the person proved who they are (RFC 8176).
    pub amr: Vec<String>,
}
