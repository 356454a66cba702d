//! Text messages as a second factor, and the codes that somebody who is signed in is sent.
//!
//! The number is the factor's own: a change of the profile's number does not move it.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{CodeDigest, FactorError, Factors, SentCode};
use crate::time::Timestamp;

/// A number whose owner gets codes. The number is a ciphertext under the person's profile key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsFactor {
    pub number: ByteBuf,
    pub enabled_at: Timestamp,
}

/// A number whose first code is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsSetup {
    pub number: ByteBuf,
    pub code: SentCode,
}

/// What a code is awaited for that was sent to somebody who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeUse {
    /// To enroll a number.
    SmsSetup,
    /// To prove the enrolled number.
    Sms,
    /// To verify the number of the profile.
    Phone,
}

impl Factors {
    /// The enrolled number.
    pub const fn sms(&self) -> Option<&SmsFactor> {
        self.sms.as_ref()
    }

    /// The number that waits for its first code.
    pub fn sms_setup(&self, now: Timestamp) -> Result<&SmsSetup, FactorError> {
        self.sms_setup.as_ref().filter(|setup| setup.code.is_awaited(now)).ok_or(FactorError::NoSetup)
    }

    /// The code that was sent last for a use.
    pub fn awaited(&self, used: CodeUse) -> Option<&SentCode> {
        match used {
            CodeUse::SmsSetup => self.sms_setup.as_ref().map(|setup| &setup.code),
            CodeUse::Sms => self.sms_code.as_ref(),
            CodeUse::Phone => self.phone_code.as_ref(),
        }
    }

    /// The state after a wrong code for a use, and whether it locks the second factor. It counts on the code and on the account.
    pub fn refuse_awaited(&self, used: CodeUse, now: Timestamp) -> (Self, bool) {
        let (mut after, locked) = self.refuse(now);
        let code = match used {
            CodeUse::SmsSetup => after.sms_setup.as_mut().map(|setup| &mut setup.code),
            CodeUse::Sms => after.sms_code.as_mut(),
            CodeUse::Phone => after.phone_code.as_mut(),
        };
        if let Some(code) = code {
            code.wrong += 1;
        }
        (after, locked)
    }

    /// Begins to enroll a number. An earlier setup is void. [`FactorError::AlreadyEnabled`] if one is enrolled.
    pub fn begin_sms_setup(&self, number: ByteBuf, code: SentCode) -> Result<Self, FactorError> {
        if self.sms.is_some() {
            return Err(FactorError::AlreadyEnabled);
        }
        Ok(Self { sms_setup: Some(SmsSetup { number, code }), ..self.next() })
    }

    /// Enrolls the number of the setup, whose code was right. Earlier backup codes are void.
    pub fn activate_sms(&self, backup_codes: Vec<CodeDigest>, now: Timestamp) -> Result<Self, FactorError> {
        if self.sms.is_some() {
            return Err(FactorError::AlreadyEnabled);
        }
        let number = self.sms_setup(now)?.number.clone();
        let sms = Some(SmsFactor { number, enabled_at: now });
        Ok(Self { sms, sms_setup: None, backup_codes, ..self.next() })
    }

    /// A code was sent to the enrolled number. [`FactorError::NotEnabled`] without one.
    pub fn await_sms_code(&self, code: SentCode) -> Result<Self, FactorError> {
        if self.sms.is_none() {
            return Err(FactorError::NotEnabled);
        }
        Ok(Self { sms_code: Some(code), ..self.next() })
    }

    /// A code was sent to the number of the profile, or (`None`) it was used.
    #[must_use]
    pub fn await_phone_code(&self, code: Option<SentCode>) -> Self {
        Self { phone_code: code, ..self.next() }
    }
}
