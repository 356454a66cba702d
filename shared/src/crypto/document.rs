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
