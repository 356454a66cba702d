use proptest::prelude::*;

use super::*;
use crate::person::{DateOfBirth, Email, PersonName, PhoneNumber, Username};

const NIST: PasswordRules = PasswordRules { policy: PasswordPolicy::Nist };
const CLASSES: PasswordRules = PasswordRules { policy: PasswordPolicy::Classes };

fn faults(password: &str) -> Vec<FieldFault> {
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
fn invisible_characters_neither_lengthen_a_password_nor_hide_a_common_one() {
    // Zero-width space, joiner, soft hyphen, word joiner, variation selector, direction mark, filler, tag, control character.
    for hidden in
        ['\u{200b}', '\u{200d}', '\u{ad}', '\u{2060}', '\u{fe0f}', '\u{202e}', '\u{3164}', '\u{e0061}', '\u{1}']
    {
        let spread = |password: &str| password.chars().flat_map(|c| [c, hidden]).collect::<String>();
        assert_eq!(faults(&spread("password2024!")), [COMMON], "{hidden:?}");
        assert_eq!(NIST.check(&spread("augusta 1985-12-10"), &ada()), [OWN_DATA], "{hidden:?}");
        assert_eq!(faults(&spread("vX3#mq9Lw2z")), [TOO_SHORT], "{hidden:?}");
        assert_eq!(faults(&spread("vX3#mq9Lw2zK")), [], "{hidden:?}");
    }
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
