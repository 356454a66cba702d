//! PDF (ISO 32000): whole, open to read, and nothing in it that acts.
//!
//! The file is searched for names, with their `#xx` escapes undone, wherever they stand; it is not parsed, so that no
//! difference between our parser and a reader's can hide one. Names inside compressed object streams are not seen:
//! reviewers look at documents in a browser's viewer, which runs nothing, and no part of ours opens them.

use super::RejectReason;

/// Names that make a file act, by what they bring along. `/JS` alone is not looked for: a script has `/JavaScript`
/// beside it, while two letters turn up by chance in compressed pictures.
const ACTIVE: &[&[u8]] = &[
    b"JavaScript",
    b"Launch",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"RichMedia",
    b"Rendition",
    b"XFA",
    b"ImportData",
    b"SubmitForm",
    b"GoToE",
];

/// How far from the end the trailer may stand.
const TAIL: usize = 2_048;

/// Refuses what is cut off, encrypted or active.
pub fn check(bytes: &[u8]) -> Result<(), RejectReason> {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let whole = header(bytes) && contains(tail, b"startxref") && contains(tail, b"%%EOF");
    if !whole {
        return Err(RejectReason::Malformed);
    }
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let name = name(&bytes[at + 1..]);
        if name == b"Encrypt" {
            return Err(RejectReason::Encrypted);
        }
        if ACTIVE.contains(&name.as_slice()) {
            return Err(RejectReason::ActiveContent);
        }
    }
    Ok(())
}

/// `%PDF-1.4` or `%PDF-2.0` at the very start.
fn header(bytes: &[u8]) -> bool {
    bytes
        .strip_prefix(b"%PDF-")
        .is_some_and(|version| matches!(version, [b'1' | b'2', b'.', minor, ..] if minor.is_ascii_digit()))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The name at the start of `bytes` (behind its `/`), escapes undone, up to a length none of ours exceeds.
fn name(bytes: &[u8]) -> Vec<u8> {
    const LONGEST: usize = 16;
    let mut name = Vec::with_capacity(LONGEST);
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        if first.is_ascii_whitespace() || *first == 0 || b"()<>[]{}/%".contains(first) || name.len() == LONGEST {
            break;
        }
        rest = tail;
        let escaped = match (first, tail) {
            (b'#', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        if let Some(byte) = escaped {
            rest = &tail[2..];
            name.push(byte);
        } else {
            name.push(*first);
        }
    }
    name
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(object: &str) -> Vec<u8> {
        format!("%PDF-1.7\n1 0 obj<<{object}>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF").into_bytes()
    }

    #[test]
    fn plain_ones_pass() {
        for object in ["/Type/Catalog", "/Type /Page /OpenAction [3 0 R /Fit]", "/Title (Launch party)", "/Launcher 1"]
        {
            assert_eq!(check(&with(object)), Ok(()), "{object}");
        }
    }

    #[test]
    fn active_and_encrypted_ones_are_refused_however_written() {
        for object in [
            "/S/JavaScript/JS(app.alert\\(1\\))",
            "/S /#4aava#53cript /JS 4 0 R",
            "/S/Launch/F(cmd.exe)",
            "/Names<</EmbeddedFiles 4 0 R>>",
            "/Type/EmbeddedFile",
            "/AcroForm<</XFA 4 0 R>>",
            "(/Launch)",
        ] {
            assert_eq!(check(&with(object)), Err(RejectReason::ActiveContent), "{object}");
        }
        assert_eq!(check(&with("/Encrypt 5 0 R")), Err(RejectReason::Encrypted));
    }

    #[test]
    fn what_has_no_head_or_no_tail_is_refused() {
        let whole = with("/Type/Catalog");
        assert_eq!(check(&whole[1..]), Err(RejectReason::Malformed));
        assert_eq!(check(&whole[..whole.len() - 1]), Err(RejectReason::Malformed));
        assert_eq!(check(&[whole, vec![b' '; TAIL]].concat()), Err(RejectReason::Malformed));
        assert_eq!(check(b"%PDF-x.y startxref %%EOF"), Err(RejectReason::Malformed));
    }

    #[test]
    fn names_end_where_the_standard_says() {
        assert_eq!(name(b"Launch/F"), b"Launch");
        assert_eq!(name(b"Launch\0F"), b"Launch");
        assert_eq!(name(b"L#61unch(x)"), b"Launch");
        assert_eq!(name(b"L#6"), b"L#6");
        assert_eq!(name(b""), b"");
    }
}
