//! Refresh tokens, derived and not stored: `kid (4) ‖ AES-256-SIV(session ‖ user ‖ counter ‖ nonce)`, base64url.
//!
//! A forged one is seen before anything is read. The keys alone make none that works: the session's nonce, which the
//! session keeps, must be in it. The same content gives the same text, so that the successor of a turn can be given
//! again without having been stored.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{LongKey, ring::KeyRing, siv};
use verinym_domain::{
    id::{SessionId, UserId},
    secret::Secret,
    time::Timestamp,
};

/// How long a retired key opens tokens: their life of 7 days, and a day for rings that were cached meanwhile.
pub const RETIRED_FOR: Duration = Duration::from_hours(8 * 24);

/// Names a key of the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kid(pub u32);

const NONCE_LEN: usize = 16;
const PLAIN_LEN: usize = 16 + 16 + 8 + NONCE_LEN;
const SEALED_LEN: usize = 4 + siv::TAG_LEN + PLAIN_LEN;
const TEXT_LEN: usize = (SEALED_LEN * 4).div_ceil(3);

/// What a refresh token says.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub session: SessionId,
    pub user: UserId,
    /// Which generation of the session's tokens this is.
    pub counter: u64,
    /// The session's random nonce.
    pub nonce: [u8; NONCE_LEN],
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { session, user, counter, nonce: _ } = self;
        write!(f, "RefreshToken {{ session: {session}, user: {user}, counter: {counter}, nonce: *** }}")
    }
}

/// The keys of refresh tokens; JSON in a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefreshKeys(KeyRing<64>);

impl RefreshKeys {
    pub fn generate() -> Self {
        Self(KeyRing::generate())
    }

    #[must_use]
    pub fn rotated(&self, now: Timestamp) -> Self {
        Self(self.0.rotated(RETIRED_FOR, now))
    }

    /// New keys only: all refresh tokens of before are void.
    #[must_use]
    pub fn replaced(&self) -> Self {
        Self(self.0.replaced())
    }

    /// The key that mints; a session keeps it beside its counter.
    pub const fn current(&self) -> Kid {
        Kid(self.0.current())
    }

    /// The token's text, by the current key.
    pub fn mint(&self, token: &RefreshToken) -> Secret<String> {
        mint(self.current(), self.0.current_key(), token)
    }

    /// The token's text by a key named before, so that the same successor is given again after a rotation; `None` if
    /// that key is gone.
    pub fn mint_with(&self, kid: Kid, token: &RefreshToken) -> Option<Secret<String>> {
        self.0.get(kid.0).map(|key| mint(kid, key, token))
    }

    /// What a token says, and the key it is by; `None` for anything we did not mint.
    pub fn open(&self, text: &str) -> Option<(Kid, RefreshToken)> {
        if text.len() != TEXT_LEN {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kid, sealed) = sealed.split_first_chunk()?;
        let kid = Kid(u32::from_be_bytes(*kid));
        let plain = siv::open(self.0.get(kid.0)?, &associated(kid), sealed)?;
        let (session, rest) = plain.split_first_chunk()?;
        let (user, rest) = rest.split_first_chunk()?;
        let (counter, nonce) = rest.split_first_chunk()?;
        let token = RefreshToken {
            session: SessionId::from_uuid(Uuid::from_bytes(*session)),
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            counter: u64::from_be_bytes(*counter),
            nonce: nonce.try_into().ok()?,
        };
        Some((kid, token))
    }
}

/// Whether a token's nonce is the session's, in constant time.
pub fn nonce_matches(a: &[u8; NONCE_LEN], b: &[u8; NONCE_LEN]) -> bool {
    a.ct_eq(b).into()
}

fn mint(kid: Kid, key: &LongKey, token: &RefreshToken) -> Secret<String> {
    let mut plain = zeroize::Zeroizing::new([0; PLAIN_LEN]);
    plain[..16].copy_from_slice(token.session.uuid().as_bytes());
    plain[16..32].copy_from_slice(token.user.uuid().as_bytes());
    plain[32..40].copy_from_slice(&token.counter.to_be_bytes());
    plain[40..].copy_from_slice(&token.nonce);
    let mut sealed = kid.0.to_be_bytes().to_vec();
    sealed.extend_from_slice(&siv::seal(key, &associated(kid), plain.as_slice()));
    Secret::new(URL_SAFE_NO_PAD.encode(sealed))
}

