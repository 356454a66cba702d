//! Ciphertexts of single fields: `0x01 ‖ key version (4, big endian) ‖ nonce (12) ‖ AES-256-GCM`, bound to their place.

use zeroize::Zeroizing;

use super::{
    CryptoError, DataKey,
    gcm::{Gcm, NONCE_LEN, TAG_LEN},
    mac, random,
};

const FORMAT: u8 = 0x01;
const HEADER_LEN: usize = 1 + 4 + NONCE_LEN;

/// Where a ciphertext stands. It is associated data, each part length-prefixed, so that a ciphertext copied to another
/// item or attribute does not open. `table` is the logical name (`identity`), never the deployed one, so that a
/// restored table still opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub table: &'a str,
    pub partition: &'a str,
    pub sort: &'a str,
    pub attribute: &'a str,
}

impl Place<'_> {
    pub(super) fn bytes(&self, header: &[u8]) -> Vec<u8> {
        mac::prefixed(&[
            self.table.as_bytes(),
            self.partition.as_bytes(),
            self.sort.as_bytes(),
            self.attribute.as_bytes(),
            header,
        ])
    }
}

/// Encrypts with a fresh random nonce. `version` is the key's, told again by [`key_version`] and itself authenticated.
pub fn seal(key: &DataKey, version: u32, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
    seal_with(key, version, &random::bytes(), place, plain)
}

pub(super) fn seal_with(
    key: &DataKey,
    version: u32,
    nonce: &[u8; NONCE_LEN],
    place: &Place<'_>,
    plain: &[u8],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN + plain.len() + TAG_LEN);
    out.push(FORMAT);
    out.extend_from_slice(&version.to_be_bytes());
    let associated = place.bytes(&out);
    out.extend_from_slice(nonce);
    Gcm::new(key).seal_into(nonce, &associated, plain, &mut out);
    out
}

/// The plain text; [`CryptoError::DoesNotOpen`] for another key, another place, or a single altered bit.
pub fn open(key: &DataKey, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    key_version(sealed)?;
    let (header, text) = sealed.split_at_checked(HEADER_LEN).ok_or(CryptoError::Malformed)?;
    let (version, nonce) = header.split_at(HEADER_LEN - NONCE_LEN);
    let nonce = nonce.try_into().map_err(|_| CryptoError::Malformed)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    Gcm::new(key).open_into(nonce, &place.bytes(version), text, &mut plain)?;
    Ok(plain)
}

/// The first bytes of everything sealed with this version of a key.
pub fn prefix(version: u32) -> [u8; 5] {
    let [a, b, c, d] = version.to_be_bytes();
    [FORMAT, a, b, c, d]
}

/// Which version of the key this was sealed with; trustworthy only once it has opened.
pub fn key_version(sealed: &[u8]) -> Result<u32, CryptoError> {
    match sealed {
        [FORMAT, a, b, c, d, rest @ ..] if rest.len() >= NONCE_LEN + TAG_LEN => {
            Ok(u32::from_be_bytes([*a, *b, *c, *d]))
        }
        _ => Err(CryptoError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> DataKey {
        DataKey::from_bytes([3; 32])
    }

    const PLACE: Place<'_> = Place { table: "identity", partition: "U#1", sort: "PROFILE", attribute: "given_name" };

    #[test]
    fn sealing_twice_shows_no_equality() {
        assert_ne!(seal(&key(), 1, &PLACE, b"Ada"), seal(&key(), 1, &PLACE, b"Ada"));
    }

    #[test]
    fn another_place_does_not_open() {
        let sealed = seal(&key(), 1, &PLACE, b"Ada");
        for place in [
            Place { table: "kyc", ..PLACE },
            Place { partition: "U#2", ..PLACE },
            Place { sort: "AUTH", ..PLACE },
            Place { attribute: "family_name", ..PLACE },
            Place { partition: "U#1PROFILE", sort: "", ..PLACE },
            Place { partition: "PROFILE", sort: "U#1", ..PLACE },
        ] {
            assert_eq!(open(&key(), &place, &sealed), Err(CryptoError::DoesNotOpen), "{place:?}");
        }
        assert_eq!(open(&DataKey::from_bytes([4; 32]), &PLACE, &sealed), Err(CryptoError::DoesNotOpen));
    }

    #[test]
    fn another_format_or_too_few_bytes_is_malformed() {
        let sealed = seal(&key(), 1, &PLACE, b"");
        for len in 0..sealed.len() {
            assert_eq!(open(&key(), &PLACE, &sealed[..len]), Err(CryptoError::Malformed), "{len}");
            assert_eq!(key_version(&sealed[..len]), Err(CryptoError::Malformed), "{len}");
        }
        let other = [&[2], &sealed[1..]].concat();
        assert_eq!(open(&key(), &PLACE, &other), Err(CryptoError::Malformed));
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(plain: Vec<u8>, version: u32, table: String, partition: String, sort: String) {
            let place = Place { table: &table, partition: &partition, sort: &sort, attribute: "a" };
            let sealed = seal(&key(), version, &place, &plain);
            prop_assert_eq!(key_version(&sealed), Ok(version));
            prop_assert_eq!(&*open(&key(), &place, &sealed).unwrap(), &plain);
        }

        #[test]
        fn any_flipped_bit_or_cut_end_is_refused(plain: Vec<u8>, at: prop::sample::Index, bit in 0..8u8) {
            let mut sealed = seal(&key(), 7, &PLACE, &plain);
            let at = at.index(sealed.len());
            prop_assert!(open(&key(), &PLACE, &sealed[..at]).is_err());
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&key(), &PLACE, &sealed).is_err());
        }
    }
}
