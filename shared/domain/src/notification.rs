//! What people are notified of: one row per notification.
//!
//! An event names its notification, the row names the channels and the data of its text. The text is a directory of
//! templates per channel and locale, `templates/<channel>/<notification>/<locale>`.

use super::{mailed_token::TokenPurpose, words::words};

words! {
    /// A way to reach a person.
    pub enum Channel {
        Mail = "mail",
        /// A text message to a phone.
        Sms = "sms",
    }
}

/// What depends on a notification.
#[derive(Debug)]
pub struct NotificationRow {
    pub class: NotificationClass,
    pub channels: &'static [Channel],
    pub text: TextData,
}

/// Whether a person may switch a notification off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationClass {
    /// Access to the account and its security. It is always sent.
    Security,
    /// Progress of what the person asked for. They may switch it off.
    Progress,
}

/// The data that the text of a notification shows besides the person's name and the address of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextData {
    Nothing,
    /// A link with a single-use token: `link`, and its lifetime in `hours` or `minutes`.
    Link(TokenPurpose),
    /// The circumstances of the event: its time in UTC (`at`) and in the person's country (`local_at`), and the device that caused
    /// it (`device`). The last two are `none` where they are not known.
    Circumstances,
    /// Both of these.
    LinkAndCircumstances(TokenPurpose),
    /// A code of six digits: `code`, its lifetime in `minutes`, and the `host` of the app that it is for.
    Code,
    /// A code of six digits: `code`, its lifetime in `minutes`, and the circumstances of the request for it.
    CodeAndCircumstances,
    /// The reasons of a check's decision that its applicant may see (`reasons`), and whether a new check can have another result
    /// (`try_again`).
    Reasons,
}

impl TextData {
    /// The names of the variables in a template.
    pub const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Link(_) => &["link", "hours", "minutes"],
            Self::Circumstances => &["at", "local_at", "device"],
            Self::LinkAndCircumstances(_) => &["link", "hours", "minutes", "at", "local_at", "device"],
            Self::Code => &["code", "minutes", "host"],
            Self::CodeAndCircumstances => &["code", "minutes", "at", "local_at", "device"],
            Self::Reasons => &["reasons", "try_again"],
        }
    }
}

const fn security(text: TextData) -> NotificationRow {
    NotificationRow { class: NotificationClass::Security, channels: &[Channel::Mail], text }
}

const fn text_message(text: TextData) -> NotificationRow {
    NotificationRow { class: NotificationClass::Security, channels: &[Channel::Sms], text }
}

const fn progress(text: TextData) -> NotificationRow {
    NotificationRow { class: NotificationClass::Progress, channels: &[Channel::Mail], text }
}

