//! Password hashes: Argon2id (RFC 9106), as PHC strings.
//!
//! A password is normalised first, by [`normalise`], which also says how long it may be. Hashes that were imported from other
//! systems ([`foreign`]) are of the password as typed.

use std::{
    hint::black_box,
    sync::{Mutex, PoisonError},
};

use argon2::{
    Algorithm, Argon2, Block, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::{CryptoError, random};
use verinym_domain::{
    field::FieldFault,
    password::{TooLong, normalise},
    secret::Secret,
};

pub mod foreign;

/// Memory (KiB), passes and lanes. The default is OWASP's and ours: 19 MiB, 2 passes, 1 lane.
pub use argon2::Params;

const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

/// Bounds on what a stored hash may ask for, so that a tampered one costs neither memory nor minutes.
const MAX_PHC_LEN: usize = 256;
const MAX_MEMORY_KIB: u32 = 128 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 4;

impl From<TooLong> for CryptoError {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}

/// What a comparison told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct PasswordMatch {
    pub matches: bool,
    /// The parameters were raised since this was stored, or it was imported and depends on the whole password: hash anew while the
    /// password is at hand.
    pub outdated: bool,
}

/// Whether a password is within the length that any is taken with. What is longer is nobody's.
pub fn fits(password: &Secret<String>) -> bool {
    normalise(password.expose()).is_ok()
}

/// Whether a password is worth trying at a sign-in: one of an imported account may be longer than ours are.
pub fn may_match(password: &Secret<String>) -> bool {
    password.expose().len() <= foreign::MAX_PASSWORD
}

/// A new PHC string with a random salt. [`CryptoError::TooLong`] for a password that does not fit.
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

/// A hash that another deployment made, of the normal form: it is kept as it is.
///
/// # Errors
/// [`foreign::MALFORMED`] for what [`hash`] does not write.
pub fn own(phc: &str) -> Result<String, FieldFault> {
    ParsedHash::parse(phc).map(|_| phc.to_owned()).map_err(|_| foreign::MALFORMED)
}

/// Compares with the hash of an account in constant time. A password that is too long matches nothing, and costs nothing.
pub fn verify(password: &Secret<String>, phc: &str, params: &Params) -> Result<PasswordMatch, CryptoError> {
    if let Some(hash) = foreign::imported(phc) {
        let outdated = foreign::reads_whole(password, hash);
        return Ok(PasswordMatch { matches: foreign::matches(password, hash)?, outdated });
    }
    let stored = ParsedHash::parse(phc)?;
    let outdated = stored.is_below(params);
    let matches = match derive(password, &stored.params, &stored.salt) {
        Ok(output) => bool::from(output.as_slice().ct_eq(&stored.output)),
        Err(CryptoError::TooLong) => false,
        Err(error) => return Err(error),
    };
    Ok(PasswordMatch { matches, outdated })
}

/// Costs what [`verify`] costs, for an account that does not exist.
pub fn verify_nobody(password: &Secret<String>, params: &Params) {
    // A stored hash that nobody has the password of: its output is not the hash of anything. Made without running
    // Argon2, or the first unknown account of each process would take twice as long.
    let decoy = phc(params, &[0x5a; SALT_LEN], &[0xa5; HASH_LEN]);
    let _ = black_box(decoy.and_then(|decoy| verify(password, &decoy, params)));
}

struct ParsedHash {
    params: Params,
    salt: Salt,
    output: [u8; HASH_LEN],
}

impl ParsedHash {
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
    let normalised = normalise(password.expose())?;
    let mut memory = std::mem::take(&mut *MEMORY.lock().unwrap_or_else(PoisonError::into_inner));
    let derived = derive_in(&mut memory, &normalised, params, salt);
    *MEMORY.lock().unwrap_or_else(PoisonError::into_inner) = memory;
    derived
}

