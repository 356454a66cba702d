//! What access tokens and permissions cost a core: issuing and verifying a token beside the RSA-2048 operations alone, and a
//! permission decision. The measurements take turns, so that other work on the machine affects them alike.

use std::time::{Duration, Instant};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};
use verinym::{
    crypto::{
        access::{self, AccessClaims, Expected, VerificationKeys},
        random::RandomId,
        signing::SigningRing,
    },
    domain::{
        id::{SessionId, UserId},
        role::{KycReview, PermissionSet, RequiredPermission},
        time::Timestamp,
    },
};

use crate::BudgetRow;

const TURNS: u32 = 20;
const PER_TURN: u32 = 100;
/// Microseconds.
const DECISION_BUDGET: f64 = 10.0;

pub fn rows() -> Vec<BudgetRow> {
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

    let [mut issue, mut bare_signature, mut verify, mut bare_verification, mut decision] = [Duration::ZERO; 5];
    for _ in 0..TURNS {
        issue += time(|| drop(access::issue(&ring, &claims).expect("a token")));
        bare_signature += time(|| drop(sign(&pair, message)));
        verify += time(|| drop(keys.verify(&token, &expected).expect("a good token")));
        bare_verification += time(|| public.verify_sig(message, &signature).expect("a good signature"));
        decision += time(|| {
            let allowed = PermissionSet::of_roles(std::hint::black_box(&claims.roles)).allows(KycReview::PERMISSION);
            assert!(std::hint::black_box(allowed));
        });
    }
    let decision = micros(decision);
    vec![
        token_row("issue an access token", issue, bare_signature),
        token_row("verify an access token", verify, bare_verification),
        BudgetRow {
            what: "permission decision".to_owned(),
            budget: format!("≤ {DECISION_BUDGET} µs"),
            measured: format!("{decision:.2} µs"),
            kept: decision <= DECISION_BUDGET,
        },
    ]
}

/// There is no budget for these: the ratio says what the token adds to RSA.
fn token_row(what: &str, token: Duration, bare: Duration) -> BudgetRow {
    let ratio = token.as_secs_f64() / bare.as_secs_f64();
    BudgetRow {
        what: what.to_owned(),
        budget: "-".to_owned(),
        measured: format!("{:.0} µs, {ratio:.2} × RSA alone", micros(token)),
        kept: true,
    }
}

/// The mean of all measurements.
fn micros(whole: Duration) -> f64 {
    whole.as_secs_f64() * 1e6 / f64::from(TURNS * PER_TURN)
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
