//! The text of a reviewer's note.

use verinym::domain::{field::FieldFault, secret::Masked};

const LONGEST: usize = 2000;

/// Refuses a blank or too long text.
pub(crate) fn check(text: &Masked<String>) -> Result<(), FieldFault> {
    const BAD_LENGTH: FieldFault = FieldFault::new("too_long", "Must have 1 to 2,000 characters.");
    if text.trim().is_empty() || text.chars().count() > LONGEST { Err(BAD_LENGTH) } else { Ok(()) }
}
