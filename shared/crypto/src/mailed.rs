//! Tokens sent by mail, derived and not stored: `id.HMAC(key, purpose ‖ id ‖ user)`, both base64url; and codes of six digits, which
//! are the number of such an HMAC.
//!
//! The mail worker derives the token again from the event, so that no secret travels in one. The id names the record
//! that makes it single-use; it is no secret.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{DataKey, mac, ring::KeyRing};
use verinym_domain::{
    account::MailId,
    id::{EventId, UserId},
    secret::Secret,
    time::Timestamp,
};

/// How long a retired key verifies: beyond the longest life of a mailed token (72 h).
pub const RETIRED_FOR: Duration = Duration::from_hours(4 * 24);

const ID_TEXT_LEN: usize = 22;
const TAG_TEXT_LEN: usize = 43;

/// What separates the HMAC of a code from those of tokens.
const CODE: &str = "code";

/// The id for an event and a purpose: a redelivered event finds the same record and derives the same token.
pub fn id_of_event(event: &EventId, purpose: &str) -> MailId {
    let parts = mac::prefixed(&[b"mailed token id", purpose.as_bytes(), event.uuid().as_bytes()]);
    let hash: [u8; 32] = Sha256::digest(parts).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    MailId::from_bytes(id)
}

/// The secret half of a token, as it came; compared by [`MailKeys::verify`] only.
#[derive(Clone, Copy)]
pub struct Tag([u8; 32]);

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The two halves of a token's text; `None` if it has not the form. Says nothing yet about whether it is ours.
pub fn parse(text: &str) -> Option<(MailId, Tag)> {
    if text.len() != ID_TEXT_LEN + 1 + TAG_TEXT_LEN {
        return None;
    }
    let (id, tag) = text.split_once('.')?;
    Some((id.parse().ok()?, Tag(decode(tag, TAG_TEXT_LEN)?)))
}

