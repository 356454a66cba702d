//! Numbers that identify: of documents, taxpayers, companies, vessels, aircraft and wallets.
//!
//! Lists write one number in many ways (`IMO 9187629`, `ab-123 456`, `INN: 7701/KPP: 99`). All are compared in normal form.

use unicode_normalization::UnicodeNormalization;

/// What a number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NumberType {
    /// Of a passport: people have several, one after the other.
    Passport,
    /// Of a national identity card or register.
    NationalId,
    /// Of a taxpayer, person or company.
    Tax,
    /// Of a company in a register.
    Registration,
    /// Legal Entity Identifier, ISO 17442.
    Lei,
    /// Of a ship, by the International Maritime Organization; seven digits.
    Imo,
    /// Of a ship's or aircraft's radio.
    CallSign,
    /// Tail number, serial number or Mode S address of an aircraft.
    Aircraft,
    /// Address of a digital currency.
    Wallet,
    /// Not told, or another: compared with all types.
    #[default]
    Other,
}

impl NumberType {
    /// From the word that requests have.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "passport" => Self::Passport,
            "national_id" => Self::NationalId,
            "tax" => Self::Tax,
            "registration" => Self::Registration,
            "lei" => Self::Lei,
            "imo" => Self::Imo,
            "call_sign" => Self::CallSign,
            "aircraft" => Self::Aircraft,
            "wallet" => Self::Wallet,
            "other" => Self::Other,
            _ => return None,
        })
    }

    /// From the list's own words.
    pub(crate) fn of_label(label: &str) -> Self {
        let label = label.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
        let is = |words: &[&str]| label.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word));
        if has(&["passport"]) {
            Self::Passport
        } else if is(&["imo"]) {
            Self::Imo
        } else if is(&["lei"]) || has(&["legal entity identifier"]) {
            Self::Lei
        } else if has(&["call sign", "callsign"]) {
            Self::CallSign
        } else if has(&["aircraft", "tail number", "mode s", "manufacturer's serial", "msn"]) {
            Self::Aircraft
        } else if has(&["digital currency", "wallet", "crypto"]) {
            Self::Wallet
        } else if has(&["tax", "vat", "fiscal"])
            || is(&["inn", "tin", "pan", "ein", "fein", "rfc", "nit", "cuit", "ruc", "rif"])
        {
            Self::Tax
        } else if has(&[
            "registration",
            "company number",
            "folio mercantil",
            "matricula",
            "trade license",
            "social credit",
        ]) || is(&["ogrn", "cin", "duns", "chamber", "commercial"])
        {
            Self::Registration
        } else if has(&["national id", "nationalid", "identity", "cedula", "identification number", "personal id"])
            || is(&["ssn", "curp", "dni", "aadhaar", "nin", "cnic", "national"])
        {
            Self::NationalId
        } else {
            Self::Other
        }
    }

    /// Of such numbers a bearer has one at a time, in one country: another one speaks against. Thousandths.
    pub(crate) fn contradiction(self) -> Option<i32> {
        match self {
            Self::NationalId | Self::Tax | Self::Registration | Self::Lei | Self::Imo => Some(100),
            // People have several passports, one after the other.
            Self::Passport => Some(40),
            Self::CallSign | Self::Aircraft | Self::Wallet | Self::Other => None,
        }
    }

    /// The number holds all over the world, so that its country need not be known.
    pub(crate) fn is_global(self) -> bool {
        matches!(self, Self::Lei | Self::Imo)
    }
}

/// A number that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AskedNumber {
    /// What it is of. A number of another type agrees too; only one of the same type contradicts.
    pub kind: NumberType,
    /// As it is written on the document.
    pub value: String,
    /// ISO 3166-1 alpha-2 of the issuer.
    pub country: Option<String>,
}

impl AskedNumber {
    /// Whether the value has a letter or digit that can be compared.
    pub fn is_comparable(&self) -> bool {
        !normal(&self.value).is_empty()
    }
}

impl From<&str> for AskedNumber {
    fn from(value: &str) -> Self {
        Self { value: value.to_owned(), ..Self::default() }
    }
}

