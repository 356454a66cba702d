//! Segmented encryption of documents, the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015).
//!
//! `0x01 ‖ nonce prefix (7)`, then segments of 1 MiB of plain text, each AES-256-GCM with the nonce
//! `prefix ‖ counter (4, big endian) ‖ last (1)`. So any range decrypts alone, and segments cannot be dropped, swapped
//! or reordered, nor the end be cut off, without it showing. An empty document is one empty last segment.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{
    CryptoError, DataKey,
    field::Place,
    gcm::{Gcm, NONCE_LEN, TAG_LEN},
    random,
};

const FORMAT: u8 = 0x01;
const PREFIX_LEN: usize = 7;

/// Bytes before the first segment.
pub const HEADER_LEN: usize = 1 + PREFIX_LEN;

/// Plain bytes per segment; only the last may be shorter.
pub const SEGMENT_LEN: usize = 1 << 20;

const SEALED_SEGMENT_LEN: usize = SEGMENT_LEN + TAG_LEN;

/// What to fetch and to cut for a range of plain bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covering {
    /// Bytes of the sealed object (end exclusive) that hold the range; without the header.
    pub sealed: Range<u64>,
    /// Number of the first segment in `sealed`.
    pub first_segment: u32,
    /// Plain bytes to drop in front, at most one segment.
    pub skip: usize,
    /// Plain bytes wanted.
    pub take: usize,
}

impl Covering {
    /// `sealed` as an HTTP `Range` header (RFC 9110 §14), whose end is inclusive.
    pub fn http_range(&self) -> String {
        format!("bytes={}-{}", self.sealed.start, self.sealed.end.saturating_sub(1))
    }
}

/// Encrypts with a fresh nonce prefix. `key` is the document's own key; `place` binds document and owner.
pub fn seal(key: &DataKey, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
    seal_with(key, random::bytes(), place, plain)
}

pub(super) fn seal_with(key: &DataKey, prefix: [u8; PREFIX_LEN], place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
    let header = header_of(prefix);
    let stream = Stream::new(key, place, header);
    let last = last_segment(plain.len() as u64);
    let segments = plain.len().div_ceil(SEGMENT_LEN).max(1);
    let mut out = Vec::with_capacity(HEADER_LEN + plain.len() + segments * TAG_LEN);
    out.extend_from_slice(&header);
    // `chunks` gives nothing for an empty document, which still has its one (last) segment.
    let empty = plain.is_empty().then_some(plain);
    for (number, segment) in (0..).zip(plain.chunks(SEGMENT_LEN).chain(empty)) {
        stream.gcm.seal_into(&stream.nonce(number, number == last), &stream.associated, segment, &mut out);
    }
    out
}

/// Length of the sealed form of `plain_len` bytes.
pub fn sealed_len(plain_len: u64) -> u64 {
    let segments = plain_len.div_ceil(SEGMENT_LEN as u64).max(1);
    HEADER_LEN as u64 + plain_len + segments * TAG_LEN as u64
}

/// The segments that hold `range` of the plain bytes. What lies beyond the end is left out; an empty range takes
/// nothing, out of the segment it stands in.
pub fn covering(range: Range<u64>, plain_len: u64) -> Covering {
    let end = range.end.min(plain_len);
    let start = range.start.min(end);
    let first = u64::from(last_segment(plain_len)).min(start / SEGMENT_LEN as u64);
    let last = end.saturating_sub(1).max(start) / SEGMENT_LEN as u64;
    let last = u64::from(last_segment(plain_len)).min(last);
    let at = |segment: u64| HEADER_LEN as u64 + segment * SEALED_SEGMENT_LEN as u64;
    Covering {
        sealed: at(first)..at(last + 1).min(sealed_len(plain_len)),
        first_segment: u32::try_from(first).unwrap_or(u32::MAX),
        skip: usize::try_from(start - first * SEGMENT_LEN as u64).unwrap_or(usize::MAX),
        take: usize::try_from(end - start).unwrap_or(usize::MAX),
    }
}

/// The header of a sealed document, as [`open_range`] wants it.
pub fn header(sealed: &[u8]) -> Result<[u8; HEADER_LEN], CryptoError> {
    let header = *sealed.first_chunk().ok_or(CryptoError::Malformed)?;
    if header[0] == FORMAT { Ok(header) } else { Err(CryptoError::Malformed) }
}

/// The whole document.
pub fn open(key: &DataKey, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let header = header(sealed)?;
    let body = &sealed[HEADER_LEN..];
    let segments = body.len().div_ceil(SEALED_SEGMENT_LEN).max(1);
    let plain_len = body.len().checked_sub(segments * TAG_LEN).ok_or(CryptoError::Malformed)? as u64;
    open_range(key, place, &header, plain_len, &covering(0..plain_len, plain_len), body)
}

