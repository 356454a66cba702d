//! Second factors of an account: what is enrolled, which codes are right, and how often a wrong one may be tried.
//!
//! [`Factors`] is an aggregate beside the account, which only states the enrolled methods. It changes under a condition on its
//! version, so of two calls with the same code one is committed, and wrong codes that come in parallel all count.

mod sent_code;
mod sms;
mod wrong_codes;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{time::Timestamp, words::words};

pub use sent_code::{CHALLENGE_SENDS, CODE_LIFE, CODE_TRIES, SentCode};
pub use sms::{CodeUse, SmsFactor, SmsSetup};
pub use wrong_codes::WrongCodes;

words! {
    /// A way to prove a second factor.
    pub enum FactorMethod {
        /// A code by time (RFC 6238) of an authenticator app.
        Totp = "totp",
        /// A code that is sent to a phone by text message.
        Sms = "sms",
        /// One of the codes that were shown when the second factor was activated. Each works once.
        BackupCode = "backup_code",
        /// A code that is mailed to the confirmed address, for accounts without a second factor. It is never enrolled.
        EmailOtp = "email_otp",
    }

    /// A method whose codes are sent.
    pub enum SentMethod {
        Sms = "sms",
        EmailOtp = "email_otp",
    }

    /// A method that is set up and activated by a first code.
    pub enum SetupMethod {
        Totp = "totp",
        Sms = "sms",
    }
}

impl FactorMethod {
    /// Its value in `amr` (RFC 8176 §2), which has none for backup codes and for mailed codes. The latter prove the mailbox, so
    /// they have the value of a mailed link.
    pub const fn amr(self) -> Option<&'static str> {
        match self {
            Self::Totp => Some("otp"),
            Self::Sms => Some("sms"),
            Self::BackupCode => None,
            Self::EmailOtp => Some(MAILED),
        }
    }

    /// Whether it counts as a second factor. A mailbox does not: mail proves no possession of a device (NIST SP 800-63B §5.1.3.1).
    pub const fn is_second_factor(self) -> bool {
        !matches!(self, Self::EmailOtp)
    }
}

impl From<SentMethod> for FactorMethod {
    fn from(method: SentMethod) -> Self {
        match method {
            SentMethod::Sms => Self::Sms,
            SentMethod::EmailOtp => Self::EmailOtp,
        }
    }
}

/// The value in `amr` of whoever proved that they read the mailbox. RFC 8176 registers none.
pub const MAILED: &str = "email";

/// How long a setup waits for its first code.
pub const SETUP_LIFE: Duration = Duration::from_mins(10);

/// How long a challenge waits for its code.
pub const CHALLENGE_LIFE: Duration = Duration::from_mins(5);

/// The wrong codes that end a challenge.
pub const CHALLENGE_TRIES: u32 = 5;

/// How many backup codes an account gets at once.
pub const BACKUP_CODES: usize = 10;

/// Why an act on second factors is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// Nobody is signed in yet: 401.
    #[error("the code of a challenge is wrong or was used")]
    InvalidChallengeCode,
    /// The caller is signed in: 400, so that clients keep the session.
    #[error("the code is wrong or was used")]
    InvalidCode,
    #[error("the challenge is unknown, used, void or expired")]
    ChallengeExpired,
    #[error("wrong codes lock the second factor for {retry_after} s")]
    TooManyCodes { retry_after: u64 },
    #[error("a second factor is enrolled already")]
    AlreadyEnabled,
    #[error("no second factor is enrolled")]
    NotEnabled,
    #[error("no setup waits for a code")]
    NoSetup,
    #[error("the deployment sends no text messages to this country")]
    SmsNotOffered,
    #[error("text messages cannot be sent for {retry_after} s")]
    SmsUnavailable { retry_after: u64 },
}

/// An authenticator app that is enrolled. The secret is a ciphertext under the person's profile key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotpFactor {
    pub secret: ByteBuf,
    /// The step of the last code that was accepted: neither that code nor an older one works again (RFC 6238 §5.2).
    pub last_step: u64,
    pub enabled_at: Timestamp,
}

/// An authenticator app whose first code is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotpSetup {
    pub secret: ByteBuf,
    pub expires_at: Timestamp,
}

/// A keyed digest of a backup code. The code itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeDigest(pub String);

/// The second factors of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factors {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    totp: Option<TotpFactor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    setup: Option<TotpSetup>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sms: Option<SmsFactor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sms_setup: Option<SmsSetup>,
    /// The code that was sent to the enrolled number for somebody who is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sms_code: Option<SentCode>,
    /// The code that was sent to the number of the profile. It is no second factor; its wrong codes count like theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone_code: Option<SentCode>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    backup_codes: Vec<CodeDigest>,
    #[serde(default)]
    wrong: WrongCodes,
    version: u64,
}

/// What a submitted code was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// The step of which it is the code under the enrolled secret, if any.
    Totp(Option<u64>),
    BackupCode(CodeDigest),
    /// Whether it is the code that was sent by this method.
    Sent(FactorMethod, bool),
}

