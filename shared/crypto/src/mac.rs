//! HMAC-SHA-256 (RFC 2104) over length-prefixed parts, under a purpose.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::DataKey;

/// Length-prefixes (4 bytes, big endian), so that no two lists of parts give the same bytes.
pub fn prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        out.extend_from_slice(&length(part));
        out.extend_from_slice(part);
    }
    out
}

/// The tag of the parts. `purpose` keeps apart what different uses of one key could confuse.
pub fn tag(key: &DataKey, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = hmac(key.expose());
    for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
        mac.update(&length(part));
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub(super) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// Parts are ids, names and request bodies: a part of 4 GiB does not reach this.
fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_parts_end_matters() {
        let key = DataKey::from_bytes([1; 32]);
        assert_ne!(tag(&key, "p", &[b"ab", b"c"]), tag(&key, "p", &[b"a", b"bc"]));
        assert_ne!(tag(&key, "p", &[b"a"]), tag(&key, "p", &[b"a", b""]));
        assert_ne!(tag(&key, "p", &[b"a"]), tag(&key, "q", &[b"a"]));
        assert_ne!(prefixed(&[b"ab", b"c"]), prefixed(&[b"a", b"bc"]));
    }
}
