//! The `Range` header (RFC 9110 §14) with one range of bytes.

use std::ops::Range;

/// The largest number of bytes in one answer.
pub const MAX_BYTES: u64 = 4 << 20;

/// The bytes of an answer, and whether they are a part (206) or the whole document (200).
#[derive(Debug, PartialEq, Eq)]
pub struct ServedRange {
    pub bytes: Range<u64>,
    pub part: bool,
}

/// The range is outside the document.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsatisfiable;

/// The range of `size` bytes that answers a request. A header that is malformed, has another unit or several ranges is ignored,
/// as RFC 9110 allows. A larger range is cut to [`MAX_BYTES`] and is a part.
pub fn served_range(header: Option<&str>, size: u64) -> Result<ServedRange, Unsatisfiable> {
    let Some((first, last)) = header.and_then(spec) else {
        return Ok(ServedRange { bytes: 0..size.min(MAX_BYTES), part: size > MAX_BYTES });
    };
    let bytes = match (first, last) {
        (Some(first), last) => first..last.map_or(size, |last| last.saturating_add(1).min(size)),
        (None, Some(suffix)) => size.saturating_sub(suffix)..size,
        (None, None) => return Err(Unsatisfiable),
    };
    if bytes.is_empty() {
        return Err(Unsatisfiable);
    }
    Ok(ServedRange { bytes: bytes.start..bytes.end.min(bytes.start + MAX_BYTES), part: true })
}

/// The first and the last byte. A suffix has no first byte, and its length as the last.
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

    fn part(bytes: Range<u64>) -> ServedRange {
        ServedRange { bytes, part: true }
    }

    #[test]
    fn one_range_of_bytes_is_a_part() {
        for (header, bytes) in [
            ("bytes=0-0", 0..1),
            ("bytes=10-19", 10..20),
            ("bytes=90-", 90..100),
            ("bytes=90-500", 90..100),
            ("bytes=-10", 90..100),
            ("bytes=-500", 0..100),
            ("Bytes= 5-6", 5..7),
        ] {
            assert_eq!(served_range(Some(header), 100), Ok(part(bytes)), "{header}");
        }
    }

    #[test]
    fn a_header_without_a_single_range_is_ignored() {
        let whole = || Ok(ServedRange { bytes: 0..100, part: false });
        assert_eq!(served_range(None, 100), whole());
        for header in ["bytes=0-1,5-6", "items=0-1", "bytes=5-4", "bytes=-", "bytes=a-b", "bytes", "bytes=+1-2"] {
            assert_eq!(served_range(Some(header), 100), whole(), "{header}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_is_not_satisfiable() {
        assert_eq!(served_range(Some("bytes=100-"), 100), Err(Unsatisfiable));
        assert_eq!(served_range(Some("bytes=-0"), 100), Err(Unsatisfiable));
    }

    #[test]
    fn no_answer_is_larger_than_the_maximum() {
        assert_eq!(served_range(Some("bytes=5-"), MAX_BYTES * 2), Ok(part(5..MAX_BYTES + 5)));
        assert_eq!(served_range(None, MAX_BYTES * 2), Ok(part(0..MAX_BYTES)));
        assert_eq!(served_range(None, MAX_BYTES), Ok(ServedRange { bytes: 0..MAX_BYTES, part: false }));
    }
}
