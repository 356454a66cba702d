//! Randomness from the operating system.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use verinym_domain::{
    id::{Id, Kind},
    time::Timestamp,
};

/// `N` random bytes, fit for keys, nonces and ids.
///
/// The system's generator does not fail on the platforms this runs on; if it did, nothing could go on safely, so the
/// invocation panics and is answered as an internal error.
#[expect(clippy::expect_used, reason = "without randomness nothing may go on")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    getrandom::fill(&mut out).expect("the operating system gives randomness");
    out
}

/// A text that nobody can foresee: base64url of 32 random bytes.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// Ids that nobody can foresee.
pub trait RandomId {
    /// An id of this moment (millisecond precision) and 74 random bits.
    fn new(now: Timestamp) -> Self;
}

impl<K: Kind> RandomId for Id<K> {
    fn new(now: Timestamp) -> Self {
        Self::from_parts(now, bytes())
    }
}
