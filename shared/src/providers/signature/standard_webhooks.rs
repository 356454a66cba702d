//! [Standard Webhooks](https://www.standardwebhooks.com) with symmetric keys: `v1,` and the HMAC-SHA-256 of `id.timestamp.body` in
//! base64.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;

use super::{MalformedKey, SignatureRefusal, VerifiedWebhook, WebhookKey, only_value};
use crate::{
    crypto::random,
    domain::{secret::Secret, time::Timestamp},
};

pub const ID: &str = "webhook-id";
pub const TIMESTAMP: &str = "webhook-timestamp";
pub const SIGNATURE: &str = "webhook-signature";

const PREFIX: &str = "whsec_";
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const TOLERANCE: Duration = Duration::from_mins(5);
const MAX_ID: usize = 255;
/// Maximum number of signatures that are verified. A sender that rotates its secret sends two.
const MAX_SIGNATURES: usize = 8;

/// Parses `whsec_` and 24 to 64 bytes in base64.
pub fn key(text: &Secret<String>) -> Result<WebhookKey, MalformedKey> {
    let encoded = text.expose().strip_prefix(PREFIX).ok_or(MalformedKey)?;
    let bytes = Secret::new(BASE64.decode(encoded).map_err(|_| MalformedKey)?);
    if KEY_BYTES.contains(&bytes.expose().len()) { Ok(WebhookKey(bytes)) } else { Err(MalformedKey) }
}

/// A new key of 32 random bytes, as text.
pub fn new_key() -> Secret<String> {
    Secret::new(format!("{PREFIX}{}", BASE64.encode(random::bytes::<32>())))
}

/// See [`super::Scheme::verify`].
pub fn verify(
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
    keys: &[WebhookKey],
) -> Result<VerifiedWebhook, SignatureRefusal> {
    let id = only_value(headers, ID)?;
    let timestamp = only_value(headers, TIMESTAMP)?;
    let signatures = only_value(headers, SIGNATURE)?;
    // A full stop in the id would make the division of the signed text into id, time and body ambiguous.
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(|b| b.is_ascii_graphic() && b != b'.') {
        return Err(SignatureRefusal::Malformed);
    }
    let seconds = seconds(timestamp).ok_or(SignatureRefusal::Malformed)?;

    let mut versioned = false;
    let mut matched = false;
    for signature in signatures.split(' ').take(MAX_SIGNATURES).filter_map(|entry| entry.strip_prefix("v1,")) {
        versioned = true;
        let Ok(tag) = BASE64.decode(signature) else { continue };
        for key in keys {
            matched |= mac(key, id, seconds, body).verify_slice(&tag).is_ok();
        }
    }
    if !versioned {
        return Err(SignatureRefusal::Malformed);
    }
    if !matched {
        return Err(SignatureRefusal::Mismatch);
    }
    // After the signature, so that this refusal always means a genuine message.
    let sent_at = Timestamp::from_unix_seconds(seconds);
    if now.since(sent_at).max(sent_at.since(now)) > TOLERANCE {
        return Err(SignatureRefusal::TimeOff);
    }
    Ok(VerifiedWebhook { id: id.to_owned(), sent_at })
}

