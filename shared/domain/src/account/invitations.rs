//! Invitations of staff, as far as they change an account.

use super::{Account, AccountState};
use crate::{event::EventType, mailed_token::TokenPurpose, time::Timestamp};

impl Account {
    /// Adds the offered roles, and voids the token of the invitation. Whether they may be given is decided by
    /// [`Invitation::accept`](crate::invitation::Invitation::accept).
    pub(crate) fn accept_invitation(&self, offered: &[String], now: Timestamp) -> (Self, EventType) {
        let mut state = without_token(self.next(now));
        for role in offered {
            if !state.roles.contains(role) {
                state.roles.push(role.clone());
            }
        }
        (Self::of(state), EventType::UserInvitationAccepted)
    }

    /// Voids the token of the invitation.
    pub fn revoke_invitation(&self) -> (Self, EventType) {
        (Self::of(without_token(self.next_unseen())), EventType::UserInvitationRevoked)
    }
}

fn without_token(mut state: AccountState) -> AccountState {
    state.mailed.remove(TokenPurpose::Invitation.as_str());
    state
}
