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
