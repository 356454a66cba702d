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
use zeroize::Zeroizing;

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

/// The most bytes as typed that are worth normalising: 128 characters, each decomposed into four of four bytes.
const MAX_TYPED_BYTES: usize = 16 * MAX_CHARS;

/// A password of more than [`MAX_CHARS`] characters in its normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("password is too long")]
pub struct TooLong;

/// The form in which a password is measured, checked and hashed: NFKC, so that it is the same from every keyboard. NIST
/// SP 800-63B §3.1.1.2 asks for a stable form; unlike NFC, NFKC also folds the full-width and ligature forms that input
/// methods make of the same keys.
pub fn normalise(password: &str) -> Result<Zeroizing<String>, TooLong> {
    if password.len() > MAX_TYPED_BYTES {
        return Err(TooLong);
    }
    // Room for the longest one, so that growing leaves no copy behind.
    let mut normalised = Zeroizing::new(String::with_capacity(4 * MAX_CHARS));
    for (index, c) in password.nfkc().enumerate() {
        if index == MAX_CHARS {
            return Err(TooLong);
        }
        normalised.push(c);
    }
    Ok(normalised)
}

/// The account's own data, lower case, that a password must not be made of.
#[derive(Clone, Default)]
pub struct OwnData {
    /// Texts of letters only: names and their parts, of three letters or more.
    words: Vec<String>,
    /// Texts with other characters in them (addresses, phone numbers, dates), of four characters or more: long and
    /// unlike any word, so they count wherever they stand.
    texts: Vec<String>,
}

