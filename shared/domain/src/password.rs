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

use super::{field::FieldFault, person::is_hidden, profile::Profile, words::words};

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

pub const TOO_SHORT: FieldFault = FieldFault::new("too_short", "Must have at least 12 characters.");
pub const TOO_LONG: FieldFault = FieldFault::new("too_long", "Must have at most 128 characters.");
pub const OWN_DATA: FieldFault =
    FieldFault::new("contains_personal_data", "Must not contain your name, address or other data.");
pub const COMMON: FieldFault =
    FieldFault::new("too_common", "Is easily guessed: made of common words, repetitions or sequences.");
pub const NO_UPPER: FieldFault = FieldFault::new("no_uppercase", "Must contain an upper-case letter.");
pub const NO_LOWER: FieldFault = FieldFault::new("no_lowercase", "Must contain a lower-case letter.");
pub const NO_DIGIT: FieldFault = FieldFault::new("no_digit", "Must contain a digit.");
pub const NO_SYMBOL: FieldFault = FieldFault::new("no_symbol", "Must contain a symbol.");

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
        if let Some(email) = &profile.email {
            own.whole(email.as_str());
            own.text(email.local_part());
        }
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
    pub fn check(&self, password: &str, own: &OwnData) -> Vec<FieldFault> {
        let Ok(normalised) = normalise(password) else { return vec![TOO_LONG] };
        // Characters that do not show are part of the password, but they neither make it longer nor hide a common word.
        let typed = password.chars().filter(|&c| !is_hidden(c)).count();
        let password = Zeroizing::new(normalised.chars().filter(|&c| !is_hidden(c)).collect::<String>());
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
mod tests;
