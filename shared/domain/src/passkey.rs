//! Passkeys (WebAuthn Level 3): credentials of a person whose private key never leaves their authenticator.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{field::FieldFault, id::PasskeyId, secret::Masked, time::Timestamp};

/// So many passkeys of one person at most.
pub const MOST_PASSKEYS: u32 = 10;
/// How long the answer of an authenticator is waited for.
pub const CEREMONY_LIFE: Duration = Duration::from_mins(5);
/// Characters of the name of a passkey.
pub const LONGEST_NAME: usize = 64;

/// Why something about a passkey is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// Nothing more is said: whether there is such a passkey, and what is wrong with the answer.
    #[error("the answer of the authenticator is not accepted")]
    Invalid,
    /// The options were used, are too old, or belong to somebody else.
    #[error("the options are void")]
    CeremonyExpired,
    #[error("there are too many passkeys")]
    TooMany,
    /// The authenticator's credential belongs to an account already.
    #[error("the passkey is registered already")]
    Registered,
}

/// A passkey, as its person sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Passkey {
    pub id: PasskeyId,
    #[schema(value_type = String, example = "Ada's phone")]
    pub name: Masked<String>,
    /// Whether it may be on several devices of its person, by their provider's backup.
    pub synced: bool,
    pub created_at: Timestamp,
    /// The last sign-in with it; `null` before the first.
    pub last_used_at: Option<Timestamp>,
}

/// Checks the name of a passkey.
pub fn parse_name(text: &str) -> Result<String, FieldFault> {
    const INVALID: FieldFault =
        FieldFault::new("invalid_name", "Must have 1 to 64 characters, and no control characters.");
    let name = text.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(INVALID) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_have_no_control_characters() {
        assert_eq!(parse_name("  Ada's phone ").unwrap(), "Ada's phone");
        assert!(parse_name(&"é".repeat(64)).is_ok());
        for wrong in ["", "   ", "a\u{7}", &"é".repeat(65)] {
            assert!(parse_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
