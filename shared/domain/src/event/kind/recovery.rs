//! What an event that an account was recovered ends.

use super::EventType;
use crate::webhook::Scope;

impl EventType {
    /// The scopes of the endpoints of the person concerned that are disabled with the event, since a stranger may have made them. A new
    /// password by a mailed link may be a mere forgotten one, so it leaves those that hear of everybody: systems of a company depend
    /// on them.
    pub const fn disables_endpoints(self) -> &'static [Scope] {
        match self {
            Self::PasswordReset => &[Scope::Own],
            Self::UserSignInDisowned | Self::UserEmailChangeUndone | Self::PasswordResetRequired => {
                &[Scope::Own, Scope::All]
            }
            _ => &[],
        }
    }
}
