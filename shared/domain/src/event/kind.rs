//! The table of event types, with one row for each. Everything that depends on the type is in the row.

mod recovery;
mod row;

use super::{
    counter::{Counter, Label},
    data::{self, DataPart, EventData},
};
use crate::{notification::Notification, queue::Queue, webhook::WebhookType, words::words};

pub use row::{Audience, EventTypeRow};
use row::{person, staff};

macro_rules! counters {
    ($($counter:ident = $name:literal { $($label:ident: $value:expr),* };)+) => {$(
        const $counter: Counter = Counter::labelled($name, &[$((stringify!($label), $value)),*]);
    )+};
}

counters! {
    LOGIN_SUCCESS = "auth_login_total" { outcome: Label::Is("success") };
    LOGIN_LOCKED_OUT = "auth_login_total" { outcome: Label::Is("locked_out") };
    LOGIN_REFUSED = "auth_login_total" { outcome: Label::Is("refused") };
    LOGIN_FAILURE = "auth_login_total" { outcome: Label::Is("failure") };
    CHECK_IN_REVIEW = "kyc_verification_total" { provider: Label::Field("provider"), outcome: Label::Is("in_review") };
    CHECK_APPROVED = "kyc_verification_total" { provider: Label::Field("provider"), outcome: Label::Is("approved") };
    CHECK_REJECTED = "kyc_verification_total" { provider: Label::Field("provider"), outcome: Label::Is("rejected") };
    PROVIDER_FAILED = "kyc_verification_total" {
        provider: Label::Field("provider"), outcome: Label::Is("provider_failed")
    };
    DOCUMENT_STORED = "kyc_document_total" { outcome: Label::Is("stored") };
    DOCUMENT_REJECTED = "kyc_document_total" { outcome: Label::Is("rejected") };
    CALLBACK_RECEIVED = "kyc_callback_total" { provider: Label::Field("provider"), outcome: Label::Is("received") };
    TEXT_CODE_SIGN_IN = "auth_text_code_total" { purpose: Label::Is("sign_in") };
    TEXT_CODE_NUMBER = "auth_text_code_total" { purpose: Label::Is("number") };
    TEXT_MESSAGE_REFUSED = "text_message_refused_total" { reason: Label::Field("reason") };
    MAIL_REFUSED = "mail_refused_total" { reason: Label::Field("reason") };
}

/// One event represents several failed sign-ins.
const LOGIN_FAILURES: Counter = LOGIN_FAILURE.by("count");

