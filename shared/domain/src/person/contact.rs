//! Ways to reach a person, and the name they go by here.

use unicode_normalization::UnicodeNormalization;

use super::{
    Country, EMPTY, TOO_LONG, personal_text, printed,
    text::{is_hidden, is_ignorable},
};
use crate::field::FieldFault;

const BAD_EMAIL: FieldFault = FieldFault::new("invalid_email", "Must be an e-mail address.");
const UNDELIVERABLE: FieldFault = FieldFault::new(
    "undeliverable_email",
    "Cannot be written to from here: the part before the '@' must be of ASCII letters, digits and signs.",
);
const BAD_PHONE: FieldFault =
    FieldFault::new("invalid_phone", "Must be a phone number in E.164 form, like +14155550123.");
const BAD_USERNAME: FieldFault = FieldFault::new(
    "invalid_username",
    "Must be 3 to 32 of a-z, 0-9, '.', '_' and '-', with a letter or digit at both ends.",
);

/// An e-mail address (RFC 5321, RFC 6531): NFC, lower case, the domain in its ASCII form (IDNA). Dots and plus signs
/// stay, since they name different mailboxes in general. Quoted local parts and address literals are refused.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// The name a person may sign in with: 3 to 32 of `[a-z0-9._-]`, lower case, a letter or digit at both ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

/// A phone number that can exist, in E.164 form (`+14155550123`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

personal_text! {
    Email: "ada@example.com" => restore,
    Username: "ada.lovelace",
    PhoneNumber: "+14155552671" => stored,
}

impl Email {
    /// RFC 5321 §4.5.3.1: local part 64 octets, the path 256 with its angle brackets.
    const LOCAL_MAX: usize = 64;
    const MAX: usize = 254;

    /// An address as a request brings it. Blanks and characters without a shape around it are dropped.
    ///
    /// # Errors
    /// `required`, `too_long`, `invalid_email`, and `undeliverable_email` for an address that SES cannot write to: it
    /// has no SMTPUTF8 (RFC 6531), so a local part beyond ASCII is refused there for good, while any domain is reached
    /// in its ASCII form.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let email = Self::restore(text)?;
        if email.local_part().is_ascii() { Ok(email) } else { Err(UNDELIVERABLE) }
    }

    /// An address that was accepted before it was asked whether mails can reach it.
    fn restore(text: &str) -> Result<Self, FieldFault> {
        let text = text.trim_matches(|c: char| c.is_whitespace() && !c.is_control() || is_ignorable(c));
        if text.is_empty() {
            return Err(EMPTY);
        }
        if text.len() > 4 * Self::MAX {
            return Err(TOO_LONG);
        }
        // Lower-casing can decompose (İ), so the composed form is taken last.
        let text = text.nfc().collect::<String>().to_lowercase().nfc().collect::<String>();
        let (local, domain) = text.rsplit_once('@').ok_or(BAD_EMAIL)?;
        if !Self::is_local(local) {
            return Err(BAD_EMAIL);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| BAD_EMAIL)?;
        if !Self::is_domain(&domain) {
            return Err(BAD_EMAIL);
        }
        if local.len() > Self::LOCAL_MAX || local.len() + 1 + domain.len() > Self::MAX {
            return Err(TOO_LONG);
        }
        Ok(Self(format!("{local}@{domain}")))
    }

    /// RFC 5322 `dot-atom`, with letters beyond ASCII (RFC 6531). U+FFFD stands for a letter that was lost.
    fn is_local(local: &str) -> bool {
        let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
        local.split('.').all(|atom| {
            !atom.is_empty()
                && atom.chars().all(|c| {
                    let lost = c == char::REPLACEMENT_CHARACTER;
                    atext(c) && !lost && !is_hidden(c) && !c.is_whitespace()
                })
        })
    }

    /// At least two labels and a top level that is not a number, so that no address literal passes.
    fn is_domain(domain: &str) -> bool {
        domain
            .rsplit_once('.')
            .is_some_and(|(rest, top)| !rest.is_empty() && top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()))
    }

    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(self.as_str(), |(local, _)| local)
    }

    /// The ASCII form of the domain.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// `a***@e***.com`: enough for its owner to know it, too little for a stranger to write to it.
    pub fn masked(&self) -> String {
        let top = self.domain().rsplit('.').next().unwrap_or_default();
        format!("{}@{}.{top}", super::mask_head(self.local_part()), super::mask_head(self.domain()))
    }
}

impl Username {
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text = text.trim_matches(' ').to_ascii_lowercase();
        if text.is_empty() {
            return Err(EMPTY);
        }
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        let well_formed = (3..=32).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(b))
            && edge(bytes.first())
            && edge(bytes.last());
        if well_formed { Ok(Self(text)) } else { Err(BAD_USERNAME) }
    }

    pub fn masked(&self) -> String {
        super::mask_head(&self.0)
    }
}

