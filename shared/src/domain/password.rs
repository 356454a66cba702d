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

/// The least [`effort`] that is not too common: as much as four common words, or a word and five random digits.
const LEAST_EFFORT: u32 = 7;

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
        own.text(profile.email.as_str());
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
        for part in text.split(|c: char| !c.is_alphanumeric()) {
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
