//! The mails we send.

use std::time::Duration;

use super::words::words;

words! {
    /// What a mail is for; each has a text and an HTML template.
    pub enum MailKind {
        /// Confirm the address: a link with a single-use token, 24 h.
        Verify = "verify",
        /// The address is confirmed.
        Welcome = "welcome",
        /// Set a new password: a link with a single-use token, 1 h.
        Reset = "reset",
        /// A check was decided, or needs something from its person.
        Decision = "decision",
        /// Something about the account's safety happened (password changed, a token used twice, account locked).
        SecurityNotice = "security_notice",
        /// Somebody tried to register an address that has an account; only its owner learns of it.
        AddressAlreadyRegistered = "address_already_registered",
    }

    /// What the single-use token in a mail authorises.
    pub enum TokenPurpose {
        VerifyEmail = "verify_email",
        ResetPassword = "reset_password",
    }
}

impl TokenPurpose {
    /// How long the token is good.
    pub const fn life(self) -> Duration {
        match self {
            Self::VerifyEmail => Duration::from_hours(24),
            Self::ResetPassword => Duration::from_hours(1),
        }
    }
}
