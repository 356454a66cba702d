//! List cursors: encrypted, and bound to what they were made for (caller, route, filters).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{LongKey, mac, siv};

/// Longest cursor looked at, in characters.
pub const MAX_CHARS: usize = 4 * 1024;

const FORMAT: u8 = 0x01;

/// `0x01 ‖ AES-256-SIV`, base64url; `binding` is associated data, each part length-prefixed. The same position gives
/// the same cursor.
pub fn seal(key: &LongKey, binding: &[&[u8]], plain: &[u8]) -> String {
    let mut sealed = vec![FORMAT];
    sealed.extend_from_slice(&siv::seal(key, &associated(binding), plain));
    URL_SAFE_NO_PAD.encode(sealed)
}

/// What was sealed; `None` for anything but a cursor of ours for this very binding.
pub fn open(key: &LongKey, binding: &[&[u8]], text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_CHARS {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (&FORMAT, sealed) = sealed.split_first()? else { return None };
    siv::open(key, &associated(binding), sealed).map(|mut plain| std::mem::take(&mut *plain))
}

fn associated(binding: &[&[u8]]) -> Vec<u8> {
    let purpose: &[u8] = b"cursor";
    mac::prefixed(&[&[purpose], binding].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> LongKey {
        LongKey::from_bytes([6; 64])
    }

    #[test]
    fn a_cursor_is_bound_to_what_it_was_made_for() {
        let binding: [&[u8]; 3] = [b"user_1", b"GET /v1/documents", b"status=stored"];
        let text = seal(&key(), &binding, b"position");
        assert_eq!(open(&key(), &binding, &text).as_deref(), Some(&b"position"[..]));
        let others: [&[&[u8]]; 5] = [
            &[],
            &[b"user_2", b"GET /v1/documents", b"status=stored"],
            &[b"user_1", b"GET /v1/kyc/checks", b"status=stored"],
            &[b"user_1", b"GET /v1/documents", b""],
            &[b"user_1GET", b" /v1/documents", b"status=stored"],
        ];
        for other in others {
            assert_eq!(open(&key(), other, &text), None);
        }
        assert_eq!(open(&LongKey::from_bytes([7; 64]), &binding, &text), None);
    }

    #[test]
    fn what_is_too_long_is_not_looked_at() {
        let fits = seal(&key(), &[], &vec![0; 3000]);
        assert!(fits.len() <= MAX_CHARS && open(&key(), &[], &fits).is_some());
        let beyond = seal(&key(), &[], &vec![0; 3100]);
        assert!(beyond.len() > MAX_CHARS && open(&key(), &[], &beyond).is_none());
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_nothing_else(
            plain in prop::collection::vec(any::<u8>(), 0..200),
            binding: Vec<Vec<u8>>,
            at: prop::sample::Index,
            noise: String,
        ) {
            let binding: Vec<&[u8]> = binding.iter().map(Vec::as_slice).collect();
            let text = seal(&key(), &binding, &plain);
            prop_assert_eq!(open(&key(), &binding, &text), Some(plain));
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            let at = at.index(bytes.len());
            prop_assert_eq!(open(&key(), &binding, &URL_SAFE_NO_PAD.encode(&bytes[..at])), None);
            bytes[at] ^= 1;
            prop_assert_eq!(open(&key(), &binding, &URL_SAFE_NO_PAD.encode(&bytes)), None);
            prop_assert_eq!(open(&key(), &binding, &noise), None);
        }
    }
}
