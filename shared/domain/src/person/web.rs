//! How a person shows up on screens.

use super::{EMPTY, TOO_LONG, personal_text, text::is_ignorable};
use crate::field::FieldFault;

const BAD_LOCALE: FieldFault = FieldFault::new("invalid_locale", "Must be a BCP 47 language tag, like en-GB.");
const BAD_URL: FieldFault = FieldFault::new("invalid_url", "Must be an https URL without user name or password.");

/// A language tag of BCP 47 in its shape `language[-Script][-REGION][-variant…]`, in the usual casing.
/// Extensions and private use behind a language are dropped, since no text of ours depends on them; the grandfathered
/// tags are refused.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locale(String);

/// Where a picture of the person is: an absolute https URL, up to 2,048 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PictureUrl(String);

personal_text! {
    Locale: "en-GB",
    PictureUrl: "https://example.com/ada.jpg",
}

impl Locale {
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text: String = text.chars().filter(|&c| !is_ignorable(c)).collect();
        let text = text.trim();
        if text.is_empty() {
            return Err(EMPTY);
        }
        if text.len() > 255 || !text.is_ascii() {
            return Err(BAD_LOCALE);
        }
        let mut parts = without_extensions(text)?.split('-').peekable();
        let alphabetic = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
        let mut tag = match parts.next() {
            Some(language) if matches!(language.len(), 2..=3) && alphabetic(language) => language.to_ascii_lowercase(),
            _ => return Err(BAD_LOCALE),
        };
        if let Some(script) = parts.next_if(|part| part.len() == 4 && alphabetic(part)) {
            tag.push('-');
            tag.push_str(&script[..1].to_ascii_uppercase());
            tag.push_str(&script[1..].to_ascii_lowercase());
        }
        let is_region = |part: &&str| {
            (part.len() == 2 && alphabetic(part)) || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()))
        };
        if let Some(region) = parts.next_if(is_region) {
            tag.push('-');
            tag.push_str(&region.to_ascii_uppercase());
        }
        for variant in parts {
            let alphanumeric = variant.bytes().all(|b| b.is_ascii_alphanumeric());
            let long = matches!(variant.len(), 5..=8);
            let dated = variant.len() == 4 && variant.as_bytes()[0].is_ascii_digit();
            if !(alphanumeric && (long || dated)) {
                return Err(BAD_LOCALE);
            }
            tag.push('-');
            tag.push_str(&variant.to_ascii_lowercase());
        }
        if tag.len() > 35 { Err(BAD_LOCALE) } else { Ok(Self(tag)) }
    }
}

/// The tag up to its first extension (RFC 5646 §2.2.6) or private use (§2.2.7), each of which is a single letter or
/// digit with at least one subtag behind it.
fn without_extensions(tag: &str) -> Result<&str, FieldFault> {
    let is_singleton = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut parts = tag.split('-');
    // The language comes first; a tag that begins with a singleton is of another kind.
    let mut end = parts.next().unwrap_or_default().len();
    for part in parts.by_ref() {
        if is_singleton(part) {
            let rest: Vec<_> = std::iter::once(part).chain(parts).collect();
            return if are_extensions(&rest) { Ok(&tag[..end]) } else { Err(BAD_LOCALE) };
        }
        end += 1 + part.len();
    }
    Ok(tag)
}

/// Extensions of one or more subtags of 2 to 8, and then perhaps private use, `x` and one or more of 1 to 8.
fn are_extensions(parts: &[&str]) -> bool {
    let (extensions, private) = match parts.iter().position(|part| part.eq_ignore_ascii_case("x")) {
        Some(at) => (&parts[..at], Some(&parts[at + 1..])),
        None => (parts, None),
    };
    let well_formed = |part: &&str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let nothing_follows = |pair: &[&str]| pair[0].len() == 1 && pair[1].len() == 1;
    parts.iter().all(well_formed)
        && private.is_none_or(|private| !private.is_empty())
        && extensions.last().is_none_or(|last| last.len() > 1)
        && !extensions.windows(2).any(nothing_follows)
}

impl PictureUrl {
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(EMPTY);
        }
        if text.len() > 2_048 {
            return Err(TOO_LONG);
        }
        let url = url::Url::parse(text).map_err(|_| BAD_URL)?;
        let bare = url.username().is_empty() && url.password().is_none();
        if url.scheme() == "https" && url.has_host() && bare && url.as_str().len() <= 2_048 {
            Ok(Self(url.into()))
        } else {
            Err(BAD_URL)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_take_their_usual_casing() {
        for (text, tag) in [("en", "en"), ("EN-gb", "en-GB"), ("zh-hans-cn", "zh-Hans-CN"), ("es-419", "es-419")] {
            assert_eq!(Locale::parse(text).unwrap().as_str(), tag);
        }
        assert_eq!(Locale::parse("sl-Rozaj-1994").unwrap().as_str(), "sl-rozaj-1994");
        for (text, tag) in [
            ("en-US-u-ca-buddhist", "en-US"),
            ("ar-EG-u-nu-latn", "ar-EG"),
            ("de-DE-u-co-phonebk-x-private", "de-DE"),
            ("zh-hant-tw-t-zh-hans-m0-pinyin", "zh-Hant-TW"),
            ("en-x-a-b", "en"),
            ("en-u-ca", "en"),
            ("\u{200e}en-GB\u{a0}", "en-GB"),
        ] {
            assert_eq!(Locale::parse(text).map(|locale| locale.0).as_deref(), Ok(tag), "{text}");
        }
        for text in [
            "",
            "\u{200e}",
            "e",
            "english",
            "en_GB",
            "en-",
            "x-private",
            "i-klingon",
            "é",
            "en-u",
            "en-u-",
            "en-u-x-a",
            "en-u-toolongsubtag",
            "en--u-ca",
            "u-ca-buddhist",
            "en-u-c_a",
        ] {
            assert!(Locale::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn pictures_come_over_https_only() {
        assert!(PictureUrl::parse("https://example.com/a.jpg?s=1").is_ok());
        for text in ["", "http://example.com/a", "javascript:alert(1)", "https://u:p@example.com", "/a.jpg", "https://"]
        {
            assert!(PictureUrl::parse(text).is_err(), "{text:?}");
        }
    }
}
