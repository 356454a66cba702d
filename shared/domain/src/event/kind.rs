//! The table of event types: one row for each, which says all that depends on the type.

use super::{
    counter::{Counter, Label},
    data::{self, Part, Shape},
};
use crate::{notification::Notification, words::words};

/// All that depends on an event's type.
#[derive(Debug)]
pub struct Row {
    pub audience: Audience,
    /// The parts of its data; every event of the type has all of them.
    pub data: &'static [Shape],
    /// The workers that go on from it.
    pub work: &'static [Consumer],
    /// What the person concerned is notified of.
    pub notification: Option<Notification>,
    pub counters: &'static [Counter],
}

/// Who may see an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The person concerned, in a check's history, in webhooks and on realtime; and staff. What would tell whether a
    /// machine or a reviewer is at work never is for the person.
    Person,
    Staff,
}

/// A worker that goes on from an event. Each has a queue of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumer {
    /// Goes on with a check.
    Verification,
    /// Screens the person of a check.
    Screening,
    /// Fetches a list, or compiles the lists.
    Lists,
    /// Inspects or deletes a document.
    Documents,
    /// Takes a callback to its check.
    Callbacks,
}

const fn person() -> Row {
    Row { audience: Audience::Person, data: &[], work: &[], notification: None, counters: &[] }
}

const fn staff() -> Row {
    Row { audience: Audience::Staff, ..person() }
}

impl Row {
    const fn data(self, data: &'static [Shape]) -> Self {
        Self { data, ..self }
    }

    const fn work(self, work: &'static [Consumer]) -> Self {
        Self { work, ..self }
    }

    const fn notifies(self, notification: Notification) -> Self {
        Self { notification: Some(notification), ..self }
    }

    const fn counts(self, counters: &'static [Counter]) -> Self {
        Self { counters, ..self }
    }
}

macro_rules! counters {
    ($($counter:ident = $name:literal { $($label:ident: $value:expr),* };)+) => {$(
        const $counter: Counter = Counter::labelled($name, &[$((stringify!($label), $value)),*]);
    )+};
}

counters! {
    LOGIN_SUCCESS = "auth_login_total" { outcome: Label::Is("success") };
    LOGIN_LOCKED_OUT = "auth_login_total" { outcome: Label::Is("locked_out") };
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
    MAIL_REFUSED = "mail_refused_total" { reason: Label::Field("reason") };
}

/// One event stands for several failed sign-ins.
const LOGIN_FAILURES: Counter = LOGIN_FAILURE.by("count");