impl std::fmt::Debug for OwnData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// From this many letters on, a password must not hold a name as a word of its own. Shorter names are too often parts of
/// ordinary words.
const LEAST_WORD: usize = 4;

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

    /// One more text, as a whole and in its parts.
    pub fn text(&mut self, text: &str) {
        self.whole(text);
        text.split(|c: char| !c.is_alphanumeric()).for_each(|part| self.whole(part));
    }

    fn whole(&mut self, text: &str) {
        let text: String = text.nfkc().collect::<String>().to_lowercase();
        let letters = text.chars().all(char::is_alphabetic);
        let (list, least) = if letters { (&mut self.words, 3) } else { (&mut self.texts, 4) };
        if text.chars().count() >= least && !list.contains(&text) {
            list.push(text);
        }
    }

    /// Whether a password is made of it, in any case, letters replaced by look-alikes or not: it holds one of the texts,
    /// or a name as a word of its own, forwards or backwards; or what is left without all of it is easily guessed.
    fn is_in(&self, password: &str) -> bool {
        let lower = password.to_lowercase();
        let forms = [effort::unleet(&lower), lower];
        forms.iter().any(|form| self.has_text(form) || self.has_word(form)) || self.leaves_little(&forms)
    }

    fn has_text(&self, form: &str) -> bool {
        self.texts.iter().any(|text| form.contains(text.as_str()) || form.contains(reversed(text).as_str()))
    }

    fn has_word(&self, form: &str) -> bool {
        form.split(|c: char| !c.is_alphabetic())
            .filter(|word| word.chars().count() >= LEAST_WORD)
            .any(|word| self.words.iter().any(|own| own == word || reversed(own) == word))
    }

    /// `forms` are of the same length, the last one as typed: what any of them shows to be own data is cut out of it.
    fn leaves_little(&self, forms: &[String; 2]) -> bool {
        let typed: Vec<char> = forms[1].chars().collect();
        let mut own = vec![false; typed.len()];
        for form in forms {
            let form: Vec<char> = form.chars().collect();
            for word in self.words.iter().flat_map(|word| [word.clone(), reversed(word)]) {
                let word: Vec<char> = word.chars().collect();
                for start in (0..form.len()).filter(|start| form[*start..].starts_with(&word)) {
                    own[start..start + word.len()].fill(true);
                }
            }
        }
        let left: String = typed.iter().zip(&own).filter(|(_, own)| !**own).map(|(c, _)| *c).collect();
        own.contains(&true) && effort(&left) < LEAST_EFFORT
    }
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
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
        let typed = password.chars().count();
        let Ok(password) = normalise(password) else { return vec![TOO_LONG] };
        let mut faults = vec![];
        // The lesser of both: one typed character can become eighteen (U+FDFA), and several can become one.
        if typed.min(password.chars().count()) < MIN_CHARS {
            faults.push(TOO_SHORT);
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
    use crate::person::{DateOfBirth, Email, PersonName, PhoneNumber, Username};

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

    /// A person with these names and nothing else that could matter.
    fn named(given: &str, family: &str) -> OwnData {
        let mut profile = Profile::new(Email::parse("q8@example.com").unwrap());
        profile.given_name = Some(PersonName::parse(given).unwrap());
        profile.family_name = Some(PersonName::parse(family).unwrap());
        OwnData::of(&profile)
    }

    #[test]
    fn a_name_inside_an_ordinary_word_bars_no_passphrase() {
        for (given, family, password) in [
            ("Eva", "Lee", "travel and sleep well"),
            ("Ana", "Li", "purple banana dishwasher"),
            ("Anna", "Roth", "savannah brother kettle"),
            ("Noel", "Mark", "colonel at the supermarket"),
            ("Leon", "Rose", "noelle prosecutes kettles"),
            ("Ed", "Ng", "speeding kettle ornithopter"),
        ] {
            assert_eq!(NIST.check(password, &named(given, family)), [], "{given} {family}: {password}");
        }
    }

    #[test]
    fn a_name_as_a_word_or_with_little_beside_it_is_refused() {
        for (given, family, password) in [
            ("Anna", "Roth", "kettle anna ornithopter"),
            ("Anna", "Roth", "kettle-htor-ornithopter"),
            ("Anna", "Roth", "annaroth19annaroth"),
            ("Leon", "Rose", "kettle-l30n-ornithopter"),
            ("Eva", "Lee", "evaevaevaeva1234"),
            ("Eva", "Lee", "EvaLee123456!"),
            ("Eva", "Lee", "ave3v4eel2024!"),
            ("Ana", "Li", "password-ana-ana"),
            ("Eva", "Lee", "pasevasword2024"),
            ("Maximilian", "Max", "xmaximilianmaxx1"),
        ] {
            let found = NIST.check(password, &named(given, family));
            assert!(found.contains(&OWN_DATA), "{given} {family}: {password}: {found:?}");
        }
    }

    #[test]
    fn the_lesser_count_decides_about_the_least_length() {
        // One character that NFKC makes 18, several of the like, and four syllables typed as twelve.
        for password in
            ["\u{fdfa}", "\u{fdfb}\u{33c7}q", "\u{3316}\u{3324}\u{3336}", "각각한값".nfd().collect::<String>().as_str()]
        {
            assert!(faults(password).contains(&TOO_SHORT), "{password}");
        }
        let composed = "각한값좋은날씨는참드문일";
        assert_eq!(composed.chars().count(), 12);
        assert_eq!(faults(composed), []);
        assert_eq!(faults(&composed.nfd().collect::<String>()), []);
    }

    #[test]
    fn the_normal_form_is_what_is_measured() {
        let longest = "각한".repeat(64);
        let typed: String = longest.nfd().collect();
        assert!(typed.len() > 512 && typed.chars().count() > MAX_CHARS);
        assert_eq!(normalise(&typed).unwrap().as_str(), longest);
        assert_eq!(normalise(&format!("{typed}a")), Err(TooLong));
        assert_eq!(normalise(&"\u{fdfa}".repeat(8)), Err(TooLong));
        assert_eq!(normalise(&"𝕬".repeat(MAX_CHARS)).unwrap().len(), MAX_CHARS);
        // The character that shrinks most: four as typed, one composed.
        let shrinks: String = "\u{1f82}".repeat(MAX_CHARS).nfd().collect();
        assert_eq!(normalise(&shrinks).unwrap().chars().count(), MAX_CHARS);
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
        assert_eq!(normalise("e\u{301}"), normalise("\u{e9}"));
        assert_eq!(*normalise("ｐａｓｓ").unwrap(), "pass");
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
            let chars = password.nfkc().count();
            prop_assert_eq!(found.contains(&TOO_LONG), chars > MAX_CHARS);
            let short = chars.min(password.chars().count()) < MIN_CHARS;
            prop_assert_eq!(found.contains(&TOO_SHORT), short && chars <= MAX_CHARS);
        }
    }
}
