//! The cost of issuing and verifying an access token, beside the RSA-2048 operations alone.
//!
//! The measurements take turns, so that other work on the machine affects them alike. Compare the ratios, not the times.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a command for people, printing figures")]

use std::time::{Duration, Instant};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};
use verinym_crypto::{
    access::{self, AccessClaims, Expected, VerificationKeys},
    random::RandomId,
    signing::SigningRing,
};
use verinym_domain::{
    id::{SessionId, UserId},
    time::Timestamp,
};

const TURNS: u32 = 20;
const PER_TURN: u32 = 100;

fn main() {
    let now = Timestamp::now();
    let ring = SigningRing::generate(now).expect("two keys");
    let keys = VerificationKeys::try_from(&ring.jwks()).expect("keys that parse");
    let claims = claims(now);
    let token = access::issue(&ring, &claims).expect("a token");
    let expected = Expected { issuer: &claims.iss, audience: &claims.aud, now, leeway: 0 };
    let message = token.rsplit_once('.').expect("a token").0.as_bytes();

    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref()).expect("a key");
    let signature = sign(&pair, message);

    let [mut issue, mut bare_signature, mut verify, mut bare_verification] = [Duration::ZERO; 4];
    for _ in 0..TURNS {
        issue += time(|| drop(access::issue(&ring, &claims).expect("a token")));
        bare_signature += time(|| drop(sign(&pair, message)));
        verify += time(|| drop(keys.verify(&token, &expected).expect("a good token")));
        bare_verification += time(|| public.verify_sig(message, &signature).expect("a good signature"));
    }
    print("issue", issue, bare_signature);
    print("verify", verify, bare_verification);
}

fn sign(pair: &RsaKeyPair, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
    signature
}

fn time(operation: impl Fn()) -> Duration {
    let start = Instant::now();
    for _ in 0..PER_TURN {
        operation();
    }
    start.elapsed()
}

fn print(name: &str, token: Duration, bare: Duration) {
    let each = |whole: Duration| whole.as_secs_f64() * 1e6 / f64::from(TURNS * PER_TURN);
    let ratio = token.as_secs_f64() / bare.as_secs_f64();
    println!("{name:6}  {:7.1} µs, RSA alone {:7.1} µs, ratio {ratio:.2}", each(token), each(bare));
}

fn claims(now: Timestamp) -> AccessClaims {
    let seconds = now.unix_seconds();
    AccessClaims {
        iss: "https://id.example.org".into(),
        sub: UserId::new(now),
        aud: "https://api.example.org".into(),
        client_id: "first_party".into(),
        exp: seconds + 900,
        iat: seconds,
        nbf: seconds,
        jti: "0123456789abcdef0123456789abcdef".into(),
        sid: SessionId::new(now),
        roles: vec!["user".into(), "moderator".into()],
        kyc_status: "approved".into(),
        amr: vec!["pwd".into(), "otp".into()],
        auth_time: seconds,
    }
}