macro_rules! events {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal: $row:expr,)+ }) => {
        words! {
            $(#[$meta])*
            pub enum $name { $($(#[$doc])* $variant = $text,)+ }
        }

        /// The rows, in the order of [`EventType::ALL`].
        static ROWS: &[Row] = &[$($row,)+];
    };
}

events! {
    /// What can happen.
    pub enum EventType {
        /// An account was made; its address is not confirmed yet.
        UserRegistered = "user.registered": person()
            .notifies(Notification::EmailVerification)
            .counts(&[Counter::plain("auth_registration_total")]),
        /// Somebody tried to register the address of this account.
        UserRegistrationRepeated = "user.registration_repeated": staff().notifies(Notification::AddressAlreadyRegistered),
        /// A new mail to confirm the address was asked for.
        UserVerificationRequested = "user.verification_requested": staff().notifies(Notification::EmailVerification),
        /// The address is confirmed.
        UserEmailVerified = "user.email_verified": person()
            .notifies(Notification::EmailVerified)
            .counts(&[Counter::plain("auth_email_verified_total")]),
        /// The profile changed; `changes` says what, masked.
        UserUpdated = "user.updated": person().data(&[data::ProfileEffect::SHAPE]),
        /// Roles were given or taken.
        UserRolesChanged = "user.roles_changed": staff()
            .data(&[data::RoleChange::SHAPE])
            .notifies(Notification::RolesChanged),
        /// An administrator closed the account.
        UserLocked = "user.locked": person().notifies(Notification::AccountLocked),
        /// Failed sign-ins (`data.count` of them) locked an identifier for a while; the person is known only if the
        /// identifier is theirs.
        UserLockedOut = "user.locked_out": staff()
            .data(&[data::FailedSignIns::SHAPE])
            .counts(&[LOGIN_LOCKED_OUT, LOGIN_FAILURES]),
        /// Wrong passwords were given for this account: one event stands for all of them from `data.from` to `data.to`, a
        /// quarter of an hour.
        UserSignInFailed = "user.sign_in_failed": staff().data(&[data::Period::SHAPE]),

        /// Somebody signed in.
        SessionCreated = "session.created": person().data(&[data::SignIn::SHAPE]).counts(&[LOGIN_SUCCESS]),
        /// A session was ended: signed out, by its person from elsewhere, by a change of password or by staff.
        SessionRevoked = "session.revoked": person().data(&[data::Cause::SHAPE]),
        /// A refresh token came out of its turn, so its session was ended.
        SessionRefreshReused = "session.refresh_reused": staff()
            .data(&[data::Cause::SHAPE])
            .notifies(Notification::RefreshTokenReused)
            .counts(&[Counter::plain("auth_refresh_reused_total")]),

        /// The password was changed by somebody signed in.
        PasswordChanged = "password.changed": person().notifies(Notification::PasswordChanged),
        /// A mail to set a new password was asked for.
        PasswordResetRequested = "password.reset_requested": staff().notifies(Notification::PasswordResetRequested),
        /// A new password was set through a mailed link.
        PasswordReset = "password.reset": staff()
            .notifies(Notification::PasswordReset)
            .counts(&[Counter::plain("auth_password_reset_total")]),
        /// The hash was made anew under raised parameters; the password is the same.
        PasswordRehashed = "password.rehashed": staff(),

        /// A document was handed in; it is to be looked at.
        DocumentUploaded = "kyc.document.uploaded": staff()
            .data(&[data::UploadedDocument::SHAPE])
            .work(&[Consumer::Documents]),
        /// It is sound and stands encrypted.
        DocumentStored = "kyc.document.stored": staff().counts(&[DOCUMENT_STORED]),
        /// It is not what it should be; `data.reason` says why.
        DocumentRejected = "kyc.document.rejected": staff()
            .data(&[data::Rejection::SHAPE])
            .work(&[Consumer::Documents])
            .counts(&[DOCUMENT_REJECTED]),
        /// Its person took it back.
        DocumentDeleted = "kyc.document.deleted": staff().work(&[Consumer::Documents]),
        /// Its content was read, by its person or by staff.
        DocumentRead = "kyc.document.read": staff(),

        /// A check was begun as a draft.
        CheckCreated = "kyc.check.created": staff().data(&[data::CheckStanding::SHAPE]),
        /// Documents were added to a check.
        CheckDocumentsAdded = "kyc.check.documents_added": staff().data(&[data::CheckStanding::SHAPE]),
        /// Its person submitted it.
        CheckSubmitted = "kyc.check.submitted": person()
            .data(&[data::CheckStanding::SHAPE])
            .work(&[Consumer::Verification])
            .counts(&[Counter::plain("kyc_check_submitted_total")]),
        /// The worker took it up.
        CheckProcessing = "kyc.check.processing": staff().data(&[data::CheckStanding::SHAPE]),
        /// The provider took the task; `data.reference` is its name for it.
        CheckProviderCalled = "kyc.check.provider_called": staff()
            .data(&[data::CheckStanding::SHAPE, data::ProviderTask::SHAPE]),
        /// The provider did not answer as it should; it is tried again later.
        CheckProviderFailed = "kyc.check.provider_failed": staff()
            .data(&[data::CheckStanding::SHAPE, data::Cause::SHAPE])
            .counts(&[PROVIDER_FAILED]),
        /// The provider's result was fetched.
        CheckProviderAnswered = "kyc.check.provider_answered": staff().data(&[data::CheckStanding::SHAPE]),
        /// The provider was heard; the name is being screened.
        CheckScreening = "kyc.check.screening": staff()
            .data(&[data::CheckStanding::SHAPE, data::ProviderVerdict::SHAPE])
            .work(&[Consumer::Screening]),
        /// The name was screened: `data` names engine and list versions and how many hits there were.
        CheckScreened = "kyc.check.screened": staff().data(&[data::CheckStanding::SHAPE, data::ScreeningResult::SHAPE]),
        /// A reviewer spoke on one of its hits; `data` says which and what came of it.
        CheckHitReviewed = "kyc.check.hit_reviewed": staff()
            .data(&[data::CheckStanding::SHAPE, data::ReviewedHit::SHAPE]),
        /// A person has to look at it.
        CheckInReview = "kyc.check.in_review": staff().data(&[data::CheckStanding::SHAPE]).counts(&[CHECK_IN_REVIEW]),
        /// Its person has to do something.
        CheckActionNeeded = "kyc.check.action_needed": person()
            .data(&[data::CheckStanding::SHAPE])
            .notifies(Notification::CheckActionNeeded),
        /// Its person did it; it is with the desk again.
        CheckResubmitted = "kyc.check.resubmitted": staff().data(&[data::CheckStanding::SHAPE]),
        /// A reviewer took it for 15 minutes.
        CheckClaimed = "kyc.check.claimed": staff().data(&[data::CheckStanding::SHAPE]),
        /// The reviewer gave it back.
        CheckReleased = "kyc.check.released": staff().data(&[data::CheckStanding::SHAPE]),
        /// A first reviewer would approve; a second one has to agree.
        CheckSecondReview = "kyc.check.second_review": staff().data(&[data::CheckStanding::SHAPE]),
        /// The second reviewer did not agree.
        CheckSecondReviewDenied = "kyc.check.second_review_denied": staff().data(&[data::CheckStanding::SHAPE]),
        CheckApproved = "kyc.check.approved": person()
            .data(&[data::CheckStanding::SHAPE])
            .notifies(Notification::CheckApproved)
            .counts(&[CHECK_APPROVED]),
        CheckRejected = "kyc.check.rejected": person()
            .data(&[data::CheckStanding::SHAPE])
            .work(&[Consumer::Screening])
            .notifies(Notification::CheckRejected)
            .counts(&[CHECK_REJECTED]),
        /// Its person withdrew it before a decision.
        CheckCancelled = "kyc.check.cancelled": staff()
            .data(&[data::CheckStanding::SHAPE])
            .work(&[Consumer::Screening]),
        /// An approval's validity is over, or a draft lay too long.
        CheckExpired = "kyc.check.expired": person().data(&[data::CheckStanding::SHAPE]),

        /// A name was screened outside of any check: `data` names engine and list versions and how many hits there were.
        NameScreened = "aml.screening.done": staff().data(&[data::ScreeningResult::SHAPE, data::NameScreening::SHAPE]),
        /// A listed entity may be the person of a check.
        HitOpened = "aml.hit.opened": staff().data(&[data::HitOrigin::SHAPE, data::HitVersions::SHAPE]),
        /// A first reviewer would clear a sanctions hit; a second one has to agree.
        HitClearanceProposed = "aml.hit.clearance_proposed": staff()
            .data(&[data::HitOrigin::SHAPE, data::HitRuling::SHAPE]),
        /// A reviewer decided a hit.
        HitDecided = "aml.hit.decided": staff().data(&[data::HitOrigin::SHAPE, data::HitRuling::SHAPE]),
        /// Staff read hits on a person unmasked: `data` names the hits. The subject is the reading itself.
        HitsRead = "aml.hit.read": staff().data(&[data::HitsShown::SHAPE]),
        /// Somebody asked for a list to be fetched now.
        ListRefreshRequested = "aml.list.refresh_requested": staff()
            .data(&[data::RefreshRequest::SHAPE])
            .work(&[Consumer::Lists]),
        /// A list with new content was read and stored; it is not in force before it is compiled.
        ListLoaded = "aml.list.loaded": staff().data(&[data::LoadedContent::SHAPE]).work(&[Consumer::Lists]),
        /// What a list's source gave was refused; the last good list stays in force.
        ListRefused = "aml.list.refused": staff().data(&[data::RefusedContent::SHAPE]),
        /// Newly compiled lists are in force.
        ListsUpdated = "aml.list.updated": staff().data(&[data::CompiledLists::SHAPE]),

        /// Staff read addresses and devices of others in the event log: `data.people` names whose.
        AuditLogRead = "audit.log.read": staff().data(&[data::LogShown::SHAPE]),

        /// A provider's callback with a good signature came in and was kept.
        CallbackReceived = "kyc.callback.received": staff()
            .data(&[data::CallbackSender::SHAPE, data::ProviderTask::SHAPE])
            .work(&[Consumer::Callbacks])
            .counts(&[CALLBACK_RECEIVED]),
        /// It was worked off.
        CallbackProcessed = "kyc.callback.processed": staff()
            .data(&[data::CallbackSender::SHAPE, data::CallbackResult::SHAPE]),

        /// A mail will never reach its address; `data` says which mail and why.
        MailRefused = "mail.refused": staff().data(&[data::RefusedMail::SHAPE]).counts(&[MAIL_REFUSED]),
    }
}

impl EventType {
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Whether the person concerned may see it.
    pub fn is_public(self) -> bool {
        self.row().audience == Audience::Person
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        super::{Amount, Class, Count, Field},
        *,
    };

    #[test]
    fn every_type_has_a_text_of_its_own_that_reads_back() {
        let texts: std::collections::BTreeSet<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(texts.len(), EventType::ALL.len());
        for kind in EventType::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
    }

    #[test]
    fn people_see_nothing_of_the_desk_or_the_machine() {
        let seen: Vec<_> = EventType::ALL.iter().filter(|kind| kind.is_public()).map(|k| k.as_str()).collect();
        assert_eq!(
            seen,
            [
                "user.registered",
                "user.email_verified",
                "user.updated",
                "user.locked",
                "session.created",
                "session.revoked",
                "password.changed",
                "kyc.check.submitted",
                "kyc.check.action_needed",
                "kyc.check.approved",
                "kyc.check.rejected",
                "kyc.check.expired",
            ]
        );
    }

    #[test]
    fn a_type_has_its_own_row() {
        assert_eq!(ROWS.len(), EventType::ALL.len());
        assert_eq!(EventType::MailRefused.row().data, [data::RefusedMail::SHAPE]);
        assert_eq!(EventType::CheckRejected.row().notification, Some(Notification::CheckRejected));
        assert_eq!(EventType::CallbackReceived.row().work, [Consumer::Callbacks]);
    }

    #[test]
    fn no_event_has_two_fields_of_one_name() {
        for kind in EventType::ALL {
            let mut names: Vec<_> = fields(*kind).map(|field| field.name).collect();
            names.sort_unstable();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{kind}");
        }
    }

    #[test]
    fn counters_read_words_and_numbers_that_their_events_have() {
        let has = |kind, name, class| fields(kind).any(|field| field.name == name && field.class == class);
        for kind in EventType::ALL {
            for counter in kind.row().counters {
                for (_, label) in counter.labels {
                    if let Label::Field(name) = label {
                        assert!(has(*kind, *name, Class::Word), "{kind} {name}");
                    }
                }
                if let Amount::Field(name) = counter.by {
                    assert!(has(*kind, name, Class::Number), "{kind} {name}");
                }
            }
        }
    }

    fn fields(kind: EventType) -> impl Iterator<Item = &'static Field> {
        kind.row().data.iter().flat_map(|part| part.fields)
    }

    fn counts(kind: EventType, data: &Value) -> Vec<Count> {
        kind.row().counters.iter().map(|counter| counter.count(data.as_object().unwrap())).collect()
    }

    #[test]
    fn aggregated_events_count_as_many_as_they_stand_for() {
        let login =
            |outcome: &str, by| Count { counter: "auth_login_total", labels: vec![("outcome", outcome.into())], by };
        assert_eq!(
            counts(EventType::UserLockedOut, &json!({"count": 5})),
            [login("locked_out", 1), login("failure", 5)]
        );
    }

    #[test]
    fn a_decision_counts_under_its_provider() {
        let labels = vec![("provider", "sandbox".into()), ("outcome", "approved".into())];
        let expected = Count { counter: "kyc_verification_total", labels, by: 1 };
        assert_eq!(counts(EventType::CheckApproved, &json!({"provider": "sandbox"})), [expected]);
    }
}