impl PhoneNumber {
    /// The number must carry its country (`+…`): a national number means different people in different places.
    ///
    /// Pasted numbers bring direction marks, blanks of other widths, dashes and digits of other scripts along; they are
    /// cleaned first.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text = printed(text, 40).map_err(|fault| if fault == EMPTY { fault } else { BAD_PHONE })?;
        let signs = |c: char| c.is_ascii_digit() || " -().[]/".contains(c);
        if !text.strip_prefix('+').is_some_and(|rest| rest.chars().all(signs)) {
            return Err(BAD_PHONE);
        }
        let number = phonenumber::parse(None, &text).map_err(|_| BAD_PHONE)?;
        if !phonenumber::is_valid(&number) {
            return Err(BAD_PHONE);
        }
        Ok(Self(number.format().mode(phonenumber::Mode::E164).to_string()))
    }

    /// A number that [`Self::parse`] made. Its form alone is checked: the numbering plans of all countries (0.6 MB) are
    /// then linked only into the functions that take a new number.
    fn stored(text: &str) -> Result<Self, FieldFault> {
        let digits = text.strip_prefix('+').ok_or(BAD_PHONE)?;
        // E.164 §6.2.1: at most 15 digits.
        let valid = (2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if valid { Ok(Self(text.to_owned())) } else { Err(BAD_PHONE) }
    }

    /// The country whose numbering plan it is of; `None` for numbers of no country, such as satellite telephones. Countries that share
    /// a calling code are told apart.
    pub fn country(&self) -> Option<Country> {
        let number = phonenumber::parse(None, &self.0).ok()?;
        Country::parse(number.country().id()?.as_ref()).ok()
    }

    /// `+*******2671`.
    pub fn masked(&self) -> String {
        super::mask_tail(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn countries_that_share_a_calling_code_are_told_apart() {
        let country =
            |text: &str| PhoneNumber::parse(text).unwrap().country().map(|country| country.as_str().to_owned());
        for (number, of) in [
            ("+14155552671", "US"),
            ("+14165550123", "CA"),
            ("+18765550123", "JM"),
            ("+4915123456789", "DE"),
            ("+919876543210", "IN"),
            ("+77012345678", "KZ"),
            ("+79161234567", "RU"),
        ] {
            assert_eq!(country(number).as_deref(), Some(of), "{number}");
        }
    }

    #[test]
    fn a_stored_phone_number_is_checked_for_form_alone() {
        let read = |text: &str| serde_json::from_value::<PhoneNumber>(text.into()).ok();
        let parsed = PhoneNumber::parse("+1 415-555-2671").unwrap();
        assert_eq!(read(parsed.as_str()), Some(parsed));
        for text in ["14155552671", "+1 415-555-2671", "+", "+1", "+1234567890123456", ""] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn addresses_are_normalised_and_keep_dots_and_plus() {
        assert_eq!(Email::parse(" Ada.L+kyc@EXAMPLE.com ").unwrap().as_str(), "ada.l+kyc@example.com");
        assert_eq!(Email::parse("ada@bücher.example").unwrap().as_str(), "ada@xn--bcher-kva.example");
        assert_eq!(Email::parse("ada@bu\u{308}cher.example"), Email::parse("ADA@B\u{dc}CHER.example"));
        assert_eq!(Email::parse("\u{200b}\u{a0}ada@example.com\u{feff}").unwrap().as_str(), "ada@example.com");
    }

    #[test]
    fn an_address_that_no_mail_can_reach_is_refused_by_a_code_of_its_own() {
        for text in
            ["jörg@example.com", "jo\u{308}rg@example.com", "用户@例子.example", "ада@example.com", "İ@example.com"]
        {
            assert_eq!(Email::parse(text), Err(UNDELIVERABLE), "{text}");
            // What was registered under earlier rules is still read.
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<Email>(&json).is_ok(), "{text}");
        }
        assert!(Email::parse("jorg@jörg.example").is_ok());
        assert_eq!(Email::parse("j\u{fffd}rg@example.com"), Err(BAD_EMAIL));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "a b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a@b@example.com",
            "\"a\"@example.com",
            "a\u{202e}@example.com",
            "ada@exa mple.com",
            "ada@-example.com",
            "ada@example..com",
            "a\r\nb@example.com",
            &long,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn masks_show_no_more_than_first_letters() {
        assert_eq!(Email::parse("ada@example.com").unwrap().masked(), "a***@e***.com");
        assert_eq!(PhoneNumber::parse("+1 415-555-2671").unwrap().masked(), "+*******2671");
    }

    #[test]
    fn usernames_are_lower_case_and_end_in_letters_or_digits() {
        assert_eq!(Username::parse("Ada.Lovelace").unwrap().as_str(), "ada.lovelace");
        for text in ["ab", "-ada", "ada-", "a da", "adä", &"a".repeat(33)] {
            assert!(Username::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn phones_need_their_country_and_must_exist() {
        assert_eq!(PhoneNumber::parse("+91 98765 43210").unwrap().as_str(), "+919876543210");
        for text in [
            "\u{202a}+91\u{a0}98765\u{202f}43210\u{202c}",
            "\u{feff}+91 98765\u{2011}43210",
            "＋９１　９８７６５　４３２１０",
            "+٩١ ٩٨٧٦٥ ٤٣٢١٠",
            "+91\u{2212}98765–43210",
            "+91 (98765) 43.210",
            "+91 98765/43210",
        ] {
            assert_eq!(PhoneNumber::parse(text).map(|number| number.0).as_deref(), Ok("+919876543210"), "{text:?}");
        }
        for text in ["\u{200e}", "", "4155552671", "+1", "+999123456789", "+1415555267x", "+1 415 555 2671;ext=5"] {
            assert!(PhoneNumber::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_and_serde() {
        let email = Email::parse("ada@example.com").unwrap();
        assert_eq!(format!("{email:?}"), "***");
        assert_eq!(serde_json::to_string(&email).unwrap(), "\"ada@example.com\"");
        assert_eq!(serde_json::from_str::<Email>("\"ADA@example.com\"").unwrap(), email);
        assert!(serde_json::from_str::<Email>("\"ada\"").is_err());
    }

    proptest! {
        /// What was accepted once is its own normal form: an index built from it finds it again.
        #[test]
        fn parsing_twice_changes_nothing(text in "\\PC{1,20}@[a-zA-Z0-9üß.]{1,20}\\.[a-z]{2,5}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn no_text_makes_the_parsers_fail_hard(text in "\\PC*") {
            let _ = (Email::parse(&text).is_ok(), Username::parse(&text).is_ok(), PhoneNumber::parse(&text).is_ok());
        }
    }
}
