//! The one shape that every list is read into.

use super::date::DateSpan;

/// What a listed entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Kind {
    /// A human being.
    Person = 0,
    /// A company, authority, group or fund.
    Organisation = 1,
    /// A ship.
    Vessel = 2,
    /// An aeroplane or helicopter.
    Aircraft = 3,
    /// The list does not say (`FollowTheMoney`'s `LegalEntity`, a bare name): found whatever is asked for.
    #[default]
    Unknown = 4,
}

impl Kind {
    /// From the byte in an artifact; any other byte is [`Self::Unknown`].
    #[doc(hidden)]
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Person,
            1 => Self::Organisation,
            2 => Self::Vessel,
            3 => Self::Aircraft,
            _ => Self::Unknown,
        }
    }

    /// The word for it in explanations.
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
            Self::Vessel => "vessel",
            Self::Aircraft => "aircraft",
            Self::Unknown => "entry of unstated kind",
        }
    }
}

/// What a name is to its bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum NameType {
    /// What the list calls it first.
    #[default]
    Primary = 0,
    /// Also known as.
    Alias = 1,
    /// Formerly known as.
    Former = 2,
    /// The name in its own script.
    OriginalScript = 3,
}

impl NameType {
    /// From the byte in an artifact; any other byte is [`Self::Alias`].
    #[doc(hidden)]
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Primary,
            2 => Self::Former,
            3 => Self::OriginalScript,
            _ => Self::Alias,
        }
    }
}

/// What the publisher says of an alias's reliability. OFAC's "weak aka", the UN's "low quality", the UK's "low
/// quality a.k.a.": such a name alone is no reason to stop anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Strength {
    /// A name that identifies a person or an organisation.
    #[default]
    Strong = 0,
    /// Shown, but 0.14 lower if it is one word, else 0.02.
    Weak = 1,
}

/// One name of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As published, in any script and order.
    pub text: String,
    /// What it is to its bearer.
    pub name_type: NameType,
    /// How reliable the list calls it.
    pub strength: Strength,
}

impl Name {
    /// A name with all that the list says of it.
    pub fn new(text: impl Into<String>, name_type: NameType, strength: Strength) -> Self {
        Self { text: text.into(), name_type, strength }
    }

    /// A first, reliable name.
    pub fn primary(text: impl Into<String>) -> Self {
        Self::new(text, NameType::Primary, Strength::Strong)
    }
}

/// A number that identifies: passport, tax number, IMO number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// In the list's own words, lower case: `passport`, `national id`, `imo`.
    pub kind: String,
    /// As published; compared in normal form.
    pub number: String,
    /// ISO 3166-1 alpha-2 of the issuer, where the list tells.
    pub country: Option<String>,
}

/// One listed person, organisation, vessel or aircraft.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entity {
    /// The list's own key.
    pub id: String,
    /// What it is; [`Kind::Unknown`] is found whatever is asked for.
    pub kind: Kind,
    /// All names, in all scripts; without one the entity cannot be found by name.
    pub names: Vec<Name>,
    /// Alternatives: the one that agrees best counts.
    pub dates_of_birth: Vec<DateSpan>,
    /// ISO 3166-1 alpha-2: nationality, citizenship, residence, flag.
    pub countries: Vec<String>,
    /// Numbers of documents, taxpayers, companies, vessels and wallets.
    pub identifiers: Vec<Identifier>,
    /// Sanctions programmes or regimes.
    pub programmes: Vec<String>,
    /// The publisher's reference, where it differs from the key (`QDi.012`).
    pub reference: Option<String>,
    /// Names of entities this one is linked to.
    pub linked_to: Vec<String>,
    /// What the list says besides, shortened.
    pub remarks: String,
}

/// A list as read: what it is and who is on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// `ofac_sdn`, `un` …
    pub id: String,
    /// The publisher's version or date, else a hash of the bytes.
    pub version: String,
    /// RFC 3339 date or time, where the list carries one.
    pub published_at: Option<String>,
    /// Who is on it.
    pub entities: Vec<Entity>,
}