macro_rules! events {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal: $row:expr,)+ }) => {
        words! {
            $(#[$meta])*
            pub enum $name { $($(#[$doc])* $variant = $text,)+ }
        }

        /// The rows, in the order of [`EventType::ALL`].
        static ROWS: &[EventTypeRow] = &[$($row,)+];
    };
}

events! {
    /// The types of events.
    pub enum EventType {
        /// An account was created; its address is not confirmed yet.
        UserRegistered = "user.registered": person()
            .tells(WebhookType::UserRegistered)
            .notifies(Notification::EmailVerification)
            .counts(&[Counter::plain("auth_registration_total")]),
        /// The account was imported from another system.
        UserImported = "user.imported": person()
            .tells(WebhookType::UserRegistered)
            .counts(&[Counter::plain("auth_import_total")]),
        /// Staff or a machine client, the actor, created the account. Its person gets a link to set a password, if it has an address.
        UserProvisioned = "user.provisioned": person()
            .tells(WebhookType::UserRegistered)
            .notifies(Notification::AccountProvisioned)
            .counts(&[Counter::plain("auth_provisioning_total")]),
        /// An operator exported accounts: `data.count` of them, with or without password hashes.
        UsersExported = "users.exported": staff().security().data(&[data::ExportedUsers::SHAPE]),
        /// Somebody tried to register the address of this account.
        UserRegistrationRepeated = "user.registration_repeated": staff().security().notifies(Notification::AddressAlreadyRegistered),
        /// Another mail to confirm the address was requested.
        UserVerificationRequested = "user.verification_requested": staff().notifies(Notification::EmailVerification),
        /// A mail with a link that signs in was requested.
        UserMagicLinkRequested = "user.magic_link_requested": staff().notifies(Notification::MagicLink),
        /// The address is confirmed.
        UserEmailVerified = "user.email_verified": person()
            .tells(WebhookType::UserEmailVerified)
            .notifies(Notification::EmailVerified)
            .counts(&[Counter::plain("auth_email_verified_total")]),
        /// The profile changed; `changes` has the masked values.
        UserUpdated = "user.updated": person()
            .tells(WebhookType::UserUpdated)
            .data(&[data::ProfileEffect::SHAPE]),
        /// A code was asked for to verify the number of the profile; `changes` has the masked numbers if it is another one.
        UserPhoneCodeRequested = "user.phone_code_requested": person()
            .tells(WebhookType::UserUpdated)
            .data(&[data::CodeKey::SHAPE])
            .notifies(Notification::NumberTextCode)
            .counts(&[TEXT_CODE_NUMBER]),
        /// The number of the profile is verified.
        UserPhoneVerified = "user.phone_verified": person().tells(WebhookType::UserUpdated),
        /// Another address was asked for; it is not confirmed yet.
        UserEmailChangeRequested = "user.email_change_requested": staff().security().notifies(Notification::EmailChangeRequested),
        /// The address changed; `changes` has the masked values.
        UserEmailChanged = "user.email_changed": person().security()
            .tells(WebhookType::UserUpdated)
            .notifies(Notification::EmailChanged),
        /// The holder of a former address restored it. All sessions ended, and the password is void.
        UserEmailChangeUndone = "user.email_change_undone": person().security()
            .tells(WebhookType::UserUpdated)
            .notifies(Notification::EmailChangeUndone),
        /// Roles were granted or removed.
        UserRolesChanged = "user.roles_changed": staff().security()
            .data(&[data::RoleChange::SHAPE])
            .notifies(Notification::RolesChanged),
        /// An administrator invited the person to `data.offered` roles.
        UserInvited = "user.invited": staff().security()
            .data(&[data::OfferedRoles::SHAPE])
            .notifies(Notification::StaffInvitation),
        /// The person accepted the roles that `data.invited_by` offered.
        UserInvitationAccepted = "user.invitation_accepted": staff().security()
            .data(&[data::InvitingUser::SHAPE, data::RoleChange::SHAPE])
            .notifies(Notification::RolesChanged),
        /// An administrator withdrew the invitation.
        UserInvitationRevoked = "user.invitation_revoked": staff().security(),
        /// An account was created by a sign-in through an identity provider, which vouches for the address.
        UserRegisteredByProvider = "user.registered_by_provider": person()
            .tells(WebhookType::UserRegistered)
            .data(&[data::IdentityProvider::SHAPE])
            .counts(&[Counter::plain("auth_registration_total")]),
        /// An account at an identity provider was linked: its owner can sign in with it.
        UserSocialAccountLinked = "user.social_account_linked": person().security()
            .data(&[data::IdentityProvider::SHAPE, data::LinkedAccount::SHAPE])
            .notifies(Notification::SocialAccountLinked),
        /// A linked account was removed.
        UserSocialAccountUnlinked = "user.social_account_unlinked": person().security()
            .data(&[data::IdentityProvider::SHAPE, data::LinkedAccount::SHAPE])
            .notifies(Notification::SocialAccountUnlinked),
        /// A passkey was registered.
        UserPasskeyAdded = "user.passkey_added": person().security()
            .data(&[data::PasskeyOfPerson::SHAPE])
            .notifies(Notification::PasskeyAdded),
        /// A passkey was removed.
        UserPasskeyRemoved = "user.passkey_removed": person().security()
            .data(&[data::PasskeyOfPerson::SHAPE])
            .notifies(Notification::PasskeyRemoved),
        /// A passkey's count of uses ran back, so the sign-in was refused: there may be a copy of it.
        UserPasskeySuspected = "user.passkey_suspected": staff().security()
            .data(&[data::PasskeyOfPerson::SHAPE])
            .notifies(Notification::PasskeySuspected),
        /// Somebody signed in on a device that the account did not know, with the session `data.session`.
        UserNewDevice = "user.new_device": person().security()
            .data(&[data::SignedInSession::SHAPE])
            .notifies(Notification::NewDevice),
        /// The owner disowned a sign-in by a mailed link. All sessions ended, and the password is void.
        UserSignInDisowned = "user.sign_in_disowned": person()
            .security()
            .work(&[Queue::Webhooks])
            .notifies(Notification::SignInDisowned),
        /// The person closed the account, and all sessions ended. A sign-in within 30 days reactivates it.
        UserDeactivated = "user.deactivated": person().security().notifies(Notification::AccountDeactivated),
        /// A sign-in reactivated the account.
        UserReactivated = "user.reactivated": person().security().notifies(Notification::AccountReactivated),
        /// An administrator locked the account, for `data.reason`, which its person does not learn.
        UserLocked = "user.locked": staff().security()
            .data(&[data::Cause::SHAPE])
            .tells(WebhookType::UserLocked)
            .notifies(Notification::AccountLocked),
        /// An administrator unlocked the account.
        UserUnlocked = "user.unlocked": staff().security().notifies(Notification::AccountUnlocked),
        /// An administrator ended all sessions of the account.
        UserSignedOut = "user.signed_out": staff().security(),
        /// An administrator or a machine client read the person's data. The subject is the act of reading.
        UserRead = "user.read": staff(),
        /// Failed sign-ins (`data.count` of them) locked an identifier for a while. The event has a person if an account has the
        /// identifier.
        UserLockedOut = "user.locked_out": staff().security()
            .data(&[data::FailedSignIns::SHAPE])
            .counts(&[LOGIN_LOCKED_OUT, LOGIN_FAILURES]),
        /// Sign-ins to this account failed. One event represents all failures from `data.from` to `data.to`, a quarter of an
        /// hour.
        UserSignInFailed = "user.sign_in_failed": staff().security().data(&[data::Period::SHAPE]),
        /// A sign-in with the right password was refused for its risk, and the owner of the account gets a mail.
        UserSignInRefused = "user.sign_in_refused": staff()
            .security()
            .data(&[data::SignInRisk::SHAPE])
            .notifies(Notification::SignInRefused)
            .counts(&[LOGIN_REFUSED]),
        /// The same, within an hour after the owner got a mail.
        UserSignInRefusedAgain = "user.sign_in_refused_again": staff()
            .security()
            .data(&[data::SignInRisk::SHAPE])
            .counts(&[LOGIN_REFUSED]),

        /// Somebody signed in.
        SessionCreated = "session.created": person()
            .tells(WebhookType::SessionCreated)
            .data(&[data::SignInMethods::SHAPE, data::SignInRisk::SHAPE])
            .counts(&[LOGIN_SUCCESS]),
        /// A session was ended: by signing out, from another session, by a change of password, or by staff.
        SessionRevoked = "session.revoked": person()
            .tells(WebhookType::SessionRevoked)
            .data(&[data::Cause::SHAPE]),
        /// Its person proved again who they are, by `data.amr`.
        SessionReauthenticated = "session.reauthenticated": staff().data(&[data::SignInMethods::SHAPE]),
        /// A refresh token was used twice, so its session was ended.
        SessionRefreshReused = "session.refresh_reused": staff().security()
            .tells(WebhookType::SessionRevoked)
            .data(&[data::Cause::SHAPE])
            .notifies(Notification::RefreshTokenReused)
            .counts(&[Counter::plain("auth_refresh_reused_total")]),

        /// A sign-in named a device for the first time.
        DeviceRegistered = "device.registered": person(),
        /// The device got a secret that it is trusted by.
        DeviceTrusted = "device.trusted": person().security().notifies(Notification::DeviceTrusted),
        /// The person ended the trust of the device.
        DeviceDistrusted = "device.distrusted": person().security(),
        /// The device was removed, by its person or because there were too many.
        DeviceRemoved = "device.removed": person(),

        /// The password was changed in a session.
        PasswordChanged = "password.changed": person().security()
            .tells(WebhookType::PasswordChanged)
            .notifies(Notification::PasswordChanged),
        /// A mail to set a new password was requested.
        PasswordResetRequested = "password.reset_requested": staff().security().notifies(Notification::PasswordResetRequested),
        /// A new password was set through a mailed link.
        PasswordReset = "password.reset": staff().security()
            .tells(WebhookType::PasswordChanged)
            .notifies(Notification::PasswordReset)
            .counts(&[Counter::plain("auth_password_reset_total")]),
        /// An administrator asks for a new password. All sessions ended, and the password is void.
        PasswordResetRequired = "password.reset_required": staff()
            .security()
            .work(&[Queue::Webhooks])
            .notifies(Notification::PasswordResetRequired),
        /// A second factor was enrolled.
        MfaEnabled = "mfa.enabled": person().security()
            .tells(WebhookType::MfaChanged)
            .notifies(Notification::MfaEnabled)
            .counts(&[Counter::plain("auth_mfa_enabled_total")]),
        /// The second factor was removed.
        MfaDisabled = "mfa.disabled": person().security()
            .tells(WebhookType::MfaChanged)
            .notifies(Notification::MfaDisabled),
        /// An administrator removed the second factor, and all sessions ended.
        MfaReset = "mfa.reset": staff().security()
            .tells(WebhookType::MfaChanged)
            .notifies(Notification::MfaReset),
        /// New backup codes were made; the old ones are void.
        MfaBackupCodesRenewed = "mfa.backup_codes_renewed": person().security()
            .tells(WebhookType::MfaChanged)
            .notifies(Notification::MfaBackupCodesRenewed),
        /// A backup code was used in place of the authenticator app.
        MfaBackupCodeUsed = "mfa.backup_code_used": person().security().notifies(Notification::MfaBackupCodeUsed),
        /// A code was asked for to complete a sign-in. It is mailed.
        MfaMailCodeRequested = "mfa.mail_code_requested": staff()
            .data(&[data::CodeKey::SHAPE])
            .notifies(Notification::SignInCode)
            .counts(&[Counter::plain("auth_mail_code_total")]),
        /// A code was asked for to prove the enrolled number. It is sent by text message.
        MfaTextCodeRequested = "mfa.text_code_requested": staff()
            .data(&[data::CodeKey::SHAPE])
            .notifies(Notification::SignInTextCode)
            .counts(&[TEXT_CODE_SIGN_IN]),
        /// A code was asked for to enroll a number as second factor. It is sent by text message.
        MfaSmsSetupRequested = "mfa.sms_setup_requested": staff()
            .data(&[data::CodeKey::SHAPE])
            .notifies(Notification::NumberTextCode)
            .counts(&[TEXT_CODE_NUMBER]),
        /// Wrong codes lock the second factor for a while. Whoever gave them knew the password or held a session.
        MfaLockedOut = "mfa.locked_out": staff().security()
            .notifies(Notification::MfaLockedOut)
            .counts(&[Counter::plain("auth_mfa_locked_out_total")]),

        /// The same password was hashed again, with stronger parameters.
        PasswordRehashed = "password.rehashed": staff(),

        /// A document was uploaded and will be inspected.
        DocumentUploaded = "kyc.document.uploaded": staff()
            .data(&[data::UploadedDocument::SHAPE])
            .work(&[Queue::Documents]),
        /// The document passed inspection.
        DocumentStored = "kyc.document.stored": staff().counts(&[DOCUMENT_STORED]),
        /// The document failed inspection, for `data.reason`.
        DocumentRejected = "kyc.document.rejected": staff()
            .tells(WebhookType::DocumentRejected)
            .data(&[data::Rejection::SHAPE])
            .work(&[Queue::Documents])
            .counts(&[DOCUMENT_REJECTED]),
        /// The person deleted the document.
        DocumentDeleted = "kyc.document.deleted": staff().work(&[Queue::Documents]),
        /// The content of the document was read, by the person or by staff.
        DocumentRead = "kyc.document.read": staff(),

        /// A check was created as a draft.
        CheckCreated = "kyc.check.created": staff().data(&[data::CheckProgress::SHAPE]),
        /// Documents were added to a check.
        CheckDocumentsAdded = "kyc.check.documents_added": staff().data(&[data::CheckProgress::SHAPE]),
        /// The applicant submitted the check.
        CheckSubmitted = "kyc.check.submitted": person()
            .tells(WebhookType::CheckSubmitted)
            .data(&[data::CheckProgress::SHAPE])
            .work(&[Queue::Verification])
            .counts(&[Counter::plain("kyc_check_submitted_total")]),
        /// The workers started to process the check.
        CheckProcessing = "kyc.check.processing": staff().data(&[data::CheckProgress::SHAPE]),
        /// The provider accepted the task and named it `data.reference`.
        CheckProviderCalled = "kyc.check.provider_called": staff()
            .data(&[data::CheckProgress::SHAPE, data::ProviderTask::SHAPE]),
        /// A call of the provider failed; it is retried later.
        CheckProviderFailed = "kyc.check.provider_failed": staff()
            .data(&[data::CheckProgress::SHAPE, data::Cause::SHAPE])
            .counts(&[PROVIDER_FAILED]),
        /// The provider's result was fetched.
        CheckProviderAnswered = "kyc.check.provider_answered": staff().data(&[data::CheckProgress::SHAPE]),
        /// The provider's part is over; the name is screened next.
        CheckScreening = "kyc.check.screening": staff()
            .data(&[data::CheckProgress::SHAPE, data::ProviderVerdict::SHAPE])
            .work(&[Queue::Screening]),
        /// The name was screened: `data` names engine and list versions and how many hits there were.
        CheckScreened = "kyc.check.screened": staff().data(&[data::CheckProgress::SHAPE, data::ScreeningResult::SHAPE]),
        /// A reviewer decided one of the check's hits; `data` has the hit and the decision.
        CheckHitReviewed = "kyc.check.hit_reviewed": staff()
            .data(&[data::CheckProgress::SHAPE, data::ReviewedHit::SHAPE]),
        /// The check waits for a reviewer.
        CheckInReview = "kyc.check.in_review": staff().data(&[data::CheckProgress::SHAPE]).counts(&[CHECK_IN_REVIEW]),
        /// The check waits for the applicant.
        CheckActionNeeded = "kyc.check.action_needed": person()
            .tells(WebhookType::CheckActionNeeded)
            .data(&[data::CheckProgress::SHAPE])
            .notifies(Notification::CheckActionNeeded),
        /// The applicant added what was missing; the check waits for a reviewer again.
        CheckResubmitted = "kyc.check.resubmitted": staff().data(&[data::CheckProgress::SHAPE]),
        /// A reviewer claimed the check for 15 minutes.
        CheckClaimed = "kyc.check.claimed": staff().data(&[data::CheckProgress::SHAPE]),
        /// The reviewer released the check.
        CheckReleased = "kyc.check.released": staff().data(&[data::CheckProgress::SHAPE]),
        /// A first reviewer approved; a second one has to confirm.
        CheckSecondReview = "kyc.check.second_review": staff().data(&[data::CheckProgress::SHAPE]),
        /// The second reviewer did not confirm.
        CheckSecondReviewDenied = "kyc.check.second_review_denied": staff().data(&[data::CheckProgress::SHAPE]),
        CheckApproved = "kyc.check.approved": person()
            .tells(WebhookType::CheckApproved)
            .data(&[data::CheckProgress::SHAPE])
            .notifies(Notification::CheckApproved)
            .counts(&[CHECK_APPROVED]),
        CheckRejected = "kyc.check.rejected": person()
            .tells(WebhookType::CheckRejected)
            .data(&[data::CheckProgress::SHAPE])
            .work(&[Queue::Screening])
            .notifies(Notification::CheckRejected)
            .counts(&[CHECK_REJECTED]),
        /// The applicant cancelled the check before a decision.
        CheckCancelled = "kyc.check.cancelled": staff()
            .tells(WebhookType::CheckCancelled)
            .data(&[data::CheckProgress::SHAPE])
            .work(&[Queue::Screening]),
        /// An approval or a draft expired.
        CheckExpired = "kyc.check.expired": person()
            .tells(WebhookType::CheckExpired)
            .data(&[data::CheckProgress::SHAPE]),
        /// A reviewer read the person's data as it was submitted with the check. The subject is the act of reading.
        CheckApplicantRead = "kyc.check.applicant_read": staff().data(&[data::CheckShown::SHAPE]),
        /// A reviewer wrote a note without a decision.
        CheckNoteAdded = "kyc.check.note_added": staff().data(&[data::CheckProgress::SHAPE]),
        /// A reviewer read the notes of the check. The subject is the act of reading.
        CheckNotesRead = "kyc.check.notes_read": staff().data(&[data::CheckShown::SHAPE]),

        /// A name was screened without a check: `data` names engine and list versions and how many hits there were.
        NameScreened = "aml.screening.done": staff().data(&[data::ScreeningResult::SHAPE, data::NameScreening::SHAPE]),
        /// A listed entity may be the applicant of a check.
        HitOpened = "aml.hit.opened": staff()
            .tells(WebhookType::HitOpened)
            .data(&[data::HitOrigin::SHAPE, data::HitVersions::SHAPE]),
        /// A first reviewer cleared a sanctions hit; a second one has to confirm.
        HitClearanceProposed = "aml.hit.clearance_proposed": staff()
            .data(&[data::HitOrigin::SHAPE, data::HitRuling::SHAPE]),
        /// A reviewer decided a hit.
        HitDecided = "aml.hit.decided": staff().data(&[data::HitOrigin::SHAPE, data::HitRuling::SHAPE]),
        /// Staff read unmasked hits of a person; `data` has the hits. The subject is the act of reading.
        HitsRead = "aml.hit.read": staff().data(&[data::HitsShown::SHAPE]),
        /// An immediate refresh of a list was requested.
        ListRefreshRequested = "aml.list.refresh_requested": staff()
            .data(&[data::RefreshRequest::SHAPE])
            .work(&[Queue::Lists]),
        /// New content of a list was read and stored. It is in force once it is compiled.
        ListLoaded = "aml.list.loaded": staff().data(&[data::LoadedContent::SHAPE]).work(&[Queue::Lists]),
        /// The content of a list's source was refused; the last good list stays in force.
        ListRefused = "aml.list.refused": staff().data(&[data::RefusedContent::SHAPE]),
        /// Newly compiled lists are in force.
        ListsUpdated = "aml.list.updated": staff()
            .tells(WebhookType::ListsUpdated)
            .data(&[data::CompiledLists::SHAPE]),

        /// A role was made.
        RoleCreated = "role.created": staff().security().data(&[data::RoleContents::SHAPE]),
        /// What a role permits changed, for all who hold it.
        RoleChanged = "role.changed": staff().security().data(&[data::RoleContents::SHAPE]),
        /// A role that nobody held was deleted.
        RoleDeleted = "role.deleted": staff().security().data(&[data::RoleContents::SHAPE]),

        /// A machine client was created.
        ClientCreated = "client.created": staff().security().data(&[data::ClientGrants::SHAPE]),
        /// A machine client got a new secret; the previous one works for another day.
        ClientSecretRotated = "client.secret_rotated": staff().security(),
        /// A machine client was deleted; its tokens are refused from then on.
        ClientDeleted = "client.deleted": staff().security(),

        /// An endpoint of webhooks was created.
        WebhookCreated = "webhook.created": staff().data(&[data::EndpointSettings::SHAPE]),
        /// The endpoint was changed by its owner.
        WebhookUpdated = "webhook.updated": staff().data(&[data::EndpointSettings::SHAPE]),
        /// The endpoint was deleted.
        WebhookDeleted = "webhook.deleted": staff(),
        /// The endpoint got a new secret; the previous one signs for another day.
        WebhookSecretRotated = "webhook.secret_rotated": staff(),
        /// The endpoint was disabled, for `data.reason`.
        WebhookDisabled = "webhook.disabled": staff()
            .data(&[data::Cause::SHAPE])
            .notifies(Notification::WebhookDisabled),
        /// A test was requested; the subject is its delivery.
        WebhookTestRequested = "webhook.test_requested": staff()
            .data(&[data::DeliveryTo::SHAPE])
            .work(&[Queue::Webhooks]),
        /// A delivery was requested again.
        WebhookRetryRequested = "webhook.retry_requested": staff()
            .data(&[data::DeliveryTo::SHAPE])
            .work(&[Queue::Webhooks]),
        /// All failed deliveries since `data.since` were requested again.
        WebhookRetriesRequested = "webhook.retries_requested": staff()
            .data(&[data::RetriedSince::SHAPE])
            .work(&[Queue::Webhooks]),

        /// Staff read addresses and devices of `data.people` in the event log.
        AuditLogRead = "audit.log.read": staff().data(&[data::LogShown::SHAPE]),

        /// A provider's callback with a valid signature was stored.
        CallbackReceived = "kyc.callback.received": staff()
            .data(&[data::CallbackSender::SHAPE, data::ProviderTask::SHAPE])
            .work(&[Queue::Callbacks])
            .counts(&[CALLBACK_RECEIVED]),
        /// The callback was processed.
        CallbackProcessed = "kyc.callback.processed": staff()
            .data(&[data::CallbackSender::SHAPE, data::CallbackResult::SHAPE]),

        /// SES refused a mail for good; `data` has the notification and the reason.
        MailRefused = "mail.refused": staff().data(&[data::RefusedMail::SHAPE]).counts(&[MAIL_REFUSED]),
        /// A text message was not sent; `data` has the notification and the reason.
        TextMessageRefused = "text_message.refused": staff()
            .data(&[data::RefusedMail::SHAPE])
            .counts(&[TEXT_MESSAGE_REFUSED]),
    }
}

impl EventType {
    pub fn row(self) -> &'static EventTypeRow {
        &ROWS[self as usize]
    }

    /// The queues that an event of this type may be sent to.
    pub fn queues(self) -> impl Iterator<Item = Queue> {
        let row = self.row();
        let notified = row.notification.map(|_| Queue::Notification);
        let told = row.webhook.map(|_| Queue::Webhooks);
        row.work.iter().copied().chain(notified).chain(told)
    }

    /// Whether the data has the parts of this type: all of them, once, and in the order of the table.
    pub fn fits(self, data: &EventData) -> bool {
        data.parts() == self.row().data
    }

    /// Whether the person concerned may see it.
    pub fn is_public(self) -> bool {
        self.row().audience == Audience::Person
    }
}

#[cfg(test)]
mod tests;
