//! What makes a password good enough (NIST SP 800-63B-4 §3.1.1.2).
//!
//! Length, a list of what attackers try first, and none of the account's own data; upper case, digits and the like are
//! asked for only where the installation wants it (policy `classes`), since they make passwords harder to remember
//! and hardly harder to guess.
//!
//! Lists of leaked passwords are of little use as they are: most of their entries are shorter than the 12 characters asked
//! for. What people do instead is to stretch a short one: `password2024!`, `Passw0rd1234`, `qwertyqwerty`,
//! `aaaaaaaaaaaa`. So the embedded list holds base words, and [`effort`] reckons how few of an attacker's rules make
//! the password out of them.

mod effort;

use unicode_normalization::UnicodeNormalization;

use super::{field::Fault, profile::Profile, words::words};

pub use effort::effort;

words! {
    /// What is asked of a new password beyond length, own data and common ones.
    pub enum PasswordPolicy {
        /// Nothing (NIST).
        Nist = "nist",
        /// An upper-case letter, a lower-case one, a digit and a symbol.
        Classes = "classes",
    }
}

/// The least and the most characters.
pub const MIN_CHARS: usize = 12;
pub const MAX_CHARS: usize = 128;

pub const TOO_SHORT: Fault = Fault::new("too_short", "must have at least 12 characters");
pub const TOO_LONG: Fault = Fault::new("too_long", "must have at most 128 characters");
pub const OWN_DATA: Fault = Fault::new("contains_personal_data", "must not contain your name, address or other data");
pub const COMMON: Fault = Fault::new("too_common", "is easily guessed: made of common words, repetitions or sequences");
pub const NO_UPPER: Fault = Fault::new("no_uppercase", "must contain an upper-case letter");
pub const NO_LOWER: Fault = Fault::new("no_lowercase", "must contain a lower-case letter");
pub const NO_DIGIT: Fault = Fault::new("no_digit", "must contain a digit");
pub const NO_SYMBOL: Fault = Fault::new("no_symbol", "must contain a symbol");

/// The least [`effort`] that is not too common: that of three common words, or of one and four random digits.
const LEAST_EFFORT: u32 = 6;

/// The form in which a password is checked and hashed: NFKC, so that it is the same from every keyboard.
pub fn normalise(password: &str) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(password.nfkc().collect())
}

/// The account's own data that a password must not contain, as texts of at least three characters, lower case.
#[derive(Clone, Default)]
pub struct OwnData(Vec<String>);

impl std::fmt::Debug for OwnData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl OwnData {
    /// What a profile holds: the address and its local part, names and username with their parts, phone, birth date
    /// as people write it, national id.
    pub fn of(profile: &Profile) -> Self {
        let mut own = Self::default();
        // Not the domain's parts: `com` stands in many a good word.
        own.whole(profile.email.as_str());
        own.text(profile.email.local_part());
        for name in [&profile.given_name, &profile.family_name].into_iter().flatten() {
            own.text(name.as_str());
        }
        if let Some(username) = &profile.username {
            own.text(username.as_str());
        }
        if let Some(phone) = &profile.phone {
            // The country's code may be left off.
            own.whole(&phone.as_str()[1..]);
            own.whole(phone.as_str().get(phone.as_str().len().saturating_sub(8)..).unwrap_or_default());
        }
        if let Some(id) = &profile.national_id {
            own.whole(id.value());
            own.whole(&id.normalised());
        }
        if let Some((year, month, day)) = profile.date_of_birth.as_ref().and_then(|date| {
            let mut parts = date.as_str().splitn(3, '-');
            Some((parts.next()?, parts.next()?, parts.next()?))
        }) {
            for separator in ["", "-", ".", "/"] {
                own.whole(&[year, month, day].join(separator));
                own.whole(&[day, month, year].join(separator));
                own.whole(&[month, day, year].join(separator));
            }
        }
        own
    }

