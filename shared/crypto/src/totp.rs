//! Codes by time (TOTP, RFC 6238): HMAC-SHA-1, six digits, steps of 30 seconds, which every authenticator app can.

use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::{CryptoError, random};
use verinym_domain::{secret::SecretText, time::Timestamp};

/// 160 bits, as RFC 4226 §4 recommends.
pub const SECRET_BYTES: usize = 20;

const DIGITS: u8 = 6;
const STEP_SECONDS: u64 = 30;
/// The clock of the person's device may be a step off (RFC 6238 §5.2).
const SKEW: u16 = 1;

/// A new random secret.
pub fn new_secret() -> Zeroizing<[u8; SECRET_BYTES]> {
    Zeroizing::new(random::bytes())
}

/// The secret in base32, as it is typed into an app that cannot scan.
pub fn base32(secret: &[u8; SECRET_BYTES]) -> SecretText {
    SecretText::new(Secret::from(secret.to_vec()).to_base32())
}

/// The step of which a code is the code: the one of now, the one before or the one after. `None` for a wrong code. Spaces are
/// ignored, since apps show them. Compares in constant time.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Result<Option<u64>, CryptoError> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != usize::from(DIGITS) || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.unix_seconds()).unwrap_or_default();
    Ok(builder(secret)?.build().map_err(|_| CryptoError::Key)?.check(&code, seconds))
}

/// The address that an authenticator app scans (`otpauth`, the key URI format of Google Authenticator). `issuer` names the product,
/// `account` the person.
pub fn uri(secret: &[u8; SECRET_BYTES], issuer: &str, account: &str) -> Result<SecretText, CryptoError> {
    // The format separates both by a colon.
    let plain = |text: &str| text.replace(':', " ");
    let totp: Totp = builder(secret)?
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(account))
        .build()
        .map_err(|_| CryptoError::Key)?;
    Ok(SecretText::new(totp.to_url().map_err(|_| CryptoError::Key)?))
}

fn builder(secret: &[u8]) -> Result<Builder, CryptoError> {
    if secret.len() != SECRET_BYTES {
        return Err(CryptoError::Key);
    }
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_step_duration(STEP_SECONDS);
    Ok(builder.with_skew(SKEW).with_secret(secret.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's appendix B.
    const RFC: &[u8; SECRET_BYTES] = b"12345678901234567890";

    fn step(code: &str, seconds: i64) -> Option<u64> {
        step_of(RFC, code, Timestamp::from_unix_seconds(seconds)).unwrap()
    }

    /// Its codes have eight digits; ours are the last six.
    #[test]
    fn the_codes_of_rfc_6238_are_found_at_their_step() {
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let expected = u64::try_from(seconds).unwrap() / 30;
            assert_eq!(step(&code[2..], seconds), Some(expected), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_right_one_step_before_and_after_and_no_longer() {
        let code = "050471";
        let at = 1_111_111_110;
        for (offset, right) in [(-60, false), (-31, false), (-30, true), (0, true), (59, true), (60, false)] {
            assert_eq!(step(code, at + offset).is_some(), right, "{offset} s");
        }
    }

    #[test]
    fn spaces_are_ignored_and_other_forms_are_wrong() {
        assert_eq!(step("050 471", 1_111_111_111), Some(37_037_037));
        assert_eq!(step(" 050471\n", 1_111_111_111), Some(37_037_037));
        for code in ["", "50471", "0050471", "+50471", "05047a", "٠٥٠٤٧١", "050471050471", "0x0471", "14050471"] {
            assert_eq!(step(code, 1_111_111_111), None, "{code}");
        }
    }

    #[test]
    fn the_uri_escapes_names_and_has_the_secret_in_base32() {
        let uri = uri(RFC, "Bank: A&B", "ada+x@example.org").unwrap();
        let uri = uri.expose();
        assert!(uri.starts_with("otpauth://totp/Bank%20%20A%26B:ada%2Bx%40example.org?"), "{uri}");
        assert!(
            uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") && uri.contains("issuer=Bank%20%20A%26B"),
            "{uri}"
        );
        assert_eq!(base32(RFC).expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
