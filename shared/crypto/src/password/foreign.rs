//! Password hashes of other systems, of people who were imported: bcrypt, PBKDF2, scrypt, Firebase's variant of scrypt, and
//! Argon2.
//!
//! A foreign hash was made of the bytes as they were typed, so it is tried over them: neither our normal form nor our rule of
//! length applies. At the first sign-in it is replaced by a hash of ours.

use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Block, Params as Argon2Params, Version};
use aws_lc_rs::{
    cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    iv::FixedLength,
    pbkdf2,
};
use subtle::ConstantTimeEq;
use verinym_domain::{field::FieldFault, secret::Secret};
use zeroize::{Zeroize, Zeroizing};

use super::{CryptoError, MAX_LANES, MAX_MEMORY_KIB, MAX_PASSES};
use text::{Options, decode};

mod text;

/// Stands before a foreign hash in an account. A hash of ours may look the same, and is made of the normal form.
pub(super) const MARK: &str = "imported:";

/// The longest password that is tried, in bytes as typed: what other systems accept (Django: 4,096 characters) is not cut, and
/// a longer one costs nothing.
pub const MAX_PASSWORD: usize = 4096;

/// Bounds on what a hash may cost at a sign-in: about two seconds of a function with 1 GiB.
const MAX_HASH_TEXT: usize = 512;
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=14;
const MAX_ITERATIONS: u32 = 2_000_000;
/// Argon2: KiB times passes.
const MAX_ARGON2_WORK: u32 = 1024 * 1024;
/// scrypt: N·r, in blocks of 128 bytes: 128 MiB.
const MAX_SCRYPT_MEMORY: u64 = 1 << 20;
/// scrypt: N·r·p.
const MAX_SCRYPT_WORK: u64 = 1 << 21;
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

pub const UNKNOWN: FieldFault =
    FieldFault::new("unknown_hash", "Is not a hash of bcrypt, PBKDF2, scrypt or Argon2 in PHC or modular format.");
pub const MALFORMED: FieldFault =
    FieldFault::new("malformed_hash", "Names a known algorithm, but its parts are not what the algorithm has.");
pub const TOO_COSTLY: FieldFault =
    FieldFault::new("hash_too_costly", "Asks for more computation or memory than a sign-in may cost.");

/// The form of a foreign hash in an account.
///
/// # Errors
/// [`UNKNOWN`], [`MALFORMED`] or [`TOO_COSTLY`].
pub fn stored(hash: &str) -> Result<String, FieldFault> {
    ForeignHash::parse(hash)?;
    Ok(format!("{MARK}{hash}"))
}

/// The hash as it was imported, if the hash of an account is one that was.
pub fn imported(stored: &str) -> Option<&str> {
    stored.strip_prefix(MARK)
}

/// bcrypt reads so many bytes of a password.
const BCRYPT_BYTES: usize = 72;

/// Whether the hash depends on every byte of the password. bcrypt cuts at 72 bytes, so a longer password that matches may be
/// another one, and a hash of all of it would lock out who typed the right one.
pub(super) fn reads_whole(password: &Secret<String>, hash: &str) -> bool {
    password.expose().len() <= BCRYPT_BYTES || !matches!(ForeignHash::parse(hash), Ok(ForeignHash::Bcrypt(_)))
}

/// Compares in constant time.
pub(super) fn matches(password: &Secret<String>, hash: &str) -> Result<bool, CryptoError> {
    let hash = ForeignHash::parse(hash).map_err(|_| CryptoError::PasswordHash)?;
    let password = password.expose().as_bytes();
    if password.len() > MAX_PASSWORD { Ok(false) } else { hash.matches(password) }
}