fn decode<const N: usize>(text: &str, text_len: usize) -> Option<[u8; N]> {
    if text.len() != text_len {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The keys of mailed tokens; JSON in a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailKeys(KeyRing<32>);

impl MailKeys {
    pub fn generate() -> Self {
        Self(KeyRing::generate())
    }

    #[must_use]
    pub fn rotated(&self, now: Timestamp) -> Self {
        Self(self.0.rotated(RETIRED_FOR, now))
    }

    /// New keys only: all mailed tokens of before are void.
    #[must_use]
    pub fn replaced(&self) -> Self {
        Self(self.0.replaced())
    }

    /// The token's text, by the current key.
    pub fn derive(&self, purpose: &str, id: &MailId, user: &UserId) -> Secret<String> {
        let tag = tag(self.0.current_key(), purpose, id, user);
        Secret::new(format!("{id}.{}", URL_SAFE_NO_PAD.encode(tag)))
    }

    /// The code of an event, six digits, by the current key, and the version of that key.
    pub fn code(&self, event: &EventId, user: &UserId) -> (u32, Secret<String>) {
        (self.0.current(), code(self.0.current_key(), event, user))
    }

    /// The same code by the key of a version; `None` if the ring no longer has that key.
    pub fn code_again(&self, version: u32, event: &EventId, user: &UserId) -> Option<Secret<String>> {
        self.0.get(version).map(|key| code(key, event, user))
    }

    /// Whether the token was derived by us for this purpose, id and user, by any live key; in constant time.
    pub fn verify(&self, purpose: &str, id: &MailId, user: &UserId, given: &Tag) -> bool {
        let matching = self.0.keys().map(|key| tag(key, purpose, id, user).ct_eq(&given.0));
        matching.fold(subtle::Choice::from(0), |any, one| any | one).into()
    }
}

/// The first eight bytes of the HMAC, modulo a million: the bias is below 2⁻⁴⁴.
fn code(key: &DataKey, event: &EventId, user: &UserId) -> Secret<String> {
    let tag = tag(key, CODE, &id_of_event(event, CODE), user);
    let mut first = [0; 8];
    first.copy_from_slice(&tag[..8]);
    Secret::new(format!("{:06}", u64::from_be_bytes(first) % 1_000_000))
}

fn tag(key: &DataKey, purpose: &str, id: &MailId, user: &UserId) -> [u8; 32] {
    mac::tag(key, "mailed token", &[purpose.as_bytes(), id.as_bytes(), user.uuid().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn event(n: u8) -> EventId {
        EventId::from_parts(NOW, [n; 10])
    }

    fn user(n: u8) -> UserId {
        UserId::from_parts(NOW, [n; 10])
    }

    #[test]
    fn a_redelivered_event_derives_the_same_token() {
        let keys = MailKeys::generate();
        let derive = || {
            let id = id_of_event(&event(1), "verify");
            keys.derive("verify", &id, &user(1)).expose().clone()
        };
        assert_eq!(derive(), derive());
        assert_ne!(id_of_event(&event(1), "verify"), id_of_event(&event(2), "verify"));
        assert_ne!(id_of_event(&event(1), "verify"), id_of_event(&event(1), "reset"));
    }

    #[test]
    fn a_token_is_bound_to_purpose_id_user_and_ring() {
        let keys = MailKeys::generate();
        let id = id_of_event(&event(1), "verify");
        let (read, tag) = parse(keys.derive("verify", &id, &user(1)).expose()).unwrap();
        assert_eq!(read, id);
        assert!(keys.verify("verify", &id, &user(1), &tag));
        assert!(!keys.verify("reset", &id, &user(1), &tag));
        assert!(!keys.verify("verify", &id_of_event(&event(2), "verify"), &user(1), &tag));
        assert!(!keys.verify("verify", &id, &user(2), &tag));
        assert!(!MailKeys::generate().verify("verify", &id, &user(1), &tag));
        for byte in 0..32 {
            let mut altered = tag;
            altered.0[byte] ^= 1;
            assert!(!keys.verify("verify", &id, &user(1), &altered));
        }
    }

    #[test]
    fn a_code_has_six_digits_and_depends_on_event_user_and_key() {
        let keys = MailKeys::generate();
        let (version, first) = keys.code(&event(1), &user(1));
        let codes: std::collections::BTreeSet<_> =
            (0..50).map(|n| keys.code(&event(n), &user(1)).1.expose().clone()).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())), "{codes:?}");
        assert!(codes.len() > 45, "{codes:?}");
        let other: Vec<_> = (0..8).map(|n| keys.code(&event(1), &user(n)).1.expose().clone()).collect();
        assert!(other.iter().filter(|code| *code == first.expose()).count() < 3, "{other:?}");
        // The worker derives it again after a rotation.
        let again = keys.rotated(NOW).code_again(version, &event(1), &user(1)).unwrap();
        assert_eq!(again.expose(), first.expose());
        assert!(keys.code_again(99, &event(1), &user(1)).is_none());
    }

    #[test]
    fn tokens_outlive_a_rotation_by_their_term() {
        let keys = MailKeys::generate();
        let id = id_of_event(&event(1), "verify");
        let verifies = |ring: &MailKeys, text: &str| ring.verify("verify", &id, &user(1), &parse(text).unwrap().1);
        let old = keys.derive("verify", &id, &user(1));
        let rotated = keys.rotated(NOW);
        let new = rotated.derive("verify", &id, &user(1));
        assert_ne!(old.expose(), new.expose());
        assert!(verifies(&rotated, old.expose()));
        assert!(verifies(&keys, new.expose()), "a ring from before the rotation");
        let later = rotated.rotated(NOW + RETIRED_FOR + Duration::from_secs(1));
        assert!(!verifies(&later, old.expose()));
        assert!(verifies(&later, new.expose()));
    }

    #[test]
    fn what_has_not_the_form_is_refused() {
        let keys = MailKeys::generate();
        let text = keys.derive("verify", &id_of_event(&event(1), "verify"), &user(1)).expose().clone();
        assert!(parse(&text).is_some());
        for bad in [
            String::new(),
            ".".into(),
            text[1..].into(),
            format!("{text}="),
            text.replace('.', "_"),
            text.replacen('.', "é", 1)[..text.len()].into(),
            format!("{}é", &text[..text.len() - 2]),
            // Another spelling of the same bytes: the last character of the id holds two bits only.
            format!("{}_{}", &text[..21], &text[22..]),
        ] {
            assert!(parse(&bad).is_none(), "{bad}");
        }
        assert!(!format!("{:?}", parse(&text)).contains(&text[23..]));
    }

    #[test]
    fn ids_and_rings_round_trip_as_json() {
        let id = id_of_event(&event(1), "verify");
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<MailId>(&json).unwrap(), id);
        let keys = MailKeys::generate().rotated(NOW);
        let read: MailKeys = serde_json::from_str(&serde_json::to_string(&keys).unwrap()).unwrap();
        assert_eq!(read.derive("p", &id, &user(1)).expose(), keys.derive("p", &id, &user(1)).expose());
    }
}