/// The range that `covering` was made for, out of the sealed bytes it named.
///
/// `plain_len` tells which segment is the last; if it is wrong, the last segment does not open.
pub fn open_range(
    key: &DataKey,
    place: &Place<'_>,
    header: &[u8; HEADER_LEN],
    plain_len: u64,
    covering: &Covering,
    sealed_part: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if header[0] != FORMAT || sealed_part.len() as u64 != covering.sealed.end - covering.sealed.start {
        return Err(CryptoError::Malformed);
    }
    let stream = Stream::new(key, place, *header);
    let last = last_segment(plain_len);
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed_part.len()));
    for (number, segment) in (covering.first_segment..).zip(sealed_part.chunks(SEALED_SEGMENT_LEN)) {
        stream.gcm.open_into(&stream.nonce(number, number == last), &stream.associated, segment, &mut plain)?;
    }
    let end = covering.skip.checked_add(covering.take).ok_or(CryptoError::Malformed)?;
    if end > plain.len() {
        return Err(CryptoError::Malformed);
    }
    plain.truncate(end);
    plain.drain(..covering.skip);
    Ok(plain)
}

struct Stream {
    gcm: Gcm,
    prefix: [u8; PREFIX_LEN],
    associated: Vec<u8>,
}

impl Stream {
    fn new(key: &DataKey, place: &Place<'_>, header: [u8; HEADER_LEN]) -> Self {
        let [_, prefix @ ..] = header;
        Self { gcm: Gcm::new(key), prefix, associated: place.bytes(&header) }
    }

    fn nonce(&self, number: u32, last: bool) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        nonce[..PREFIX_LEN].copy_from_slice(&self.prefix);
        nonce[PREFIX_LEN..NONCE_LEN - 1].copy_from_slice(&number.to_be_bytes());
        nonce[NONCE_LEN - 1] = u8::from(last);
        nonce
    }
}

fn header_of(prefix: [u8; PREFIX_LEN]) -> [u8; HEADER_LEN] {
    let mut header = [FORMAT; HEADER_LEN];
    header[1..].copy_from_slice(&prefix);
    header
}

