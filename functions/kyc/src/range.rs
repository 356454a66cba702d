//! The `Range` header (RFC 9110 §14), as far as documents need it: one range of bytes.

use std::ops::Range;

/// No answer carries more plain bytes than this.
pub const MOST: u64 = 4 << 20;

/// The bytes to answer with, and whether they are a part (206) or the whole (200).
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    pub bytes: Range<u64>,
    pub part: bool,
}

/// The range lies outside of the document.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsatisfiable;

/// What a request asks for of `size` bytes. A header that is malformed, of another unit or of several ranges is
/// ignored, as RFC 9110 allows. What is larger than [`MOST`] is cut there, and so is a part.
pub fn wanted(header: Option<&str>, size: u64) -> Result<Wanted, Unsatisfiable> {
    let Some((first, last)) = header.and_then(spec) else {
        return Ok(Wanted { bytes: 0..size.min(MOST), part: size > MOST });
    };
    let bytes = match (first, last) {
        (Some(first), last) => first..last.map_or(size, |last| last.saturating_add(1).min(size)),
        (None, Some(suffix)) => size.saturating_sub(suffix)..size,
        (None, None) => return Err(Unsatisfiable),
    };
    if bytes.is_empty() {
        return Err(Unsatisfiable);
    }
    Ok(Wanted { bytes: bytes.start..bytes.end.min(bytes.start + MOST), part: true })
}

/// First and last byte, or the length of a suffix as the last alone.
fn spec(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, spec) = header.split_once('=')?;
    let (first, last) = spec.trim().split_once('-')?;
    let number = |text: &str| match text {
        "" => Some(None),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => None,
    };
    let (first, last) = (number(first)?, number(last)?);
    let ordered = first.is_none_or(|first| last.is_none_or(|last| first <= last));
    (unit.eq_ignore_ascii_case("bytes") && ordered && (first, last) != (None, None)).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(bytes: Range<u64>) -> Wanted {
        Wanted { bytes, part: true }
    }

    #[test]
    fn one_range_of_bytes_is_answered_as_a_part() {
        for (header, bytes) in [
            ("bytes=0-0", 0..1),
            ("bytes=10-19", 10..20),
            ("bytes=90-", 90..100),
            ("bytes=90-500", 90..100),
            ("bytes=-10", 90..100),
            ("bytes=-500", 0..100),
            ("Bytes= 5-6", 5..7),
        ] {
            assert_eq!(wanted(Some(header), 100), Ok(part(bytes)), "{header}");
        }
    }

    #[test]
    fn what_is_no_single_range_is_ignored() {
        let whole = || Ok(Wanted { bytes: 0..100, part: false });
        assert_eq!(wanted(None, 100), whole());
        for header in ["bytes=0-1,5-6", "items=0-1", "bytes=5-4", "bytes=-", "bytes=a-b", "bytes", "bytes=+1-2"] {
            assert_eq!(wanted(Some(header), 100), whole(), "{header}");
        }
    }

    #[test]
    fn beyond_the_end_is_not_satisfiable() {
        assert_eq!(wanted(Some("bytes=100-"), 100), Err(Unsatisfiable));
        assert_eq!(wanted(Some("bytes=-0"), 100), Err(Unsatisfiable));
    }

    #[test]
    fn no_answer_is_larger_than_the_most() {
        assert_eq!(wanted(Some("bytes=5-"), MOST * 2), Ok(part(5..MOST + 5)));
        assert_eq!(wanted(None, MOST * 2), Ok(part(0..MOST)));
        assert_eq!(wanted(None, MOST), Ok(Wanted { bytes: 0..MOST, part: false }));
    }
}
