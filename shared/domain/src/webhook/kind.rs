//! The public types of events. The table of event types names the public type of each event that endpoints are told of.

use crate::{
    role::{AmlRead, RequiredPermission},
    words::words,
};

words! {
    /// A type of events that endpoints are told of. Several internal types may have one public type.
    pub enum WebhookType {
        /// An account exists.
        UserRegistered = "user.registered",
        /// The address of the account is confirmed.
        UserEmailVerified = "user.email_verified",
        /// The profile or the address changed.
        UserUpdated = "user.updated",
        /// An administrator locked the account.
        UserLocked = "user.locked",
        /// Somebody signed in.
        SessionCreated = "session.created",
        /// A session ended before its time.
        SessionRevoked = "session.revoked",
        /// A new password was set.
        PasswordChanged = "password.changed",
        /// A second factor was enrolled or removed, or its backup codes were renewed.
        MfaChanged = "mfa.changed",
        /// A check was submitted.
        CheckSubmitted = "kyc.check.submitted",
        /// A check waits for its applicant.
        CheckActionNeeded = "kyc.check.action_needed",
        /// A check was approved.
        CheckApproved = "kyc.check.approved",
        /// A check was rejected.
        CheckRejected = "kyc.check.rejected",
        /// The applicant cancelled a check.
        CheckCancelled = "kyc.check.cancelled",
        /// An approval or a draft expired.
        CheckExpired = "kyc.check.expired",
        /// A document failed inspection.
        DocumentRejected = "kyc.document.rejected",
        /// A listed entity may be the applicant of a check.
        HitOpened = "aml.hit.opened",
        /// New screening lists are in force.
        ListsUpdated = "aml.list.updated",
    }
}

impl WebhookType {
    /// The permission that the owner of an endpoint needs to be told. No person is told of such events about themselves.
    pub const fn permission(self) -> Option<&'static str> {
        match self {
            Self::HitOpened | Self::ListsUpdated => Some(AmlRead::PERMISSION),
            _ => None,
        }
    }
}