/// Number of the last segment. Documents are bounded to megabytes long before the counter's 4 PiB.
fn last_segment(plain_len: u64) -> u32 {
    u32::try_from(plain_len.div_ceil(SEGMENT_LEN as u64).max(1) - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    const PLACE: Place<'_> = Place { table: "documents", partition: "doc_1", sort: "user_1", attribute: "content" };

    fn key() -> DataKey {
        DataKey::from_bytes([5; 32])
    }

    fn plain(len: usize) -> Vec<u8> {
        (0..251u8).cycle().take(len).collect()
    }

    /// Three segments, the last a short one.
    static LONG: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
        let plain = plain(2 * SEGMENT_LEN + 5000);
        let sealed = seal(&key(), &PLACE, &plain);
        (plain, sealed)
    });

    fn segment(number: usize) -> &'static [u8] {
        LONG.1[HEADER_LEN..].chunks(SEALED_SEGMENT_LEN).nth(number).unwrap()
    }

    fn assemble(segments: &[&[u8]]) -> Vec<u8> {
        [&LONG.1[..HEADER_LEN], &segments.concat()].concat()
    }

    fn refused(sealed: &[u8]) -> bool {
        open(&key(), &PLACE, sealed).is_err()
    }

    #[test]
    fn segments_dropped_reordered_repeated_or_cut_are_refused() {
        let (a, b, c) = (segment(0), segment(1), segment(2));
        assert_eq!(*open(&key(), &PLACE, &assemble(&[a, b, c])).unwrap(), LONG.0);
        for segments in [
            &[b, a, c][..],
            &[a, b],
            &[a, c],
            &[c],
            &[a],
            &[],
            &[a, b, b, c],
            &[a, b, c, c],
            &[a, b, &c[..c.len() - 1]],
            &[a, b, &c[..TAG_LEN]],
            &[a, b, &c[..3]],
            &[&a[1..], b, c],
        ] {
            assert!(refused(&assemble(segments)));
        }
        // The last one of a single-segment document cannot stand for an inner one, nor the other way round.
        let other = seal_with(&key(), LONG.1[1..HEADER_LEN].try_into().unwrap(), &PLACE, &LONG.0[..SEGMENT_LEN]);
        assert!(refused(&assemble(&[&other[HEADER_LEN..], b, c])));
    }

    #[test]
    fn a_segment_of_another_document_is_refused() {
        let place = Place { partition: "doc_2", ..PLACE };
        let other = seal_with(&key(), LONG.1[1..HEADER_LEN].try_into().unwrap(), &place, &LONG.0);
        assert!(refused(&assemble(&[&other[HEADER_LEN..][..SEALED_SEGMENT_LEN], segment(1), segment(2)])));
        assert!(refused(&other));
    }

    #[test]
    fn an_empty_document_is_bound_too() {
        let sealed = seal(&key(), &PLACE, b"");
        assert_eq!(sealed.len() as u64, sealed_len(0));
        assert_eq!(*open(&key(), &PLACE, &sealed).unwrap(), b"");
        assert!(refused(&sealed[..HEADER_LEN]));
        assert!(open(&key(), &Place { partition: "doc_2", ..PLACE }, &sealed).is_err());
        let covering = covering(0..10, 0);
        assert_eq!((covering.take, covering.sealed.clone()), (0, 8..24));
        let part = open_range(&key(), &PLACE, &header(&sealed).unwrap(), 0, &covering, &sealed[8..]);
        assert_eq!(*part.unwrap(), b"");
    }

    #[test]
    fn a_range_fetches_only_its_segments() {
        let len = LONG.0.len() as u64;
        let inner = covering(SEGMENT_LEN as u64 + 1..SEGMENT_LEN as u64 + 3, len);
        assert_eq!((inner.first_segment, inner.skip, inner.take), (1, 1, 2));
        assert_eq!(inner.sealed.end - inner.sealed.start, SEALED_SEGMENT_LEN as u64);
        assert_eq!(inner.http_range(), format!("bytes={}-{}", 8 + SEALED_SEGMENT_LEN, 7 + 2 * SEALED_SEGMENT_LEN));
        // Ending exactly at a boundary does not touch the next segment.
        assert_eq!(covering(0..SEGMENT_LEN as u64, len).sealed, 8..8 + SEALED_SEGMENT_LEN as u64);
        // What lies beyond the end is left out; also at the end of a full last segment.
        assert_eq!(covering(len..len + 9, len).take, 0);
        let full = SEGMENT_LEN as u64;
        assert_eq!(covering(full..full, full).sealed, 8..8 + SEALED_SEGMENT_LEN as u64);
    }

    #[test]
    fn a_wrong_length_or_part_does_not_open() {
        let (len, head) = (LONG.0.len() as u64, header(&LONG.1).unwrap());
        let tail = covering(len - 10..len, len);
        let part = |covering: &Covering| {
            &LONG.1[usize::try_from(covering.sealed.start).unwrap()..usize::try_from(covering.sealed.end).unwrap()]
        };
        assert!(open_range(&key(), &PLACE, &head, len, &tail, part(&tail)).is_ok());
        // A row that says the document is longer or shorter than it is.
        assert!(open_range(&key(), &PLACE, &head, len + SEGMENT_LEN as u64, &tail, part(&tail)).is_err());
        let shorter = covering(0..10, 10);
        assert!(open_range(&key(), &PLACE, &head, 10, &shorter, part(&shorter)).is_err());
        // Another segment than the one asked for, and fewer bytes than asked for.
        let first = covering(0..10, len);
        let second = covering(SEGMENT_LEN as u64..SEGMENT_LEN as u64 + 10, len);
        assert!(open_range(&key(), &PLACE, &head, len, &first, part(&second)).is_err());
        assert!(open_range(&key(), &PLACE, &head, len, &first, &part(&first)[1..]).is_err());
        let mut head = head;
        head[0] = 2;
        assert_eq!(open_range(&key(), &PLACE, &head, len, &first, part(&first)), Err(CryptoError::Malformed));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn a_range_equals_the_slice(a in 0..LONG.0.len() as u64 + 10, b in 0..LONG.0.len() as u64 + 10) {
            let (plain, sealed) = &*LONG;
            let len = plain.len() as u64;
            let covering = covering(a.min(b)..a.max(b), len);
            let part = usize::try_from(covering.sealed.start).unwrap()..usize::try_from(covering.sealed.end).unwrap();
            let opened =
                open_range(&key(), &PLACE, &header(sealed).unwrap(), len, &covering, &sealed[part]).unwrap();
            let slice = usize::try_from(a.min(b).min(len)).unwrap()..usize::try_from(a.max(b).min(len)).unwrap();
            prop_assert!(*opened == plain[slice]);
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(plain: Vec<u8>) {
            prop_assert_eq!(&*open(&key(), &PLACE, &seal(&key(), &PLACE, &plain)).unwrap(), &plain);
        }

        #[test]
        fn any_flipped_bit_or_cut_end_is_refused(plain: Vec<u8>, at: prop::sample::Index, bit in 0..8u8) {
            let mut sealed = seal(&key(), &PLACE, &plain);
            let at = at.index(sealed.len());
            prop_assert!(refused(&sealed[..at]));
            sealed[at] ^= 1 << bit;
            prop_assert!(refused(&sealed));
        }

        /// Arithmetic only, for lengths no test can hold.
        #[test]
        fn covering_stays_within_the_sealed_object(a: u32, b: u32, len: u32) {
            let (start, end, len) = (u64::from(a.min(b)), u64::from(a.max(b)), u64::from(len));
            let covering = covering(start..end, len);
            prop_assert!(covering.sealed.start >= HEADER_LEN as u64 && covering.sealed.end <= sealed_len(len));
            let fetched = covering.sealed.end - covering.sealed.start;
            let segments = fetched.div_ceil(SEALED_SEGMENT_LEN as u64);
            prop_assert!((covering.skip + covering.take) as u64 <= fetched - segments * TAG_LEN as u64);
            prop_assert_eq!(covering.take as u64, end.min(len) - start.min(len));
        }
    }
}
