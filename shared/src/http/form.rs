//! The declaration of a `multipart/form-data` body.

/// The text fields of a form; every form also has the required field `file`.
pub trait Form: Send + 'static {
    const FIELDS: &'static [(&'static str, Presence)];
    /// Largest file in bytes.
    const FILE_LIMIT: usize;
}

/// Whether a field may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Required,
    Optional,
}
