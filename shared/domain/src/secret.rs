//! Values that must not be printed.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use zeroize::{Zeroize, Zeroizing};

use super::field::FieldFault;

/// A text holds U+FFFD, which stands for a character that was lost on the way here, most often because the sender did not
/// send UTF-8. In a password, two that differ in what was lost would be taken for the same.
pub const LOST: FieldFault =
    FieldFault::new("invalid_characters", "Has a character that was lost on the way (U+FFFD); send it as UTF-8.");

/// A secret (password, token, key text): `Debug` prints `***`, memory is wiped on drop, and it cannot be serialised
/// by accident; reading it needs the word [`Secret::expose`].
#[derive(Clone, Default)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

/// A secret text: a password, a token. One in which a character was [`LOST`] is not read.
pub type SecretText = Secret<String>;

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Self::new(String::deserialize(deserializer)?);
        if text.expose().contains(char::REPLACEMENT_CHARACTER) { Err(D::Error::custom(LOST)) } else { Ok(text) }
    }
}

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl utoipa::PartialSchema for Secret<String> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .into()
    }
}

impl utoipa::ToSchema for Secret<String> {}

/// Personal data: serialises as it is (to its owner, or into a ciphertext), but `Debug` prints `***`, so that no log
/// and no error can carry it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Masked<T>(pub T);

impl<T> Masked<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Masked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Masked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T: utoipa::PartialSchema> utoipa::PartialSchema for Masked<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        T::schema()
    }
}

impl<T: utoipa::ToSchema> utoipa::ToSchema for Masked<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        T::name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_value() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".to_owned())), "***");
        assert_eq!(format!("{:?}", Masked("Ada")), "***");
    }
}
