//! What a provider tells of a person fills the empty fields of their profile.

use super::Offered;
use crate::profile::Profile;

/// The profile with its empty fields filled; `None` if nothing is filled. The name is filled only as a whole, so that parts of two
/// names are not mixed, and only while `name_is_open`: a check looks at the name, and an approval is for the name that it saw.
pub fn fill(profile: &Profile, offered: &Offered, name_is_open: bool) -> Option<Profile> {
    let mut filled = profile.clone();
    if name_is_open && profile.given_name.is_none() && profile.family_name.is_none() {
        filled.given_name.clone_from(&offered.given_name);
        filled.family_name.clone_from(&offered.family_name);
    }
    filled.picture_url = filled.picture_url.or_else(|| offered.picture_url.clone());
    filled.locale = filled.locale.or_else(|| offered.locale.clone());
    (filled != *profile).then_some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{Email, Locale, PersonName, PictureUrl};

    fn name(text: &str) -> Option<PersonName> {
        PersonName::parse(text).ok()
    }

    fn offered() -> Offered {
        Offered {
            given_name: name("Ada"),
            family_name: name("Lovelace"),
            picture_url: Some(PictureUrl::parse("https://cdn.example/ada.png").unwrap()),
            locale: Some(Locale::parse("en-GB").unwrap()),
        }
    }

    fn empty() -> Profile {
        Profile::new(Email::parse("ada@example.com").unwrap())
    }

    #[test]
    fn empty_fields_are_filled_and_others_stay() {
        let filled = fill(&empty(), &offered(), true).unwrap();
        assert_eq!((filled.given_name.clone(), filled.family_name.clone()), (name("Ada"), name("Lovelace")));
        assert_eq!(filled.email, empty().email);
        let other = Offered { given_name: name("Eve"), ..Offered::default() };
        assert_eq!(fill(&filled, &other, true), None);
    }

    #[test]
    fn a_name_is_not_mixed_from_two_sources() {
        let half = Profile { given_name: name("Augusta"), ..empty() };
        let filled = fill(&half, &offered(), true).unwrap();
        assert_eq!((filled.given_name, filled.family_name), (name("Augusta"), None));
    }

    #[test]
    fn a_name_that_a_check_looks_at_or_approved_is_not_filled() {
        let filled = fill(&empty(), &offered(), false).unwrap();
        assert_eq!((filled.given_name, filled.family_name), (None, None));
        assert!(filled.picture_url.is_some());
    }

    #[test]
    fn nothing_offered_changes_nothing() {
        assert_eq!(fill(&empty(), &Offered::default(), true), None);
    }
}
