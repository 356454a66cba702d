//! The single-use tokens in mailed links.

use std::time::Duration;

use super::words::words;

words! {
    /// What a mailed token authorises.
    pub enum TokenPurpose {
        VerifyEmail = "verify_email",
        ResetPassword = "reset_password",
    }
}

impl TokenPurpose {
    /// How long a token is valid.
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail => Duration::from_hours(24),
            Self::ResetPassword => Duration::from_hours(1),
        }
    }

    /// How many tokens of an account are valid at once; a further one voids the oldest.
    ///
    /// Anybody may ask for a mail to set a new password, so that must not void the link that the owner holds. The limit of mails
    /// per address ([`MAIL_ADDRESS`](super::limit::MAIL_ADDRESS)) allows fewer than this within the lifetime of a token.
    pub const fn most_valid(self) -> usize {
        match self {
            Self::VerifyEmail => 1,
            Self::ResetPassword => 40,
        }
    }
}