/// Letters and digits alone, in capitals, digits of all scripts as ASCII; an IMO number is its seven digits.
pub fn normal(number: &str) -> String {
    let bare: String = number
        .nfkc()
        .flat_map(|c| {
            let digit = c.is_numeric().then(|| any_ascii::any_ascii_char(c));
            digit.map_or_else(|| c.to_string(), str::to_owned).to_ascii_uppercase().chars().collect::<Vec<_>>()
        })
        .filter(char::is_ascii_alphanumeric)
        .collect();
    match bare.strip_prefix("IMO") {
        Some(digits) if digits.len() == 7 && digits.bytes().all(|b| b.is_ascii_digit()) => digits.to_owned(),
        _ => bare,
    }
}

/// The numbers of one field, in normal form, each with its label where the field has several (`INN: 7701 / KPP: 99`).
pub fn parts(field: &str) -> Vec<(Option<String>, String)> {
    if !field.contains(':') {
        return vec![(None, normal(field))];
    }
    let pieces = field.split(['/', ';', ',', '\n']);
    let labelled = pieces.map(|piece| match piece.rsplit_once(':') {
        Some((label, number)) => (Some(label.trim().to_lowercase()), normal(number)),
        None => (None, normal(piece)),
    });
    labelled.filter(|(_, number)| !number.is_empty()).collect()
}

/// So many characters tell somebody by themselves, so many of them digits.
const RARE: usize = 6;
const RARE_DIGITS: usize = 4;
/// Shorter numbers are shared by chance.
const LEAST: usize = 4;

/// Whether an equal number says something beside a name that agrees.
pub fn tells(number: &str) -> bool {
    number.len() > LEAST || (number.len() == LEAST && number.bytes().any(|b| b.is_ascii_alphabetic()))
}

/// Whether an equal number is a hit by itself.
pub fn is_rare(number: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let one_digit = number.bytes().all(|b| Some(b) == number.bytes().next());
    number.len() >= RARE && digits >= RARE_DIGITS && !one_digit
}

/// Whether seven digits are an IMO ship number: the last is the check digit of the six before it.
pub fn is_imo(digits: &str) -> bool {
    let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let weighted = values.iter().take(6).zip((2..=7).rev()).map(|(value, weight)| value * weight).sum::<u32>();
    digits.len() == 7 && values.len() == 7 && weighted % 10 == values[6]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_normal_form() {
        for (written, expected) in [
            ("IMO 9187629", "9187629"),
            ("IMO: 9187629", "9187629"),
            ("ab-123 456", "AB123456"),
            ("№ А١٢٣", "NO123"),
            ("0x8589427373D6D84E98730D7795D8f6f8731FDA16", "0X8589427373D6D84E98730D7795D8F6F8731FDA16"),
            ("529900T8BM49AURSDO55", "529900T8BM49AURSDO55"),
        ] {
            assert_eq!(normal(written), expected, "{written}");
        }
        let several = parts("INN: 7701234567 / KPP: 770101001");
        assert_eq!(several[0], (Some("inn".into()), "7701234567".into()));
        assert_eq!(several[1].1, "770101001");
    }

    #[test]
    fn labels_of_lists_have_a_type() {
        for (label, expected) in [
            ("passport", NumberType::Passport),
            ("diplomatic passport", NumberType::Passport),
            ("national id", NumberType::NationalId),
            ("Tax ID No.", NumberType::Tax),
            ("Vessel Registration Identification IMO", NumberType::Imo),
            ("Digital Currency Address - XBT", NumberType::Wallet),
            ("registration", NumberType::Registration),
            ("remark", NumberType::Other),
        ] {
            assert_eq!(NumberType::of_label(label), expected, "{label}");
        }
    }

    #[test]
    fn rare_numbers_are_long_and_have_digits() {
        assert!(
            is_rare("N0046177")
                && is_rare("9187629")
                && !is_rare("J128")
                && !is_rare("0000000")
                && !is_rare("PASSPORT")
        );
        assert!(tells("J128") && tells("12345") && !tells("1234") && !tells("12"));
        assert!(is_imo("9187629") && !is_imo("9187628"));
    }
}
