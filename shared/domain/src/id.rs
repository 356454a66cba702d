//! Ids: [TypeID](https://github.com/jetify-com/typeid) strings, a prefix and a UUIDv7 in Crockford base32.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use type_safe_id::TypeSafeId;
use uuid::Uuid;

use super::time::Timestamp;

pub use type_safe_id::StaticType as Kind;

/// An id of one kind of thing; ids of two kinds cannot be mixed up.
///
/// Its text form sorts by time of making. What does not parse is [`MalformedId`], which a route answers as 404.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K: Kind>(TypeSafeId<K>);

/// The text is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed id")]
pub struct MalformedId;

impl<K: Kind> Id<K> {
    /// The id of a moment and given random bytes: the same parts make the same id, so that a retried step finds
    /// what its first try made.
    pub fn from_parts(now: Timestamp, random: [u8; 10]) -> Self {
        let uuid = uuid::Builder::from_unix_timestamp_millis(now.unix_millis(), &random).into_uuid();
        Self(TypeSafeId::from_uuid(uuid))
    }

    /// An id for the tests of this crate, which has no source of randomness.
    #[cfg(test)]
    pub(crate) fn new(now: Timestamp) -> Self {
        static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let mut parts = [0; 10];
        parts[2..].copy_from_slice(&MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_be_bytes());
        Self::from_parts(now, parts)
    }

    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(TypeSafeId::from_uuid(uuid))
    }

    pub fn uuid(&self) -> Uuid {
        self.0.uuid()
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        // The parser takes several spellings of one id; a key built from one must have one spelling only.
        let id: TypeSafeId<K> = text.parse().map_err(|_| MalformedId)?;
        if id.to_string() == text { Ok(Self(id)) } else { Err(MalformedId) }
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: Kind> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::TYPE)))
            .examples([format!("{}_01h2xcejqtf2nbrexx3vqjhp41", K::TYPE)])
            .into()
    }
}

impl<K: Kind> utoipa::ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}_id", K::TYPE).into()
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $prefix:literal, $alias:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $kind;
        impl Kind for $kind { const TYPE: &'static str = $prefix; }
        #[doc = concat!("`", $prefix, "_…`")]
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    /// A person with an account.
    User = "user", UserId;
    /// A signed-in session.
    Session = "sess", SessionId;
    /// A device that a person signs in with.
    Device = "dev", DeviceId;
    /// An account at another identity provider, linked to an account here.
    Link = "acct", LinkId;
    /// A passkey of a person.
    Passkey = "psk", PasskeyId;
    /// An identity check.
    Check = "chk", CheckId;
    /// A document handed in.
    Document = "doc", DocumentId;
    /// An entry of the event log.
    Event = "evt", EventId;
    /// A listed entity that may be the person of a check.
    Hit = "hit", HitId;
    /// One screening of a name outside of any check.
    Screening = "scr", ScreeningId;
    /// One reading of personal data by staff.
    Read = "read", ReadId;
    /// A machine client.
    Client = "cli", ClientId;
    /// A role that an administrator made.
    Role = "role", RoleId;
    /// A callback received from a provider.
    Inbound = "inb", InboundId;
    /// An endpoint of a customer that hears of events.
    Webhook = "wh", WebhookId;
    /// The delivery of one event to one endpoint.
    Delivery = "dlv", DeliveryId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_sort_by_time() {
        let a = UserId::new(Timestamp::from_unix_millis(1_000));
        let b = UserId::new(Timestamp::from_unix_millis(2_000));
        assert!(a.to_string() < b.to_string());
        assert_eq!(a.to_string().parse(), Ok(a));
        assert!(a.to_string().starts_with("user_"));
    }

    #[test]
    fn another_prefix_or_spelling_is_malformed() {
        let id = UserId::new(Timestamp::from_unix_millis(1_000)).to_string();
        assert_eq!(id.replace("user", "sess").parse::<UserId>(), Err(MalformedId));
        assert_eq!(id.to_uppercase().parse::<UserId>(), Err(MalformedId));
        assert_eq!("user_".parse::<UserId>(), Err(MalformedId));
        assert_eq!("user_é1234567890123456789012345".parse::<UserId>(), Err(MalformedId));
    }
}
