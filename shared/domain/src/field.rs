//! Faults of single fields, collected so that a form is told all of them at once.

/// One field that is not valid: its path in the request, a stable code and words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    pub field: String,
    pub code: &'static str,
    pub message: &'static str,
}

/// Why a value is not valid; which field it stood in is the asker's to say.
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

/// Collects the faults of a form.
#[derive(Debug, Default)]
pub struct Fields(Vec<InvalidField>);

impl Fields {
    /// The parsed value, or `None` and a note of the fault.
    pub fn check<T>(&mut self, field: &str, parsed: Result<T, FieldFault>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(fault) => {
                self.refuse(field, fault);
                None
            }
        }
    }

    /// The same for a field that may be absent.
    pub fn check_optional<T, U>(
        &mut self,
        field: &str,
        value: Option<U>,
        parse: impl FnOnce(U) -> Result<T, FieldFault>,
    ) -> Option<T> {
        value.and_then(|value| self.check(field, parse(value)))
    }

    pub fn refuse(&mut self, field: &str, fault: FieldFault) {
        self.0.push(InvalidField { field: field.to_owned(), code: fault.code, message: fault.message });
    }

    /// All is well, or every fault found.
    pub fn done(self) -> Result<(), Vec<InvalidField>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