macro_rules! notifications {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal: $row:expr,)+ }) => {
        words! {
            $(#[$meta])*
            pub enum $name { $($(#[$doc])* $variant = $text,)+ }
        }

        /// The rows, in the order of [`Notification::ALL`].
        static ROWS: &[NotificationRow] = &[$($row,)+];
    };
}

notifications! {
    /// What a person can be notified of.
    pub enum Notification {
        /// Please confirm your address.
        EmailVerification = "email_verification": security(TextData::Link(TokenPurpose::VerifyEmail)),
        /// Staff or a machine client created the account: the link to set a password.
        AccountProvisioned = "account_provisioned": security(TextData::Link(TokenPurpose::FirstPassword)),
        /// The address is confirmed.
        EmailVerified = "email_verified": progress(TextData::Nothing),
        /// Somebody tried to use an address that has an account, for another account; only its owner learns of it.
        AddressAlreadyRegistered = "address_already_registered": security(TextData::Nothing),
        /// The link to set a new password.
        PasswordResetRequested = "password_reset_requested": security(TextData::Link(TokenPurpose::ResetPassword)),
        /// The link that signs in.
        MagicLink = "magic_link": security(TextData::Link(TokenPurpose::MagicLink)),
        /// A new password was set through a mailed link.
        PasswordReset = "password_reset": security(TextData::Circumstances),
        /// The password was changed in a session.
        PasswordChanged = "password_changed": security(TextData::Circumstances),
        /// The link to confirm another address, mailed to that address.
        EmailChangeRequested = "email_change_requested": security(TextData::Link(TokenPurpose::ConfirmEmailChange)),
        /// The address was changed: the link to undo it, mailed to the old address.
        EmailChanged = "email_changed": security(TextData::Link(TokenPurpose::UndoEmailChange)),
        /// A change of the address was undone: the link to set a new password.
        EmailChangeUndone = "email_change_undone": security(TextData::Link(TokenPurpose::ResetPassword)),
        /// A refresh token was used twice, so its session was ended.
        RefreshTokenReused = "refresh_token_reused": security(TextData::Circumstances),
        /// An account at an identity provider was linked.
        SocialAccountLinked = "social_account_linked": security(TextData::Circumstances),
        /// A linked account was removed.
        SocialAccountUnlinked = "social_account_unlinked": security(TextData::Circumstances),
        /// A second factor was enrolled.
        MfaEnabled = "mfa_enabled": security(TextData::Circumstances),
        /// The second factor was removed.
        MfaDisabled = "mfa_disabled": security(TextData::Circumstances),
        /// An administrator removed the second factor.
        MfaReset = "mfa_reset": security(TextData::Circumstances),
        /// New backup codes were made.
        MfaBackupCodesRenewed = "mfa_backup_codes_renewed": security(TextData::Circumstances),
        /// A backup code was used.
        MfaBackupCodeUsed = "mfa_backup_code_used": security(TextData::Circumstances),
        /// The code that completes a sign-in.
        SignInCode = "sign_in_code": security(TextData::CodeAndCircumstances),
        /// The code that completes a sign-in or proves somebody who is signed in, to the enrolled number.
        SignInTextCode = "sign_in_text_code": text_message(TextData::Code),
        /// The code that verifies a number.
        NumberTextCode = "number_text_code": text_message(TextData::Code),
        /// Wrong codes lock the second factor for a while.
        MfaLockedOut = "mfa_locked_out": security(TextData::Circumstances),
        /// The person closed the account.
        AccountDeactivated = "account_deactivated": security(TextData::Circumstances),
        /// A sign-in reactivated the account.
        AccountReactivated = "account_reactivated": security(TextData::Circumstances),
        /// An administrator locked the account.
        AccountLocked = "account_locked": security(TextData::Circumstances),
        /// An administrator unlocked the account.
        AccountUnlocked = "account_unlocked": security(TextData::Circumstances),
        /// An administrator asks for a new password: the link to set it.
        PasswordResetRequired = "password_reset_required": security(TextData::Link(TokenPurpose::ResetPassword)),
        /// A passkey was registered.
        PasskeyAdded = "passkey_added": security(TextData::Circumstances),
        /// A passkey was removed.
        PasskeyRemoved = "passkey_removed": security(TextData::Circumstances),
        /// A sign-in with a passkey was refused, since there may be a copy of it.
        PasskeySuspected = "passkey_suspected": security(TextData::Circumstances),
        /// Somebody signed in on a new device: the link to disown the sign-in.
        NewDevice = "new_device": security(TextData::LinkAndCircumstances(TokenPurpose::EndSession)),
        /// A sign-in with the right password was refused for its risk.
        SignInRefused = "sign_in_refused": security(TextData::Circumstances),
        /// A sign-in was disowned: the link to set a new password.
        SignInDisowned = "sign_in_disowned": security(TextData::Link(TokenPurpose::ResetPassword)),
        /// A device got a secret that it is trusted by.
        DeviceTrusted = "device_trusted": security(TextData::Circumstances),
        /// An administrator changed the roles.
        RolesChanged = "roles_changed": security(TextData::Circumstances),
        /// An administrator offers roles: the link to accept them.
        StaffInvitation = "staff_invitation": security(TextData::Link(TokenPurpose::Invitation)),
        /// An endpoint of webhooks was disabled.
        WebhookDisabled = "webhook_disabled": progress(TextData::Nothing),
        /// The identity is verified.
        CheckApproved = "check_approved": progress(TextData::Nothing),
        /// The identity could not be verified.
        CheckRejected = "check_rejected": progress(TextData::Reasons),
        /// A check waits for its applicant.
        CheckActionNeeded = "check_action_needed": progress(TextData::Reasons),
    }
}

impl Notification {
    pub fn row(self) -> &'static NotificationRow {
        &ROWS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventType;

    #[test]
    fn every_notification_has_a_channel_and_follows_from_an_event() {
        assert_eq!(ROWS.len(), Notification::ALL.len());
        let caused: Vec<_> = EventType::ALL.iter().filter_map(|kind| kind.row().notification).collect();
        for notification in Notification::ALL {
            assert!(!notification.row().channels.is_empty(), "{notification}");
            assert!(caused.contains(notification), "{notification}");
        }
    }

    #[test]
    fn links_and_news_about_the_account_s_security_cannot_be_switched_off() {
        for notification in Notification::ALL {
            let row = notification.row();
            if !matches!(row.text, TextData::Nothing | TextData::Reasons) {
                assert_eq!(row.class, NotificationClass::Security, "{notification}");
            }
        }
        assert_eq!(Notification::CheckApproved.row().class, NotificationClass::Progress);
    }
}