fn associated(kid: Kid) -> Vec<u8> {
    super::mac::prefixed(&[b"refresh token", &kid.0.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn token() -> RefreshToken {
        RefreshToken {
            session: SessionId::from_parts(NOW, [1; 10]),
            user: UserId::from_parts(NOW, [2; 10]),
            counter: 7,
            nonce: [9; 16],
        }
    }

    fn text(secret: &Secret<String>) -> &str {
        secret.expose()
    }

    #[test]
    fn the_same_token_is_the_same_text() {
        let keys = RefreshKeys::generate();
        let minted = keys.mint(&token());
        assert_eq!(text(&minted).len(), TEXT_LEN);
        assert_eq!(text(&minted), text(&keys.mint(&token())));
        assert_ne!(text(&minted), text(&keys.mint(&RefreshToken { counter: 8, ..token() })));
    }

    #[test]
    fn a_successor_is_given_again_after_a_rotation() {
        let keys = RefreshKeys::generate();
        let (kid, before) = (keys.current(), keys.mint(&token()));
        let rotated = keys.rotated(NOW);
        assert_ne!(rotated.current(), kid);
        assert_eq!(text(&rotated.mint_with(kid, &token()).unwrap()), text(&before));
        assert_ne!(text(&rotated.mint(&token())), text(&before));
        assert!(rotated.mint_with(Kid(99), &token()).is_none());
    }

    #[test]
    fn a_ring_from_before_a_rotation_opens_what_is_minted_after_it() {
        let keys = RefreshKeys::generate();
        let rotated = keys.rotated(NOW);
        assert_eq!(keys.open(text(&rotated.mint(&token()))), Some((rotated.current(), token())));
    }

    #[test]
    fn retired_keys_open_for_their_term_and_then_go() {
        let keys = RefreshKeys::generate();
        let old = keys.mint(&token());
        let mut ring = keys.rotated(NOW);
        assert!(ring.open(text(&old)).is_some());
        ring = ring.rotated(NOW + RETIRED_FOR);
        assert!(ring.open(text(&old)).is_some());
        ring = ring.rotated(NOW + RETIRED_FOR + Duration::from_secs(1));
        assert!(ring.open(text(&old)).is_none());
    }

    #[test]
    fn rings_round_trip_as_json_and_hide_in_debug() {
        let keys = RefreshKeys::generate().rotated(NOW);
        let json = serde_json::to_string(&keys).unwrap();
        let read: RefreshKeys = serde_json::from_str(&json).unwrap();
        assert_eq!(text(&read.mint(&token())), text(&keys.mint(&token())));
        assert!(format!("{:?}", token()).ends_with("nonce: *** }"));
    }

    #[test]
    fn another_ring_refuses() {
        let minted = RefreshKeys::generate().mint(&token());
        assert!(RefreshKeys::generate().open(text(&minted)).is_none());
    }

    #[test]
    fn nonces_compare_whole() {
        assert!(nonce_matches(&[1; 16], &[1; 16]));
        let mut other = [1; 16];
        other[15] = 2;
        assert!(!nonce_matches(&[1; 16], &other));
    }

    proptest! {
        #[test]
        fn what_was_minted_opens(session: [u8; 16], user: [u8; 16], counter: u64, nonce: [u8; 16]) {
            let keys = RefreshKeys::generate();
            let (session, user) = (Uuid::from_bytes(session), Uuid::from_bytes(user));
            let token = RefreshToken {
                session: SessionId::from_uuid(session), user: UserId::from_uuid(user), counter, nonce,
            };
            prop_assert_eq!(keys.open(text(&keys.mint(&token))), Some((keys.current(), token)));
        }

        #[test]
        fn altered_and_forged_ones_are_refused(at: prop::sample::Index, by in 1..64u8, noise in "[A-Za-z0-9_-]{0,200}") {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let keys = RefreshKeys::generate();
            let minted = keys.mint(&token());
            let mut altered = text(&minted).as_bytes().to_vec();
            let at = at.index(altered.len());
            prop_assert!(keys.open(&text(&minted)[..at]).is_none());
            let was = ALPHABET.iter().position(|c| *c == altered[at]).unwrap();
            altered[at] = ALPHABET[(was + usize::from(by)) % 64];
            prop_assert!(keys.open(std::str::from_utf8(&altered).unwrap()).is_none());
            prop_assert!(keys.open(&noise).is_none());
        }
    }
}
