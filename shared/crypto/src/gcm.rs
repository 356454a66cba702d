//! AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags: the one primitive under every ciphertext here.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, Tag},
};
use zeroize::Zeroizing;

use super::{CryptoError, DataKey};

pub const NONCE_LEN: usize = 12;
pub const TAG_LEN: usize = 16;

/// A key with its round keys worked out, for several segments under it.
pub struct Gcm(Aes256Gcm);

impl Gcm {
    pub fn new(key: &DataKey) -> Self {
        Self(Aes256Gcm::new(key.expose().into()))
    }

    /// Appends ciphertext and tag of `plain` to `out`. The caller reserves the room first: growing `out` meanwhile
    /// would leave copies.
    #[expect(clippy::expect_used, reason = "fails only beyond 64 GiB, far more than memory holds here")]
    pub fn seal_into(&self, nonce: &[u8; NONCE_LEN], associated: &[u8], plain: &[u8], out: &mut Vec<u8>) {
        out.reserve(plain.len() + TAG_LEN);
        let start = out.len();
        out.extend_from_slice(plain);
        let tag = self
            .0
            .encrypt_inout_detached(nonce.into(), associated, (&mut out[start..]).into())
            .expect("the message is shorter than AES-GCM's limit");
        out.extend_from_slice(&tag);
    }

    /// Appends the plain text of `sealed` (ciphertext and tag) to `out`; on failure `out` is as before.
    pub fn open_into(
        &self,
        nonce: &[u8; NONCE_LEN],
        associated: &[u8],
        sealed: &[u8],
        out: &mut Zeroizing<Vec<u8>>,
    ) -> Result<(), CryptoError> {
        let text_len = sealed.len().checked_sub(TAG_LEN).ok_or(CryptoError::Malformed)?;
        let (text, tag) = sealed.split_at(text_len);
        let tag = Tag::<Aes256Gcm>::try_from(tag).map_err(|_| CryptoError::Malformed)?;
        let start = out.len();
        out.extend_from_slice(text);
        // The tag is checked before anything is decrypted.
        let opened = self.0.decrypt_inout_detached(nonce.into(), associated, (&mut out[start..]).into(), &tag);
        opened.map_err(|_| {
            out.truncate(start);
            CryptoError::DoesNotOpen
        })
    }
}
