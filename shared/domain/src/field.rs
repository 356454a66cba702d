//! Faults of single fields, collected so that an answer reports all of them at once.

use std::borrow::Cow;

/// One invalid field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// Path of the field in the request.
    pub field: String,
    /// Stable code for programs.
    pub code: Cow<'static, str>,
    /// A sentence for people, without the value.
    pub message: Cow<'static, str>,
}

impl InvalidField {
    pub fn new(field: impl Into<String>, fault: FieldFault) -> Self {
        Self { field: field.into(), code: fault.code.into(), message: fault.message.into() }
    }
}

/// Why a value is invalid, without the name of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct FieldFault {
    pub code: &'static str,
    pub message: &'static str,
}

impl FieldFault {
    pub const fn new(code: &'static str, message: &'static str) -> Self {
        Self { code, message }
    }
}

/// Collects the invalid fields of a request.
#[derive(Debug, Default)]
pub struct Fields(Vec<InvalidField>);

impl Fields {
    /// The parsed value, or `None` after collecting the fault.
    pub fn check<T>(&mut self, field: &str, parsed: Result<T, FieldFault>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(fault) => {
                self.refuse(field, fault);
                None
            }
        }
    }

    /// The same for an optional field.
    pub fn check_optional<T, U>(
        &mut self,
        field: &str,
        value: Option<U>,
        parse: impl FnOnce(U) -> Result<T, FieldFault>,
    ) -> Option<T> {
        value.and_then(|value| self.check(field, parse(value)))
    }

    pub fn refuse(&mut self, field: &str, fault: FieldFault) {
        self.0.push(InvalidField::new(field, fault));
    }

    /// The collected faults, if there are any.
    pub fn done(self) -> Result<(), Vec<InvalidField>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