impl Factors {
    /// The version that was read, for the condition of a write; 0 if nothing is stored.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The enrolled authenticator app.
    pub const fn totp(&self) -> Option<&TotpFactor> {
        self.totp.as_ref()
    }

    /// Whether a second factor is enrolled.
    pub const fn is_enabled(&self) -> bool {
        self.totp.is_some() || self.sms.is_some()
    }

    /// The setup that waits for a code.
    pub fn setup(&self, now: Timestamp) -> Result<&TotpSetup, FactorError> {
        self.setup.as_ref().filter(|setup| now < setup.expires_at).ok_or(FactorError::NoSetup)
    }

    pub const fn remaining_backup_codes(&self) -> usize {
        self.backup_codes.len()
    }

    /// The methods that a challenge may be answered with.
    pub fn methods(&self) -> Vec<FactorMethod> {
        let backup = !self.backup_codes.is_empty();
        let totp = self.totp.is_some().then_some(FactorMethod::Totp);
        let sms = self.sms.is_some().then_some(FactorMethod::Sms);
        totp.into_iter().chain(sms).chain(backup.then_some(FactorMethod::BackupCode)).collect()
    }

    /// Refuses any code while too many were wrong.
    pub fn admit_code(&self, now: Timestamp) -> Result<(), FactorError> {
        self.wrong.wait(now).map_or(Ok(()), |wait| {
            let retry_after = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
            Err(FactorError::TooManyCodes { retry_after: retry_after.max(1) })
        })
    }

    /// The state after a code that is right; `None` for one that is wrong, or was used.
    pub fn accept(&self, presented: &Presented) -> Option<Self> {
        let mut after = self.next();
        match presented {
            Presented::Totp(step) => {
                let totp = after.totp.as_mut()?;
                totp.last_step = step.filter(|step| *step > totp.last_step)?;
            }
            Presented::BackupCode(digest) => {
                after.is_enabled().then_some(())?;
                let at = after.backup_codes.iter().position(|stored| stored == digest)?;
                after.backup_codes.remove(at);
            }
            Presented::Sent(method, right) => {
                let admitted = match method {
                    FactorMethod::Sms => after.sms.is_some(),
                    FactorMethod::EmailOtp => !after.is_enabled(),
                    FactorMethod::Totp | FactorMethod::BackupCode => false,
                };
                (admitted && *right).then_some(())?;
                after.sms_code = None;
            }
        }
        Some(after)
    }

    /// The state after a wrong code, and whether it was the one that locks the second factor.
    pub fn refuse(&self, now: Timestamp) -> (Self, bool) {
        let mut after = self.next();
        after.wrong.count(now);
        let locked = after.wrong.wait(now).is_some();
        (after, locked)
    }

    /// Begins to enroll an authenticator app. An earlier setup is void. [`FactorError::AlreadyEnabled`] if one is enrolled.
    pub fn begin_setup(&self, secret: ByteBuf, now: Timestamp) -> Result<Self, FactorError> {
        if self.totp.is_some() {
            return Err(FactorError::AlreadyEnabled);
        }
        Ok(Self { setup: Some(TotpSetup { secret, expires_at: now + SETUP_LIFE }), ..self.next() })
    }

    /// Enrolls the authenticator app of the setup, whose code of this step was right. Earlier backup codes are void.
    pub fn activate(&self, step: u64, backup_codes: Vec<CodeDigest>, now: Timestamp) -> Result<Self, FactorError> {
        if self.totp.is_some() {
            return Err(FactorError::AlreadyEnabled);
        }
        let secret = self.setup(now)?.secret.clone();
        let totp = Some(TotpFactor { secret, last_step: step, enabled_at: now });
        Ok(Self { totp, setup: None, backup_codes, ..self.next() })
    }

    /// Voids all backup codes in favour of these.
    pub fn renew_backup_codes(&self, backup_codes: Vec<CodeDigest>) -> Result<Self, FactorError> {
        if self.is_enabled() { Ok(Self { backup_codes, ..self.next() }) } else { Err(FactorError::NotEnabled) }
    }

    /// Removes every second factor. Wrong codes stay counted.
    #[must_use]
    pub fn disable(&self) -> Self {
        let (wrong, phone_code) = (self.wrong.clone(), self.phone_code.clone());
        Self { wrong, phone_code, version: self.version + 1, ..Self::default() }
    }

    /// Removes the second factor of a method. The last one takes the backup codes along; a method that is no factor of its own
    /// removes all. Wrong codes stay counted.
    #[must_use]
    pub fn remove(&self, method: FactorMethod) -> Self {
        let mut after = self.next();
        match method {
            FactorMethod::Totp => (after.totp, after.setup) = (None, None),
            FactorMethod::Sms => (after.sms, after.sms_setup, after.sms_code) = (None, None, None),
            FactorMethod::BackupCode | FactorMethod::EmailOtp => return self.disable(),
        }
        if after.is_enabled() { after } else { self.disable() }
    }

    fn next(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }
}
