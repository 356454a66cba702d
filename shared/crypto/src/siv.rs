//! AES-256-SIV (RFC 5297): deterministic authenticated encryption, for tokens whose content never repeats unless the
//! very same token is wanted.

use aes_siv::{KeyInit, siv::Aes256Siv};
use zeroize::Zeroizing;

use super::LongKey;

pub const TAG_LEN: usize = 16;

/// Synthetic IV, then ciphertext.
#[expect(clippy::expect_used, reason = "fails only for more than 126 headers, and there is one")]
pub fn seal(key: &LongKey, associated: &[u8], plain: &[u8]) -> Vec<u8> {
    Aes256Siv::new(key.expose().into()).encrypt([associated], plain).expect("one header is within the limit")
}

/// `None` if it was not sealed with this key and associated data.
pub fn open(key: &LongKey, associated: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    Aes256Siv::new(key.expose().into()).decrypt([associated], sealed).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vector() {
        // AES-256-SIV has no vector in RFC 5297; this is the first of Miscreant's aes_siv.tjson for 512-bit keys.
        let key: Vec<u8> = hex::decode(
            "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f06f6e6d6c6b6a69686766656463626160\
             f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f",
        )
        .unwrap();
        let associated = hex::decode("101112131415161718191a1b1c1d1e1f2021222324252627").unwrap();
        let plain = hex::decode("112233445566778899aabbccddee").unwrap();
        let sealed = seal(&LongKey::try_from(key.as_slice()).unwrap(), &associated, &plain);
        assert_eq!(hex::encode(sealed), "f125274c598065cfc26b0e71575029088b035217e380cac8919ee800c126");
    }
}
