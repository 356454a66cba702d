//! Password hashes: Argon2id (RFC 9106), as PHC strings.
//!
//! A password is normalised by NFKC first: NIST SP 800-63B §3.1.1.2 asks for a stable form, and NFKC, unlike NFC,
//! also folds the full-width and ligature forms that input methods make of the same keys.

use std::{
    hint::black_box,
    sync::{Mutex, PoisonError},
};

use argon2::{
    Algorithm, Argon2, Block, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use super::{CryptoError, random};
use crate::domain::secret::Secret;

/// Memory (KiB), passes and lanes. The default is OWASP's and ours: 19 MiB, 2 passes, 1 lane.
pub use argon2::Params;

/// Longest password taken, in bytes: room for 128 characters of four bytes, as typed.
pub const MAX_BYTES: usize = 512;

const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

/// Bounds on what a stored hash may ask for, so that a tampered one costs neither memory nor minutes.
const MAX_PHC_LEN: usize = 256;
const MAX_MEMORY_KIB: u32 = 128 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 4;

/// What a comparison told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Verified {
    pub matches: bool,
    /// The parameters were raised since this was stored: hash anew while the password is at hand.
    pub outdated: bool,
}

/// A new PHC string with a random salt. [`CryptoError::TooLong`] beyond [`MAX_BYTES`].
pub fn hash(password: &Secret<String>, params: &Params) -> Result<String, CryptoError> {
    hash_with(password, params, &random::bytes())
}

pub(super) fn hash_with(
    password: &Secret<String>,
    params: &Params,
    salt: &[u8; SALT_LEN],
) -> Result<String, CryptoError> {
    let output = derive(password, params, salt)?;
    phc(params, salt, &output)
}

/// Compares with a stored PHC string in constant time. A password beyond [`MAX_BYTES`] matches nothing.
pub fn verify(password: &Secret<String>, phc: &str, params: &Params) -> Result<Verified, CryptoError> {
    let stored = Stored::parse(phc)?;
    let outdated = stored.is_below(params);
    let matches = match derive(password, &stored.params, &stored.salt) {
        Ok(output) => bool::from(output.as_slice().ct_eq(&stored.output)),
        Err(CryptoError::TooLong) => false,
        Err(error) => return Err(error),
    };
    Ok(Verified { matches, outdated })
}

/// Costs what [`verify`] costs, for an account that does not exist.
pub fn verify_nobody(password: &Secret<String>, params: &Params) {
    // A stored hash that nobody has the password of: its output is not the hash of anything. Made without running
    // Argon2, or the first unknown account of each process would take twice as long.
    let decoy = phc(params, &[0x5a; SALT_LEN], &[0xa5; HASH_LEN]);
    let _ = black_box(decoy.and_then(|decoy| verify(password, &decoy, params)));
}

struct Stored {
    params: Params,
    salt: Salt,
    output: [u8; HASH_LEN],
}

impl Stored {
    /// Only what [`hash`] writes, within the bounds, is taken.
    fn parse(phc: &str) -> Result<Self, CryptoError> {
        let bad = CryptoError::PasswordHash;
        if phc.len() > MAX_PHC_LEN {
            return Err(bad);
        }
        let parsed = PasswordHash::new(phc).map_err(|_| bad)?;
        let params = Params::try_from(&parsed).map_err(|_| bad)?;
        let ours = parsed.algorithm == Algorithm::Argon2id.ident()
            && parsed.version == Some(Version::V0x13.into())
            && params.m_cost() <= MAX_MEMORY_KIB
            && params.t_cost() <= MAX_PASSES
            && params.p_cost() <= MAX_LANES
            && params.keyid().is_empty()
            && params.data().is_empty();
        let salt = parsed.salt.filter(|salt| salt.len() >= SALT_LEN).ok_or(bad)?;
        let output = parsed.hash.ok_or(bad)?.as_bytes().try_into().map_err(|_| bad)?;
        if ours { Ok(Self { params, salt, output }) } else { Err(bad) }
    }

    fn is_below(&self, params: &Params) -> bool {
        self.params.m_cost() < params.m_cost()
            || self.params.t_cost() < params.t_cost()
            || self.params.p_cost() < params.p_cost()
    }
}

fn phc(params: &Params, salt: &[u8; SALT_LEN], output: &[u8; HASH_LEN]) -> Result<String, CryptoError> {
    let bad = |_| CryptoError::PasswordHash;
    let params = Params::new(params.m_cost(), params.t_cost(), params.p_cost(), None).map_err(bad)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|_| CryptoError::PasswordHash)?,
        salt: Some(Salt::new(salt).map_err(|_| CryptoError::PasswordHash)?),
        hash: Some(Output::new(output).map_err(|_| CryptoError::PasswordHash)?),
    };
    Ok(hash.to_string())
}

/// Argon2's working memory, kept between calls: allocating 19 MiB anew each time costs page faults and lets resident
/// memory swing. Calls at the same time (tests) get their own.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

fn derive(password: &Secret<String>, params: &Params, salt: &[u8]) -> Result<Zeroizing<[u8; HASH_LEN]>, CryptoError> {
    let normalised = normalise(password)?;
    let mut memory = std::mem::take(&mut *MEMORY.lock().unwrap_or_else(PoisonError::into_inner));
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    let mut output = Zeroizing::new([0; HASH_LEN]);
    let derived = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone()).hash_password_into_with_memory(
        normalised.as_bytes(),
        salt,
        output.as_mut_slice(),
        &mut memory,
    );
    // From what pass 2 leaves, pass 1 can be wound back, and a guess checked at the price of one BLAKE2b.
    memory.iter_mut().for_each(Zeroize::zeroize);
    *MEMORY.lock().unwrap_or_else(PoisonError::into_inner) = memory;
    derived.map_err(|_| CryptoError::PasswordHash)?;
    Ok(output)
}

fn normalise(password: &Secret<String>) -> Result<Zeroizing<String>, CryptoError> {
    let password = password.expose();
    if password.len() > MAX_BYTES {
        return Err(CryptoError::TooLong);
    }
    // Room for the worst expansion NFKC has (one three-byte character to 33 bytes), so that no copy is left behind
    // by growing.
    let mut normalised = Zeroizing::new(String::with_capacity(password.len() * 11));
    normalised.extend(password.nfkc());
    Ok(normalised)
}