/// A foreign hash, within the bounds.
enum ForeignHash {
    Bcrypt(String),
    Pbkdf2 { digest: pbkdf2::Algorithm, iterations: NonZeroU32, salt: Vec<u8>, output: Vec<u8> },
    Scrypt { params: scrypt::Params, salt: Vec<u8>, output: Vec<u8> },
    Firebase { params: scrypt::Params, salt: Vec<u8>, signer_key: Zeroizing<Vec<u8>>, output: Vec<u8> },
    Argon2 { argon2: Box<Argon2<'static>>, salt: Vec<u8>, output: Vec<u8> },
}

impl ForeignHash {
    fn parse(hash: &str) -> Result<Self, FieldFault> {
        if hash.len() > MAX_HASH_TEXT || !hash.is_ascii() {
            return Err(UNKNOWN);
        }
        let parts: Vec<&str> = hash.split('$').collect();
        match parts[..] {
            ["", "2a" | "2b" | "2y", cost, _] => bcrypt(hash, cost),
            ["", "argon2id", ref rest @ ..] => argon2(Algorithm::Argon2id, rest),
            ["", "argon2i", ref rest @ ..] => argon2(Algorithm::Argon2i, rest),
            ["", "argon2d", ref rest @ ..] => argon2(Algorithm::Argon2d, rest),
            ["", "scrypt", params, salt, output] => scrypt(params, salt, output),
            ["", "firebase-scrypt", params, salt, output] => firebase(params, salt, output),
            ["", name, rounds, salt, output] => {
                let digest = digest(name, "pbkdf2", "-").ok_or(UNKNOWN)?;
                pbkdf2(digest, rounds, decode(salt).ok_or(MALFORMED)?, output)
            }
            // Django's form, whose salt is text.
            [name, rounds, salt, output] => {
                let digest = digest(name, "pbkdf2", "_").ok_or(UNKNOWN)?;
                pbkdf2(digest, rounds, salt.as_bytes().to_vec(), output)
            }
            _ => Err(UNKNOWN),
        }
    }

