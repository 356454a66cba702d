//! The declaration of a `multipart/form-data` body.

use serde_json::{Value, json};
use utoipa::ToSchema;

/// The text fields of a form; every form also has the required field `file`.
pub trait Form: Send + 'static {
    const FIELDS: &'static [FormField];
    /// Largest file in bytes.
    const FILE_LIMIT: usize;
}

/// A text field of a form.
#[derive(Debug, Clone, Copy)]
pub struct FormField {
    pub name: &'static str,
    pub presence: Presence,
    /// The name and the schema of its type in the OpenAPI document.
    pub schema: fn() -> (String, Value),
}

impl FormField {
    pub const fn required<T: ToSchema>(name: &'static str) -> Self {
        Self { name, presence: Presence::Required, schema: named_schema_of::<T> }
    }

    /// A field that may be absent. A blank value counts as absent.
    pub const fn optional<T: ToSchema>(name: &'static str) -> Self {
        Self { name, presence: Presence::Optional, schema: named_schema_of::<T> }
    }

    pub fn is_required(&self) -> bool {
        self.presence == Presence::Required
    }
}

/// Whether a field may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Required,
    Optional,
}

fn named_schema_of<T: ToSchema>() -> (String, Value) {
    (T::name().into_owned(), schema_of::<T>())
}

/// The schema of a type, inline.
pub fn schema_of<T: ToSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_else(|_| json!({}))
}