/// The three headers of a delivery, signed with each of `keys` (two during a rotation).
///
/// `id` consists of visible ASCII characters without full stops. It identifies the message, so repeated deliveries have the same id.
pub fn signed_headers(keys: &[WebhookKey], id: &str, now: Timestamp, body: &[u8]) -> [(&'static str, String); 3] {
    let seconds = now.unix_seconds();
    let sign = |key| format!("v1,{}", BASE64.encode(mac(key, id, seconds, body).finalize().into_bytes()));
    let signatures: Vec<String> = keys.iter().map(sign).collect();
    [(ID, id.to_owned()), (TIMESTAMP, seconds.to_string()), (SIGNATURE, signatures.join(" "))]
}

fn mac(key: &WebhookKey, id: &str, seconds: i64, body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key.0.expose()).expect("any key length");
    for part in [id.as_bytes(), b".", seconds.to_string().as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

/// Parses seconds since 1970 in canonical form, without sign and leading zeros, so that the verified number is the signed text.
fn seconds(text: &str) -> Option<i64> {
    let seconds: i64 = text.parse().ok()?;
    (seconds > 0 && text.len() <= 11 && seconds.to_string() == text).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::from_unix_seconds(1_614_265_330);
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn parsed_key(text: &str) -> WebhookKey {
        key(&Secret::new(text.to_owned())).unwrap()
    }

    fn known_key() -> WebhookKey {
        parsed_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    }

    fn other_key() -> WebhookKey {
        parsed_key("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    }

    fn known_headers() -> HeaderMap {
        headers(&[
            (ID, "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            (TIMESTAMP, "1614265330"),
            (SIGNATURE, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = known_headers();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    fn check(headers: &HeaderMap) -> Result<VerifiedWebhook, SignatureRefusal> {
        verify(headers, BODY, AT, &[known_key()])
    }

    #[test]
    fn the_specification_s_example_is_signed_and_verified() {
        let signed = signed_headers(&[known_key()], "msg_p5jXN8AQM9LWM0D4loKWxJek", AT, BODY);
        for (name, value) in &signed {
            assert_eq!(known_headers()[*name], value.as_str());
        }
        let verified = check(&known_headers()).unwrap();
        assert_eq!(verified, VerifiedWebhook { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), sent_at: AT });
    }

    #[test]
    fn any_current_key_and_any_listed_signature_is_accepted() {
        let receiver_rotates = [other_key(), known_key()];
        assert!(verify(&known_headers(), BODY, AT, &receiver_rotates).is_ok());
        let [_, _, (_, both)] = signed_headers(&receiver_rotates, "msg_p5jXN8AQM9LWM0D4loKWxJek", AT, BODY);
        assert!(check(&with(SIGNATURE, &format!("v1a,AAAA {both}"))).is_ok());
    }

    #[test]
    fn without_a_key_every_signature_is_refused() {
        assert_eq!(verify(&known_headers(), BODY, AT, &[]), Err(SignatureRefusal::Mismatch));
    }

    #[test]
    fn a_difference_of_five_minutes_is_allowed_and_no_more() {
        let at = |offset: i64| {
            let now = Timestamp::from_unix_seconds(AT.unix_seconds() + offset);
            verify(&known_headers(), BODY, now, &[known_key()]).map(|_| ())
        };
        assert_eq!((at(300), at(-300)), (Ok(()), Ok(())));
        assert_eq!((at(301), at(-301)), (Err(SignatureRefusal::TimeOff), Err(SignatureRefusal::TimeOff)));
    }

    #[test]
    fn a_changed_message_or_another_key_is_a_mismatch() {
        assert_eq!(verify(&known_headers(), b"{}", AT, &[known_key()]), Err(SignatureRefusal::Mismatch));
        assert_eq!(verify(&known_headers(), BODY, AT, &[other_key()]), Err(SignatureRefusal::Mismatch));
        assert_eq!(check(&with(ID, "msg_other")), Err(SignatureRefusal::Mismatch));
        assert_eq!(check(&with(TIMESTAMP, "1614265331")), Err(SignatureRefusal::Mismatch));
        assert_eq!(check(&with(SIGNATURE, "v1,not/base64!")), Err(SignatureRefusal::Mismatch));
        assert_eq!(check(&with(SIGNATURE, "v1,")), Err(SignatureRefusal::Mismatch));
        // A prefix of the signature.
        assert_eq!(check(&with(SIGNATURE, "v1,g0hM9SsE+OTPJTGt")), Err(SignatureRefusal::Mismatch));
    }

    #[test]
    fn missing_headers_differ_from_repeated_and_malformed_ones() {
        for name in [ID, TIMESTAMP, SIGNATURE] {
            let mut missing = known_headers();
            missing.remove(name);
            assert_eq!(check(&missing), Err(SignatureRefusal::Missing), "{name}");
            let mut twice = known_headers();
            twice.append(name, twice[name].clone());
            assert_eq!(check(&twice), Err(SignatureRefusal::Malformed), "{name}");
        }
        for (name, value) in [
            (ID, ""),
            (ID, "msg.1"),
            (ID, "msg 1"),
            (TIMESTAMP, "+1614265330"),
            (TIMESTAMP, "01614265330"),
            (TIMESTAMP, "1614265330.0"),
            (TIMESTAMP, "-5"),
            (TIMESTAMP, "99999999999999999999"),
            (SIGNATURE, ""),
            (SIGNATURE, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ] {
            assert_eq!(check(&with(name, value)), Err(SignatureRefusal::Malformed), "{name}: {value}");
        }
    }

    #[test]
    fn keys_have_a_prefix_and_a_length_and_are_masked_in_logs() {
        let read = |text: &str| key(&Secret::new(text.to_owned())).map(|_| ());
        assert_eq!(read("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Err(MalformedKey));
        assert_eq!(read("whsec_c2hvcnQ="), Err(MalformedKey));
        assert_eq!(read("whsec_****"), Err(MalformedKey));
        assert_eq!(read(&format!("whsec_{}", BASE64.encode([7; 64]))), Ok(()));
        assert_eq!(read(&format!("whsec_{}", BASE64.encode([7; 65]))), Err(MalformedKey));
        assert_eq!(format!("{:?}", known_key()), "WebhookKey(***)");
    }

    proptest! {
        #[test]
        fn a_signed_message_verifies_and_a_changed_one_does_not(
            id in "[!-\\-/-~]{1,255}", body in prop::collection::vec(any::<u8>(), 1..200),
            at in 1_i64..4_000_000_000, flipped: prop::sample::Index,
        ) {
            let at = Timestamp::from_unix_seconds(at);
            let signed = signed_headers(&[known_key()], &id, at, &body);
            let headers = headers(&signed.each_ref().map(|(name, value)| (*name, value.as_str())));
            prop_assert_eq!(verify(&headers, &body, at, &[known_key()]).unwrap().id, id);
            let mut other = body.clone();
            other[flipped.index(body.len())] ^= 1;
            prop_assert_eq!(verify(&headers, &other, at, &[known_key()]), Err(SignatureRefusal::Mismatch));
        }

        #[test]
        fn no_header_value_panics(id in ".{0,300}", timestamp in "[0-9+. -]{0,25}", signature in "(v1,)?.{0,80}") {
            let mut headers = HeaderMap::new();
            for (name, value) in [(ID, id), (TIMESTAMP, timestamp), (SIGNATURE, signature)] {
                if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                    headers.insert(name, value);
                }
            }
            prop_assert!(verify(&headers, BODY, AT, &[known_key()]).is_err());
        }
    }
}
