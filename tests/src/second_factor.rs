//! An authenticator app: the second factor of a person in tests.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use crate::{ApiResponse, Client};

const STEP: u64 = 30;

/// An authenticator app with a secret.
#[derive(Debug)]
pub struct Authenticator {
    totp: Totp,
    /// The first step whose code it has not given yet.
    next: AtomicU64,
}

impl Authenticator {
    /// The app of a secret in base32.
    pub fn new(secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret).expect("base32");
        let totp = Builder::new().with_secret(secret).build().expect("a secret of 160 bits");
        Self { totp, next: AtomicU64::new(0) }
    }

    /// A code that was not given yet. The API accepts those of the step before and after, so only a third one within a minute waits. That
    /// of the step before is given only while it is accepted for some time more.
    pub async fn code(&self) -> String {
        loop {
            let (now, earliest) = (seconds() / STEP, (seconds() + 12) / STEP - 1);
            let step = self.next.load(Ordering::SeqCst).max(earliest);
            if step <= now + 1 {
                self.next.store(step + 1, Ordering::SeqCst);
                return self.of_step(step);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn of_step(&self, step: u64) -> String {
        self.totp.generate(step * STEP).to_string()
    }

    /// A code that is wrong for a long time.
    pub fn wrong_code(&self) -> String {
        self.of_step(seconds() / STEP + 1000)
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A person's second factor.
#[derive(Debug)]
pub struct SecondFactor {
    pub app: Authenticator,
    pub backup_codes: Vec<String>,
}

/// Enrolls an authenticator app for the person of a client.
pub async fn enroll(api: &Client) -> SecondFactor {
    let setup = api.post("/v1/auth/mfa/setup").json(&json!({"method": "totp"})).send().await.expect(201).json();
    let app = Authenticator::new(setup["secret"].as_str().expect("a secret"));
    let form = json!({"method": "totp", "code": app.code().await});
    let active = api.post("/v1/auth/mfa/activate").json(&form).send().await.expect(200).json();
    let codes = active["backup_codes"].as_array().expect("codes");
    SecondFactor { app, backup_codes: codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect() }
}

impl Client {
    /// The token of the challenge that a right password is answered with.
    pub async fn challenged(&self, email: &str, password: &str) -> String {
        let form = json!({"email": email, "password": password});
        challenge_of(&self.post("/v1/auth/login").json(&form).send().await.expect(200).json())
    }

    /// Signs in a member of staff, whose app another program may use as well: a code that it used is followed by the next one.
    pub async fn staff_login(&self, email: &str, password: &str, app: &Authenticator) -> Self {
        let challenge = self.challenged(email, password).await;
        loop {
            let answer = self.verify(&challenge, "totp", &app.code().await).await;
            if answer.code().as_deref() != Some("invalid_code") {
                return self.holding(answer.expect(200).json());
            }
        }
    }

    /// Answers a challenge.
    pub async fn verify(&self, challenge: &str, method: &str, code: &str) -> ApiResponse {
        let form = json!({"challenge_token": challenge, "method": method, "code": code});
        self.post("/v1/auth/mfa/verify").json(&form).send().await
    }
}

/// The token of a challenge.
pub fn challenge_of(answer: &Value) -> String {
    assert_eq!(answer["mfa_required"], true, "{answer}");
    assert!(answer.get("access_token").is_none() && answer.get("refresh_token").is_none(), "{answer}");
    answer["challenge"]["token"].as_str().expect("a token").to_owned()
}
