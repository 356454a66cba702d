//! How a person shows up on screens.

use super::{EMPTY, TOO_LONG, personal_text};
use crate::domain::field::Fault;

const BAD_LOCALE: Fault = Fault::new("invalid_locale", "must be a BCP 47 language tag, like en-GB");
const BAD_URL: Fault = Fault::new("invalid_url", "must be an https URL without user name or password");

/// A language tag of BCP 47 in its shape `language[-Script][-REGION][-variant…]`, in the usual casing.
/// Extensions, private use and the grandfathered tags are refused: no text of ours depends on them.
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
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(EMPTY);
        }
        if text.len() > 35 || !text.is_ascii() {
            return Err(BAD_LOCALE);
        }
        let mut parts = text.split('-').peekable();
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
        Ok(Self(tag))
    }
}

impl PictureUrl {
    pub fn parse(text: &str) -> Result<Self, Fault> {
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
        for text in ["", "e", "english", "en_GB", "en-", "x-private", "en-u-ca-buddhist", "i-klingon", "é"] {
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
