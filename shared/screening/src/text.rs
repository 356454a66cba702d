//! Text that was damaged on its way: HTML entities, and UTF-8 that was read as Windows-1252.
//!
//! Lists and customers' forms are damaged in the same ways, so this is for both sides.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use quick_xml::escape::resolve_html5_entity;

/// A text may be damaged this often, each time on top of the last (`&amp;amp;`, doubly encoded UTF-8).
const TIMES: usize = 3;
/// The longest HTML entity has 31 letters (`&CounterClockwiseContourIntegral;`).
const LONGEST_ENTITY: usize = 33;

/// The text with HTML entities decoded and wrongly decoded UTF-8 set right.
pub fn repaired(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for _ in 0..TIMES {
        let Some(better) = decoded(&out).or_else(|| encoded_again(&out)) else { break };
        out = Cow::Owned(better);
    }
    out
}

/// Decodes HTML entities (`&amp;`, `&#39;`, `&eacute;`); `None` if there is none.
fn decoded(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((replacement, length)) = entity(rest) {
            out.push_str(&replacement);
            rest = &rest[length..];
            found = true;
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

/// The entity at the beginning of a text, and its length.
fn entity(text: &str) -> Option<(Cow<'static, str>, usize)> {
    if let Some(found) = numbered_entity(text) {
        return Some(found);
    }
    let end = text.bytes().take(LONGEST_ENTITY).position(|b| b == b';');
    if let Some(end) = end {
        let name = &text[1..end];
        return Some((Cow::Borrowed(resolve_html5_entity(name)?), end + 1));
    }
    // "Smith &amp Wesson": the one that is met without its semicolon.
    let bare = text.strip_prefix("&amp")?;
    (!bare.starts_with(char::is_alphanumeric)).then_some((Cow::Borrowed("&"), 4))
}

/// A character by its number: `&#44;`, also as splitting and joining leave it, `& #44;` and `&#44`.
fn numbered_entity(text: &str) -> Option<(Cow<'static, str>, usize)> {
    let behind = text.strip_prefix('&')?;
    let bare = behind.strip_prefix(' ').unwrap_or(behind);
    let digits = bare.strip_prefix('#')?;
    let end = digits.bytes().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(digits.len());
    let is_closed = digits[end..].starts_with(';');
    let is_apart = bare.len() < behind.len();
    let c = Some(&digits[..end]).filter(|number| number.len() >= 2).and_then(numbered)?;
    let length = text.len() - digits.len() + end + usize::from(is_closed);
    (is_closed || !is_apart).then(|| (Cow::Owned(c.to_string()), length))
}

/// A character by its number; numbers of Windows-1252 mean its characters, as HTML has it.
fn numbered(number: &str) -> Option<char> {
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    let c = match u8::try_from(number) {
        Ok(byte @ 0x80..=0x9f) => WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next()?,
        _ => char::from_u32(number)?,
    };
    (!c.is_control()).then_some(c)
}

/// The byte that Windows-1252 or Latin-1 makes this character of.
fn byte(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(u32::from(c)) {
        return Some(byte);
    }
    let text = c.to_string();
    let (bytes, _, unmappable) = WINDOWS_1252.encode(&text);
    (!unmappable && bytes.len() == 1).then(|| bytes[0])
}

/// Joins what one UTF-8 character became when its bytes were read as Windows-1252 or Latin-1 (`Å‚` for `ł`); nothing if
/// there is no such.
fn encoded_again(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let quoted = text.contains('«');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(c) = rest.chars().next() {
        let whole =
            if c.is_ascii() { None } else { whole(rest).filter(|(_, taken)| !(quoted && taken.contains('»'))) };
        if let Some((joined, taken)) = whole {
            out.push(joined);
            rest = &rest[taken.len()..];
            found = true;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    found.then_some(out)
}

/// The character whose UTF-8 bytes the text begins with, and the part of the text that they are.
fn whole(text: &str) -> Option<(char, &str)> {
    let lead = byte(text.chars().next()?)?;
    let count = match lead {
        // Beyond Arabic two bytes are Syriac, Thaana and N'Ko, which are rarer than a true `ßž`.
        0xc2..=0xdb => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = [0u8; 4];
    let mut end = 0;
    for (slot, c) in bytes[..count].iter_mut().zip(text.chars()) {
        *slot = byte(c)?;
        end += c.len_utf8();
    }
    let joined = std::str::from_utf8(&bytes[..count]).ok()?.chars().next()?;
    // A repaired character is a letter, a combining mark, a dash, or again a character of the code page.
    let likely = joined.is_alphanumeric()
        || byte(joined).is_some()
        || matches!(joined, '\u{300}'..='\u{36f}' | '\u{2010}'..='\u{2026}' | '\u{fffd}' | '№');
    likely.then_some((joined, &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn html_entities_are_decoded() {
        for (text, expected) in [
            ("Smith &amp; Wesson", "Smith & Wesson"),
            ("Smith &amp;amp; Wesson", "Smith & Wesson"),
            ("Smith &amp Wesson", "Smith & Wesson"),
            ("Qa&apos;ida", "Qa'ida"),
            ("Qa&#39;ida", "Qa'ida"),
            ("Qa&#x2019;ida", "Qa’ida"),
            ("O&#146;Brien", "O’Brien"),
            ("Jos&eacute; Mu&ntilde;oz", "José Muñoz"),
            ("&quot;Vector&quot; &lt;Plus&gt;", "\"Vector\" <Plus>"),
            ("Zeta& #44; Vorska", "Zeta, Vorska"),
            ("Zeta &#38 Vorska", "Zeta & Vorska"),
            ("AT&T; Bank", "AT&T; Bank"),
            ("Zeta & #10 Vorska", "Zeta & #10 Vorska"),
            ("Zeta &#1 Vorska", "Zeta &#1 Vorska"),
            ("A & B", "A & B"),
            ("&#0;&#xD800;", "&#0;&#xD800;"),
        ] {
            assert_eq!(repaired(text), expected, "{text}");
        }
    }

    #[test]
    fn utf_8_that_was_read_as_another_code_page_is_set_right() {
        for (text, expected) in [
            ("Lech WaÅ‚Ä™sa", "Lech Wałęsa"),
            ("Oâ€™Brien", "O’Brien"),
            ("FranÃ§ois CÃ´té", "François Côté"),
            ("FranÃƒÂ§ois", "François"),
            ("Ð’Ð»Ð°Ð´Ð¸Ð¼Ð¸Ñ€", "Владимир"),
            ("Wa\u{c5}\u{82}\u{c4}\u{99}sa", "Wałęsa"),
            ("Ângela Ãé", "Ângela Ãé"),
            ("«Ромашка Ö»", "«Ромашка Ö»"),
            ("Łódź", "Łódź"),
        ] {
            assert_eq!(repaired(text), expected, "{text}");
        }
    }

    proptest! {
        /// Whatever text is misread once, twice as Windows-1252 comes back.
        #[test]
        fn misread_letters_come_back(name in "[A-Z][a-zäöüßéèçñłęśćđа-яα-ρσ-ω]{1,12}", twice in any::<bool>()) {
            let misread = |text: &str| WINDOWS_1252.decode_without_bom_handling(text.as_bytes()).0.into_owned();
            let once = misread(&name);
            let damaged = if twice { misread(&once) } else { once };
            prop_assert_eq!(repaired(&damaged), name);
        }

        #[test]
        fn any_text_is_repaired_without_panic(text in "\\PC{0,60}") {
            let once = repaired(&text).into_owned();
            prop_assert!(once.len() <= text.len() * 4);
        }
    }
}
