//! An invitation as staff see it.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::domain::{id::UserId, invitation::Invitation, time::Timestamp};

/// Roles that are offered to an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationView {
    /// The invited account, which names the invitation. A new one was created for an address without an account.
    user_id: UserId,
    #[schema(example = json!(["moderator"]))]
    roles: Vec<String>,
    invited_by: UserId,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            user_id: invitation.user,
            roles: invitation.roles,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}
