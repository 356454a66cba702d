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
}
