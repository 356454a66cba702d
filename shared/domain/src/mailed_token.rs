//! The single-use tokens in mailed links.

use std::time::Duration;

use super::{refresh, session::MOST_SESSIONS, words::words};

words! {
    /// What a mailed token authorises.
    pub enum TokenPurpose {
        VerifyEmail = "verify_email",
        ResetPassword = "reset_password",
        /// Mailed to the new address.
        ConfirmEmailChange = "confirm_email_change",
        /// Mailed to the old address.
        UndoEmailChange = "undo_email_change",
        /// Signs in.
        MagicLink = "magic_link",
        /// Mailed about a sign-in on a new device: its owner disowns the sign-in.
        EndSession = "end_session",
        /// Mailed to the person for whom staff or a machine client created an account: sets the first password.
        FirstPassword = "first_password",
        /// Mailed to somebody whom an administrator invites: accepts roles.
        Invitation = "invitation",
    }
}

/// The former addresses of an account that may undo their change at once. A further change is refused, so that whoever took over
/// an account cannot void the owner's link by changing the address again and again.
pub const MOST_FORMER_ADDRESSES: usize = 3;

impl TokenPurpose {
    /// How long a token is valid.
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail | Self::ConfirmEmailChange => Duration::from_hours(24),
            Self::ResetPassword => Duration::from_hours(1),
            Self::MagicLink => Duration::from_mins(15),
            Self::UndoEmailChange => Duration::from_hours(72),
            Self::EndSession => refresh::LIFE,
            Self::FirstPassword | Self::Invitation => Duration::from_hours(7 * 24),
        }
    }

    /// How many tokens of an account are valid at once; a further one voids the oldest.
    ///
    /// Anybody may ask for a mail to set a new password, so that must not void the link that the owner holds. The limit of mails
    /// per address ([`MAIL_ADDRESS`](super::limit::MAIL_ADDRESS)) allows fewer than this within the lifetime of a token.
    pub const fn most_valid(self) -> usize {
        match self {
            Self::VerifyEmail | Self::ConfirmEmailChange | Self::FirstPassword | Self::Invitation => 1,
            // Strangers may ask for these too.
            Self::ResetPassword | Self::MagicLink => 40,
            Self::UndoEmailChange => MOST_FORMER_ADDRESSES,
            // The sessions before these have ended.
            Self::EndSession => MOST_SESSIONS,
        }
    }
}