    fn matches(&self, password: &[u8]) -> Result<bool, CryptoError> {
        let bad = |_| CryptoError::PasswordHash;
        match self {
            // Longer ones are cut at 72 bytes, as everywhere.
            Self::Bcrypt(hash) => ::bcrypt::verify(password, hash).map_err(|_| CryptoError::PasswordHash),
            Self::Pbkdf2 { digest, iterations, salt, output } => {
                Ok(pbkdf2::verify(*digest, *iterations, salt, password, output).is_ok())
            }
            Self::Scrypt { params, salt, output } => {
                let mut derived = Zeroizing::new(vec![0; output.len()]);
                scrypt::scrypt(password, salt, params, &mut derived).map_err(|_| CryptoError::PasswordHash)?;
                Ok(equal(&derived, output))
            }
            Self::Firebase { params, salt, signer_key, output } => {
                let mut key = Zeroizing::new([0; 32]);
                scrypt::scrypt(password, salt, params, key.as_mut_slice()).map_err(|_| CryptoError::PasswordHash)?;
                // The hash is the project's signer key, encrypted under what scrypt makes of the password.
                let key = UnboundCipherKey::new(&AES_256, key.as_slice()).map_err(bad)?;
                let mut encrypted = signer_key.to_vec();
                let zero = EncryptionContext::Iv128(FixedLength::from([0; 16]));
                EncryptingKey::ctr(key).and_then(|key| key.less_safe_encrypt(&mut encrypted, zero)).map_err(bad)?;
                Ok(equal(&encrypted, output))
            }
            Self::Argon2 { argon2, salt, output } => {
                let mut memory = vec![Block::default(); argon2.params().block_count()];
                let mut derived = Zeroizing::new(vec![0; output.len()]);
                let made = argon2.hash_password_into_with_memory(password, salt, &mut derived, &mut memory);
                memory.iter_mut().for_each(Zeroize::zeroize);
                made.map_err(|_| CryptoError::PasswordHash)?;
                Ok(equal(&derived, output))
            }
        }
    }
}

fn equal(one: &[u8], other: &[u8]) -> bool {
    bool::from(one.ct_eq(other))
}

fn bcrypt(hash: &str, cost: &str) -> Result<ForeignHash, FieldFault> {
    let parts: ::bcrypt::HashParts = hash.parse().map_err(|_| MALFORMED)?;
    if cost.len() != 2 || parts.get_cost() < *BCRYPT_COSTS.start() {
        return Err(MALFORMED);
    }
    if parts.get_cost() > *BCRYPT_COSTS.end() { Err(TOO_COSTLY) } else { Ok(ForeignHash::Bcrypt(hash.to_owned())) }
}

/// The digest that a name of PBKDF2 ends with; without one it is SHA-1.
fn digest(name: &str, base: &str, separator: &str) -> Option<pbkdf2::Algorithm> {
    let digest = name.strip_prefix(base)?;
    match digest.strip_prefix(separator) {
        Some("sha1") => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        Some("sha256") => Some(pbkdf2::PBKDF2_HMAC_SHA256),
        Some("sha384") => Some(pbkdf2::PBKDF2_HMAC_SHA384),
        Some("sha512") => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        None if digest.is_empty() => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        _ => None,
    }
}

/// `rounds` is a number (modular format) or `i=…,l=…` (PHC).
fn pbkdf2(digest: pbkdf2::Algorithm, rounds: &str, salt: Vec<u8>, output: &str) -> Result<ForeignHash, FieldFault> {
    let output = output_of(output)?;
    let iterations = if rounds.contains('=') {
        let mut options = Options::parse(rounds).ok_or(MALFORMED)?;
        let (iterations, length) = (options.number("i"), options.number("l"));
        if !options.done() || length.is_some_and(|length| usize::try_from(length) != Ok(output.len())) {
            return Err(MALFORMED);
        }
        iterations
    } else {
        text::number(rounds)
    };
    let iterations = iterations.and_then(NonZeroU32::new).ok_or(MALFORMED)?;
    if salt.is_empty() {
        return Err(MALFORMED);
    }
    if iterations.get() > MAX_ITERATIONS {
        return Err(TOO_COSTLY);
    }
    Ok(ForeignHash::Pbkdf2 { digest, iterations, salt, output })
}

fn scrypt(params: &str, salt: &str, output: &str) -> Result<ForeignHash, FieldFault> {
    let mut options = Options::parse(params).ok_or(MALFORMED)?;
    let params = scrypt_params(&mut options)?;
    let salt = decode(salt).filter(|_| options.done()).ok_or(MALFORMED)?;
    Ok(ForeignHash::Scrypt { params, salt, output: output_of(output)? })
}

/// `$firebase-scrypt$ln=<mem_cost>,r=<rounds>,p=1,sep=<salt separator>,key=<signer key>$<salt>$<hash>`.
fn firebase(params: &str, salt: &str, output: &str) -> Result<ForeignHash, FieldFault> {
    let mut options = Options::parse(params).ok_or(MALFORMED)?;
    let params = scrypt_params(&mut options)?;
    let (separator, signer_key) = (options.bytes("sep"), options.bytes("key"));
    let mut salt = decode(salt).filter(|_| options.done()).ok_or(MALFORMED)?;
    salt.extend(separator.ok_or(MALFORMED)?);
    let signer_key = Zeroizing::new(signer_key.ok_or(MALFORMED)?);
    let output = output_of(output)?;
    // It is as long as what it encrypts.
    if signer_key.len() != output.len() {
        return Err(MALFORMED);
    }
    Ok(ForeignHash::Firebase { params, salt, signer_key, output })
}

fn scrypt_params(options: &mut Options<'_>) -> Result<scrypt::Params, FieldFault> {
    let numbers = (options.number("ln"), options.number("r"), options.number("p"));
    let (Some(log_n), Some(r), Some(p)) = numbers else { return Err(MALFORMED) };
    if log_n == 0 || r == 0 || p == 0 {
        return Err(MALFORMED);
    }
    let memory = 1_u64.checked_shl(log_n).and_then(|n| n.checked_mul(u64::from(r))).ok_or(TOO_COSTLY)?;
    let work = memory.checked_mul(u64::from(p)).ok_or(TOO_COSTLY)?;
    if memory > MAX_SCRYPT_MEMORY || work > MAX_SCRYPT_WORK {
        return Err(TOO_COSTLY);
    }
    scrypt::Params::new(u8::try_from(log_n).map_err(|_| TOO_COSTLY)?, r, p).map_err(|_| MALFORMED)
}

/// The parts after the name: the version may be missing, then it is 0x10 (as of the reference implementation).
fn argon2(algorithm: Algorithm, parts: &[&str]) -> Result<ForeignHash, FieldFault> {
    let (version, params, salt, output) = match *parts {
        ["v=19", params, salt, output] => (Version::V0x13, params, salt, output),
        ["v=16", params, salt, output] | [params, salt, output] => (Version::V0x10, params, salt, output),
        _ => return Err(MALFORMED),
    };
    let mut options = Options::parse(params).ok_or(MALFORMED)?;
    let numbers = (options.number("m"), options.number("t"), options.number("p"));
    let (Some(memory), Some(passes), Some(lanes)) = numbers else { return Err(MALFORMED) };
    let (salt, output) = (decode(salt).ok_or(MALFORMED)?, output_of(output)?);
    if !options.done() || salt.len() < argon2::MIN_SALT_LEN {
        return Err(MALFORMED);
    }
    let costly = memory > MAX_MEMORY_KIB || passes > MAX_PASSES || lanes > MAX_LANES;
    if costly || memory.checked_mul(passes).is_none_or(|work| work > MAX_ARGON2_WORK) {
        return Err(TOO_COSTLY);
    }
    let params = Argon2Params::new(memory, passes, lanes, None).map_err(|_| MALFORMED)?;
    Ok(ForeignHash::Argon2 { argon2: Box::new(Argon2::new(algorithm, version, params)), salt, output })
}

fn output_of(text: &str) -> Result<Vec<u8>, FieldFault> {
    decode(text).filter(|output| OUTPUT_BYTES.contains(&output.len())).ok_or(MALFORMED)
}

#[cfg(test)]
mod tests;
