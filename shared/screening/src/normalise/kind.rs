//! The kinds of tokens, and how much of a name's identity each carries.

/// The part a token plays. Its weight says how much of a name's identity it carries: a missing particle says nothing,
/// a missing family name a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TokenKind {
    /// A name that tells people or organisations apart.
    Name = 0,
    /// A name so common among the world's names that it tells little (Mohammad, Kim, Maria).
    CommonName = 1,
    /// `-ovich`, `-ovna`: often left out, but never another.
    Patronymic = 2,
    /// One letter in a person's name.
    Initial = 3,
    /// `bin`, `al`, `van der`: left out and put in at will.
    Particle = 4,
    /// `Dr`, `Haji`, `General`. Carries no identity.
    Title = 5,
    /// A number in an organisation's name; which of several bearers of a name in a person's (II, Jr).
    Number = 6,
    /// `Ltd`, `GmbH`, `OOO`. Carries (almost) no identity.
    Legal = 7,
    /// A line-of-business word: Bank, Trading, Shipping.
    Generic = 8,
    /// A country, nationality or city in an organisation's name: another branch is another organisation.
    Place = 9,
    /// `the`, `of`, `and`, `group`, `international`.
    Light = 10,
}

impl TokenKind {
    /// From the byte in an artifact; anything unknown is a plain name, which is the strictest reading.
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::CommonName,
            2 => Self::Patronymic,
            3 => Self::Initial,
            4 => Self::Particle,
            5 => Self::Title,
            6 => Self::Number,
            7 => Self::Legal,
            8 => Self::Generic,
            9 => Self::Place,
            10 => Self::Light,
            _ => Self::Name,
        }
    }

    /// Weight in hundredths.
    pub fn weight(self) -> i32 {
        match self {
            Self::Name => 100,
            Self::Patronymic => 70,
            Self::CommonName => 45,
            Self::Generic | Self::Place | Self::Number => 50,
            Self::Initial => 30,
            Self::Particle => 10,
            Self::Light => 15,
            Self::Title | Self::Legal => 0,
        }
    }

    /// Carries nothing that could be compared on its own.
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Title | Self::Legal)
    }

    /// May be missing, present or different without saying anything against two names being one.
    pub fn is_filler(self) -> bool {
        matches!(self, Self::Title | Self::Legal | Self::Particle | Self::Light)
    }

    /// A word of a language, known as it stands, rather than a name.
    pub fn is_vocabulary(self) -> bool {
        matches!(self, Self::Generic | Self::Place)
    }

    /// Shows that a name is an organisation's.
    pub fn is_corporate(self) -> bool {
        matches!(self, Self::Generic | Self::Place | Self::Legal | Self::Number)
    }

    /// Tells one bearer from another.
    pub fn is_distinctive(self) -> bool {
        matches!(self, Self::Name | Self::Patronymic | Self::CommonName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_kinds_agree() {
        for byte in 0..=10u8 {
            assert_eq!(TokenKind::from_byte(byte) as u8, byte);
        }
    }
}