    /// One more text, as a whole and in its parts of four characters or more; shorter ones are too often parts of
    /// other words.
    pub fn text(&mut self, text: &str) {
        self.whole(text);
        for part in text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() >= 4) {
            self.whole(part);
        }
    }

    fn whole(&mut self, text: &str) {
        let text: String = text.nfkc().collect::<String>().to_lowercase();
        if text.chars().count() >= 3 && !self.0.contains(&text) {
            self.0.push(text);
        }
    }

    /// Whether a password holds any of it: in any case, forwards or backwards, letters replaced by look-alikes or not.
    fn is_in(&self, password: &str) -> bool {
        let plain = password.to_lowercase();
        let backwards: String = plain.chars().rev().collect();
        let forms = [effort::unleet(&plain), effort::unleet(&backwards), plain, backwards];
        self.0.iter().any(|own| forms.iter().any(|form| form.contains(own.as_str())))
    }
}

/// The rules for a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRules {
    pub policy: PasswordPolicy,
}

impl PasswordRules {
    /// Every fault of a new password, none if it is good. Costs time in proportion to the length, which is bounded
    /// first.
    pub fn check(&self, password: &str, own: &OwnData) -> Vec<Fault> {
        // NFKC can shorten a text, but not without bound: what is far too long is not worth normalising.
        if password.len() > 16 * MAX_CHARS {
            return vec![TOO_LONG];
        }
        let password = normalise(password);
        let mut faults = vec![];
        match password.chars().count() {
            n if n < MIN_CHARS => faults.push(TOO_SHORT),
            n if n > MAX_CHARS => return vec![TOO_LONG],
            _ => {}
        }
        if own.is_in(&password) {
            faults.push(OWN_DATA);
        }
        if effort(&password) < LEAST_EFFORT {
            faults.push(COMMON);
        }
        if self.policy == PasswordPolicy::Classes {
            let has = |class: fn(char) -> bool| password.chars().any(class);
            let symbol = |c: char| !c.is_alphanumeric() && !c.is_control();
            for (present, fault) in [
                (has(char::is_uppercase), NO_UPPER),
                (has(char::is_lowercase), NO_LOWER),
                (has(char::is_numeric), NO_DIGIT),
                (has(symbol), NO_SYMBOL),
            ] {
                if !present {
                    faults.push(fault);
                }
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::person::{DateOfBirth, Email, PersonName, PhoneNumber, Username};

    const NIST: PasswordRules = PasswordRules { policy: PasswordPolicy::Nist };
    const CLASSES: PasswordRules = PasswordRules { policy: PasswordPolicy::Classes };

    fn faults(password: &str) -> Vec<Fault> {
        NIST.check(password, &OwnData::default())
    }

    fn ada() -> OwnData {
        let mut profile = Profile::new(Email::parse("ada.lovelace+x@example.com").unwrap());
        profile.given_name = Some(PersonName::parse("Augusta").unwrap());
        profile.username = Some(Username::parse("enchantress").unwrap());
        profile.date_of_birth = Some(DateOfBirth::parse("1985-12-10").unwrap());
        profile.phone = Some(PhoneNumber::parse("+14155552671").unwrap());
        OwnData::of(&profile)
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(faults("vX3#mq9Lw2z"), [TOO_SHORT]);
        assert_eq!(faults("vX3#mq9Lw2zK"), []);
        assert_eq!(faults("ünïcødé wørd"), []);
        assert_eq!(faults(&"vX3#mq9Lw2zK".repeat(11)), [TOO_LONG]);
        assert_eq!(faults(&"x".repeat(1_000_000)), [TOO_LONG]);
    }

    #[test]
    fn common_passwords_are_refused_however_stretched() {
        for password in [
            "passwordpassword",
            "password2024!",
            "Password1234",
            "P4$$w0rd!2025",
            "drowssap12345",
            "1234567890123",
            "qwertyuiop12",
            "qwertyqwerty",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "abcdefghijkl",
            "1q2w3e4r5t6y",
            "iloveyouforever",
            "administrator1",
            "letmein12345",
            "Summer2024!!!",
            "monkeymonkey!!",
            "zaq1xsw2cde3",
            "ILoveYou!1234",
            "welcome@2023",
            "111111111111",
            "trustno1trustno1",
            "............",
        ] {
            assert_eq!(faults(password), [COMMON], "{password}");
        }
    }

    #[test]
    fn passphrases_and_random_ones_pass() {
        for password in [
            "correct horse battery staple",
            "gr8-Kettle-ornithopter",
            "k7#Vq!x2Lp@9",
            "829471650382",
            "purple monkey dishwasher",
            "Wanderlust-97-quokka",
            "пароль не для всех",
        ] {
            assert_eq!(faults(password), [], "{password}");
        }
    }

    #[test]
    fn own_data_is_refused_in_any_guise() {
        for password in [
            "xk9-LOVELACE-vq2",
            "xk9-ecalevol-vq2",
            "xk9-l0v3l4c3-vq2",
            "zz-augusta-7719q",
            "zz7-Enchantress-q",
            "kettle19851210wq",
            "kettle-10.12.1985",
            "kettle4155552671",
            "wq-ada.lovelace+x",
        ] {
            assert_eq!(NIST.check(password, &ada()), [OWN_DATA], "{password}");
        }
        for password in ["gr8-Kettle-ornithopter", "complexity and kettles"] {
            assert_eq!(NIST.check(password, &ada()), [], "{password}");
        }
        assert_eq!(format!("{:?}", ada()), "***");
    }

    #[test]
    fn classes_are_asked_for_only_by_their_policy() {
        assert_eq!(faults("kettle ornithopter"), []);
        assert_eq!(CLASSES.check("kettle ornithopter", &OwnData::default()), [NO_UPPER, NO_DIGIT]);
        assert_eq!(CLASSES.check("KETTLEORNITHOPTER", &OwnData::default()), [NO_LOWER, NO_DIGIT, NO_SYMBOL]);
        assert_eq!(CLASSES.check("gr8-Kettle-ornithopter", &OwnData::default()), []);
    }

    #[test]
    fn one_password_has_one_form() {
        assert_eq!(*normalise("e\u{301}"), *normalise("\u{e9}"));
        assert_eq!(*normalise("ｐａｓｓ"), "pass");
    }

    proptest! {
        /// Nothing within twelve characters that a word, a year and a symbol make gets through.
        #[test]
        fn a_word_a_year_and_a_symbol_never_pass(
            word in prop::sample::select(vec!["password", "dragon", "football", "iloveyou", "sunshine"]),
            year in 1950u32..2030,
            symbol in "[!?.#*]",
            upper: bool,
        ) {
            let word = if upper { word.to_uppercase() } else { word.to_owned() };
            let password = format!("{word}{year}{symbol}");
            prop_assert!(!faults(&password).is_empty(), "{}", password);
        }

        /// Saying it twice makes nothing better.
        #[test]
        fn repeating_costs_nothing(password in "[a-z0-9]{1,20}", times in 2usize..5) {
            prop_assert!(effort(&password.repeat(times)) <= effort(&password));
        }

        #[test]
        fn one_more_character_adds_at_most_a_letter(password in "\\PC{0,40}", more in "[a-z0-9!]") {
            let longer = format!("{password}{more}");
            prop_assert!(effort(&longer) <= effort(&password) + 2);
        }

        #[test]
        fn any_text_is_judged(password in "\\PC{0,200}") {
            let own = ada();
            let found = CLASSES.check(&password, &own);
            let chars = normalise(&password).chars().count();
            prop_assert_eq!(found.contains(&TOO_SHORT), chars < MIN_CHARS);
            prop_assert_eq!(found.contains(&TOO_LONG), chars > MAX_CHARS);
        }
    }
}