fn derive_in(
    memory: &mut Vec<Block>,
    normalised: &str,
    params: &Params,
    salt: &[u8],
) -> Result<Zeroizing<[u8; HASH_LEN]>, CryptoError> {
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    let mut output = Zeroizing::new([0; HASH_LEN]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let (password, out) = (normalised.as_bytes(), output.as_mut_slice());
    let derived = argon2.hash_password_into_with_memory(password, salt, out, &mut *memory);
    // From what the last pass leaves, the first can be wound back, and a guess checked at the price of one BLAKE2b.
    memory.iter_mut().take(params.block_count()).for_each(Zeroize::zeroize);
    derived.map_err(|_| CryptoError::PasswordHash)?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick() -> Params {
        Params::new(64, 1, 1, None).unwrap()
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn matches(password: &str, phc: &str) -> bool {
        verify(&secret(password), phc, &quick()).unwrap().matches
    }

    #[test]
    fn only_the_password_matches() {
        let phc = hash(&secret("correct horse battery"), &quick()).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert!(matches("correct horse battery", &phc));
        for other in ["", "correct horse batterY", "correct horse battery ", "correct horse battery\0"] {
            assert!(!matches(other, &phc), "{other:?}");
        }
        assert_ne!(phc, hash(&secret("correct horse battery"), &quick()).unwrap());
    }

    #[test]
    fn the_same_characters_typed_another_way_match() {
        let phc = hash(&secret("Zoë １２３ ﬁ"), &quick()).unwrap();
        assert!(matches("Zoe\u{308} 123 fi", &phc));
        assert!(!matches("Zoe 123 fi", &phc));
    }

    #[test]
    fn raised_parameters_make_a_hash_outdated() {
        let phc = hash(&secret("pass"), &quick()).unwrap();
        let outdated = |m, t| {
            let verified = verify(&secret("pass"), &phc, &Params::new(m, t, 1, None).unwrap()).unwrap();
            assert!(verified.matches);
            verified.outdated
        };
        assert!(!outdated(64, 1));
        assert!(!outdated(32, 1));
        assert!(outdated(65, 1));
        assert!(outdated(64, 2));
        assert!(verify(&secret("other"), &phc, &Params::default()).unwrap().outdated);
    }

    #[test]
    fn the_default_is_what_the_contract_says() {
        let default = Params::default();
        assert_eq!((default.m_cost(), default.t_cost(), default.p_cost()), (19_456, 2, 1));
    }

    #[test]
    fn a_tampered_hash_costs_nothing() {
        let good = hash(&secret("pass"), &quick()).unwrap();
        let salt_and_hash = good.rsplitn(3, '$').take(2).collect::<Vec<_>>();
        let (hash, salt) = (salt_and_hash[0], salt_and_hash[1]);
        for bad in [
            String::new(),
            "$argon2id$".into(),
            good.replace("argon2id", "argon2i"),
            good.replace("argon2id", "argon2d"),
            good.replace("v=19", "v=16"),
            good.replace("$v=19", ""),
            good.replace("m=64", "m=4194304"),
            good.replace("m=64", "m=1"),
            good.replace("t=1", "t=4000000"),
            good.replace("p=1", "p=200"),
            good.replace(salt, "c2hvcnQ"),
            good.replace(hash, &hash[..20]),
            good.replace(&format!("${hash}"), ""),
            format!("{good}{}", "A".repeat(MAX_PHC_LEN)),
        ] {
            assert_eq!(verify(&secret("pass"), &bad, &quick()), Err(CryptoError::PasswordHash), "{bad}");
        }
    }

    #[test]
    fn an_overlong_password_is_refused_and_matches_nothing() {
        let longest = "a".repeat(128);
        let phc = hash(&secret(&longest), &quick()).unwrap();
        assert!(matches(&longest, &phc) && fits(&secret(&longest)));
        let longer = format!("{longest}a");
        assert!(!matches(&longer, &phc) && !fits(&secret(&longer)));
        assert_eq!(hash(&secret(&longer), &quick()), Err(CryptoError::TooLong));
        // 128 characters of the longest kind are within it.
        assert!(hash(&secret(&"𝕬".repeat(128)), &quick()).is_ok());
    }

    /// 128 syllables, composed at sign-up and typed as their parts at sign-in: 1,152 bytes of the same password.
    #[test]
    fn a_long_password_matches_in_either_form() {
        let composed = "각한".repeat(64);
        let typed: String = unicode_normalization::UnicodeNormalization::nfd(composed.as_str()).collect();
        assert!(typed.len() > 1000);
        for (set, given) in [(&composed, &typed), (&typed, &composed)] {
            assert!(matches(given, &hash(&secret(set), &quick()).unwrap()));
        }
    }

    #[test]
    fn the_decoy_is_a_hash_that_verification_takes_whole() {
        let decoy = phc(&quick(), &[0x5a; SALT_LEN], &[0xa5; HASH_LEN]).unwrap();
        let verified = verify(&secret("anything"), &decoy, &quick()).unwrap();
        assert_eq!(verified, PasswordMatch { matches: false, outdated: false });
        verify_nobody(&secret("anything"), &quick());
    }

    #[test]
    fn memory_serves_again_and_is_wiped() {
        let mut memory = Vec::new();
        let large = Params::new(128, 1, 1, None).unwrap();
        let first = derive_in(&mut memory, "pass", &large, &[1; SALT_LEN]).unwrap();
        assert_eq!(memory.len(), 128);
        assert!(memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        let smaller = derive_in(&mut memory, "pass", &quick(), &[1; SALT_LEN]).unwrap();
        assert_eq!(*smaller, *derive_in(&mut Vec::new(), "pass", &quick(), &[1; SALT_LEN]).unwrap());
        assert_eq!(*first, *derive_in(&mut memory, "pass", &large, &[1; SALT_LEN]).unwrap());
    }
}
