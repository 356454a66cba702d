//! The event log: what can happen, who did it, who hears of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    id::{EventId, SessionId, UserId},
    mail::MailKind,
    secret::Masked,
    time::Timestamp,
    words::words,
};

words! {
    /// What can happen. The data of an event holds ids and public words only, no personal data.
    pub enum EventType {
        /// An account was made; its address is not confirmed yet.
        UserRegistered = "user.registered",
        /// Somebody tried to register the address of this account.
        UserRegistrationRepeated = "user.registration_repeated",
        /// A new mail to confirm the address was asked for.
        UserVerificationRequested = "user.verification_requested",
        /// The address is confirmed.
        UserEmailVerified = "user.email_verified",
        /// The profile changed; `changes` says what, masked.
        UserUpdated = "user.updated",
        /// Roles were given or taken.
        UserRolesChanged = "user.roles_changed",
        /// An administrator closed the account.
        UserLocked = "user.locked",
        /// Failed sign-ins (`data.count` of them) locked an identifier for a while; the person is known only if the
        /// identifier is theirs.
        UserLockedOut = "user.locked_out",
        /// Wrong passwords were given for this account: one event stands for all of them from `data.from` to `data.to`, a
        /// quarter of an hour.
        UserSignInFailed = "user.sign_in_failed",

        /// Somebody signed in.
        SessionCreated = "session.created",
        /// A session was ended: signed out, by its person from elsewhere, by a change of password or by staff.
        SessionRevoked = "session.revoked",
        /// A refresh token came out of its turn, so its session was ended.
        SessionRefreshReused = "session.refresh_reused",

        /// The password was changed by somebody signed in.
        PasswordChanged = "password.changed",
        /// A mail to set a new password was asked for.
        PasswordResetRequested = "password.reset_requested",
        /// A new password was set through a mailed link.
        PasswordReset = "password.reset",
        /// The hash was made anew under raised parameters; the password is the same.
        PasswordRehashed = "password.rehashed",

        /// A document was handed in; it is to be looked at.
        DocumentUploaded = "kyc.document.uploaded",
        /// It is sound and stands encrypted.
        DocumentStored = "kyc.document.stored",
        /// It is not what it should be; `data.reason` says why.
        DocumentRejected = "kyc.document.rejected",
        /// Its person took it back.
        DocumentDeleted = "kyc.document.deleted",
        /// Its content was read, by its person or by staff.
        DocumentRead = "kyc.document.read",

        /// A check was begun as a draft.
        CheckCreated = "kyc.check.created",
        /// Documents were added to a check.
        CheckDocumentsAdded = "kyc.check.documents_added",
        /// Its person submitted it.
        CheckSubmitted = "kyc.check.submitted",
        /// The worker took it up.
        CheckProcessing = "kyc.check.processing",
        /// The provider took the task; `data.reference` is its name for it.
        CheckProviderCalled = "kyc.check.provider_called",
        /// The provider did not answer as it should; it is tried again later.
        CheckProviderFailed = "kyc.check.provider_failed",
        /// The provider's result was fetched.
        CheckProviderAnswered = "kyc.check.provider_answered",
        /// The provider was heard; the name is being screened.
        CheckScreening = "kyc.check.screening",
        /// The name was screened: `data` names engine and list versions and how many hits there were.
        CheckScreened = "kyc.check.screened",
        /// A reviewer spoke on one of its hits; `data` says which and what came of it.
        CheckHitReviewed = "kyc.check.hit_reviewed",
        /// A person has to look at it.
        CheckInReview = "kyc.check.in_review",
        /// Its person has to do something.
        CheckActionNeeded = "kyc.check.action_needed",
        /// Its person did it; it is with the desk again.
        CheckResubmitted = "kyc.check.resubmitted",
        /// A reviewer took it for 15 minutes.
        CheckClaimed = "kyc.check.claimed",
        /// The reviewer gave it back.
        CheckReleased = "kyc.check.released",
        /// A first reviewer would approve; a second one has to agree.
        CheckSecondReview = "kyc.check.second_review",
        /// The second reviewer did not agree.
        CheckSecondReviewDenied = "kyc.check.second_review_denied",
        CheckApproved = "kyc.check.approved",
        CheckRejected = "kyc.check.rejected",
        /// Its person withdrew it before a decision.
        CheckCancelled = "kyc.check.cancelled",
        /// An approval's validity is over, or a draft lay too long.
        CheckExpired = "kyc.check.expired",

        /// A name was screened outside of any check: `data` names engine and list versions and how many hits there were.
        NameScreened = "aml.screening.done",
        /// A listed entity may be the person of a check.
        HitOpened = "aml.hit.opened",
        /// A first reviewer would clear a sanctions hit; a second one has to agree.
        HitClearanceProposed = "aml.hit.clearance_proposed",
        /// A reviewer decided a hit.
        HitDecided = "aml.hit.decided",
        /// Staff read hits on a person unmasked: `data` names the hits. The subject is the reading itself.
        HitsRead = "aml.hit.read",
        /// Somebody asked for a list to be fetched now.
        ListRefreshRequested = "aml.list.refresh_requested",
        /// A list with new content was read and stored; it is not in force before it is compiled.
        ListLoaded = "aml.list.loaded",
        /// What a list's source gave was refused; the last good list stays in force.
        ListRefused = "aml.list.refused",
        /// Newly compiled lists are in force.
        ListsUpdated = "aml.list.updated",

        /// Staff read addresses and devices of others in the event log: `data.people` names whose.
        AuditLogRead = "audit.log.read",

        /// A provider's callback with a good signature came in and was kept.
        CallbackReceived = "kyc.callback.received",
        /// It was worked off.
        CallbackProcessed = "kyc.callback.processed",

        /// A mail will never reach its address; `data` says which mail and why.
        MailRefused = "mail.refused",
    }
}

/// Who hears of an event: the queues it is put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Queue `notification`: a mail to the person concerned.
    Mail(MailKind),
    /// Queue `verification`: the check is worked on.
    Verification,
    /// Queue `screening`: the person of a check is screened.
    Screening,
    /// Queue `lists`: a list is fetched, or the lists are compiled.
    Lists,
    /// Queue `documents`: the document is looked at.
    Documents,
    /// Queue `provider-callbacks`: the callback is worked off.
    ProviderCallbacks,
}

impl EventType {
    /// The queues that want it.
    pub const fn routes(self) -> &'static [Route] {
        match self {
            Self::UserRegistered | Self::UserVerificationRequested => &[Route::Mail(MailKind::Verify)],
            Self::UserRegistrationRepeated => &[Route::Mail(MailKind::AddressAlreadyRegistered)],
            Self::UserEmailVerified => &[Route::Mail(MailKind::Welcome)],
            Self::PasswordResetRequested => &[Route::Mail(MailKind::Reset)],
            Self::PasswordChanged
            | Self::PasswordReset
            | Self::SessionRefreshReused
            | Self::UserLocked
            | Self::UserRolesChanged => &[Route::Mail(MailKind::SecurityNotice)],
            Self::CheckApproved | Self::CheckActionNeeded => &[Route::Mail(MailKind::Decision)],
            // What was submitted is screened, whatever becomes of the check.
            Self::CheckRejected => &[Route::Mail(MailKind::Decision), Route::Screening],
            Self::CheckCancelled => &[Route::Screening],
            Self::CheckSubmitted => &[Route::Verification],
            Self::CheckScreening => &[Route::Screening],
            Self::ListRefreshRequested | Self::ListLoaded => &[Route::Lists],
            // A document that is gone or rejected has an object that must go too.
            Self::DocumentUploaded | Self::DocumentDeleted | Self::DocumentRejected => &[Route::Documents],
            Self::CallbackReceived => &[Route::ProviderCallbacks],
            _ => &[],
        }
    }

    /// Whether the person concerned may see it: in a check's history, in webhooks and on realtime. What would tell
    /// whether a machine or a desk is at work never is.
    pub const fn is_public(self) -> bool {
        matches!(
            self,
            Self::UserRegistered
                | Self::UserEmailVerified
                | Self::UserUpdated
                | Self::UserLocked
                | Self::SessionCreated
                | Self::SessionRevoked
                | Self::PasswordChanged
                | Self::CheckSubmitted
                | Self::CheckActionNeeded
                | Self::CheckApproved
                | Self::CheckRejected
                | Self::CheckExpired
        )
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A person, about themselves or as staff.
    User(UserId),
    /// A part of ours: `expiry`, `verification` …
    System(String),
    /// An identity provider, by name.
    Provider(String),
    /// A machine client, by id.
    Client(String),
    /// A caller who did not sign in.
    Anonymous,
}

impl Actor {
    /// A part of ours.
    pub fn system(part: &str) -> Self {
        Self::System(part.to_owned())
    }

    pub fn view(&self) -> ActorView {
        let (kind, id) = match self {
            Self::User(id) => ("user", Some(id.to_string())),
            Self::System(part) => ("system", Some(part.clone())),
            Self::Provider(name) => ("provider", Some(name.clone())),
            Self::Client(id) => ("client", Some(id.clone())),
            Self::Anonymous => ("anonymous", None),
        };
        ActorView { kind: kind.to_owned(), id }
    }

    /// What the index `actor` files it under: people and clients only.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::User(id) => Some(id.to_string()),
            Self::Client(id) => Some(id.clone()),
            Self::System(_) | Self::Provider(_) | Self::Anonymous => None,
        }
    }
}

/// The thing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// `user`, `session`, `check`, `document`, `callback` …
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
}

impl Subject {
    #[expect(clippy::needless_pass_by_value, reason = "ids are copied, and read better without a mark")]
    pub fn new(kind: &str, id: impl ToString) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// A field's change, both sides masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    pub field: String,
    pub before_masked: Option<String>,
    pub after_masked: Option<String>,
}

/// Who did it, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActorView {
    /// `user`, `system`, `provider`, `client` or `anonymous`.
    #[serde(rename = "type")]
    pub kind: String,
    pub id: Option<String>,
}

/// What only staff with `audit:read` sees of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Origin {
    #[schema(value_type = Option<String>)]
    pub ip: Option<Masked<String>>,
    #[schema(value_type = Option<String>)]
    pub user_agent: Option<Masked<String>>,
    pub session_id: Option<SessionId>,
    /// 0 to 100; absent where no risk was reckoned.
    pub risk_score: Option<u8>,
}

/// An event as the API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub occurred_at: Timestamp,
    pub subject: Subject,
    /// The user concerned.
    pub person: Option<UserId>,
    pub actor: ActorView,
    pub correlation_id: String,
    /// Ids and public words; no personal data.
    pub data: serde_json::Value,
    pub changes: Vec<Change>,
    /// For staff only.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A counter and how far an event moves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Prometheus name, `_total`.
    pub counter: &'static str,
    pub labels: Vec<(&'static str, String)>,
    pub by: u64,
}

impl Count {
    fn new(counter: &'static str, labels: &[(&'static str, &str)]) -> Self {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { counter, labels, by: 1 }
    }

    fn by(self, count: u64) -> Self {
        Self { by: count, ..self }
    }
}

/// The counters an event moves. Label values come from the event's type and from `data.provider` and `data.reason`, which
/// hold a few known words.
pub fn counts(kind: EventType, data: &serde_json::Value) -> Vec<Count> {
    let word = |key: &str| data.get(key).and_then(serde_json::Value::as_str).unwrap_or("unknown");
    let many = data.get("count").and_then(serde_json::Value::as_u64).unwrap_or(1);
    let login = |outcome| Count::new("auth_login_total", &[("outcome", outcome)]);
    let check = |outcome| Count::new("kyc_verification_total", &[("provider", word("provider")), ("outcome", outcome)]);
    let document = |outcome| Count::new("kyc_document_total", &[("outcome", outcome)]);
    let callback = |outcome| Count::new("kyc_callback_total", &[("provider", word("provider")), ("outcome", outcome)]);
    match kind {
        EventType::UserRegistered => vec![Count::new("auth_registration_total", &[])],
        EventType::UserEmailVerified => vec![Count::new("auth_email_verified_total", &[])],
        EventType::SessionCreated => vec![login("success")],
        EventType::UserLockedOut => vec![login("locked_out"), login("failure").by(many)],
        EventType::SessionRefreshReused => vec![Count::new("auth_refresh_reused_total", &[])],
        EventType::PasswordReset => vec![Count::new("auth_password_reset_total", &[])],
        EventType::CheckSubmitted => vec![Count::new("kyc_check_submitted_total", &[])],
        EventType::CheckInReview => vec![check("in_review")],
        EventType::CheckApproved => vec![check("approved")],
        EventType::CheckRejected => vec![check("rejected")],
        EventType::CheckProviderFailed => vec![check("provider_failed")],
        EventType::DocumentStored => vec![document("stored")],
        EventType::DocumentRejected => vec![document("rejected")],
        EventType::CallbackReceived => vec![callback("received")],
        EventType::MailRefused => vec![Count::new("mail_refused_total", &[("reason", word("reason"))])],
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn every_mail_is_sent_for_some_event() {
        let sent: Vec<_> = EventType::ALL.iter().flat_map(|kind| kind.routes()).collect();
        assert!(MailKind::ALL.iter().all(|mail| sent.contains(&&Route::Mail(*mail))));
    }

    #[test]
    fn actors_read_back_and_show_type_and_id() {
        let user = UserId::new(Timestamp::from_unix_millis(1));
        for actor in [
            Actor::User(user),
            Actor::system("expiry"),
            Actor::Provider("sandbox".into()),
            Actor::Client("cli_1".into()),
            Actor::Anonymous,
        ] {
            let stored = serde_json::to_string(&actor).unwrap();
            assert_eq!(serde_json::from_str::<Actor>(&stored).unwrap(), actor);
            assert!(stored.contains(&format!("\"type\":\"{}\"", actor.view().kind)));
        }
        assert_eq!(json!(Actor::Anonymous.view()), json!({"type": "anonymous", "id": null}));
    }

    #[test]
    fn aggregated_events_count_as_many_as_they_stand_for() {
        let counts = counts(EventType::UserLockedOut, &json!({"count": 5}));
        let login = |outcome| Count::new("auth_login_total", &[("outcome", outcome)]);
        assert_eq!(counts, [login("locked_out"), login("failure").by(5)]);
    }

    #[test]
    fn a_decision_counts_under_its_provider() {
        let counts = counts(EventType::CheckApproved, &json!({"provider": "sandbox"}));
        let labels = [("provider", "sandbox"), ("outcome", "approved")];
        assert_eq!(counts, [Count::new("kyc_verification_total", &labels)]);
    }

    #[test]
    fn only_staff_sees_where_an_event_came_from() {
        let mut event = EventView {
            id: EventId::new(Timestamp::from_unix_millis(1)),
            kind: EventType::SessionCreated,
            occurred_at: Timestamp::from_unix_millis(1),
            subject: Subject::new("session", "sess_1"),
            person: None,
            actor: Actor::Anonymous.view(),
            correlation_id: "c".into(),
            data: json!({}),
            changes: vec![],
            origin: None,
        };
        assert!(json!(event).get("ip").is_none());
        event.origin =
            Some(Origin { ip: Some(Masked("192.0.2.1".into())), user_agent: None, session_id: None, risk_score: None });
        assert_eq!(json!(event)["ip"], "192.0.2.1");
        assert_eq!(json!(event)["type"], "session.created");
        assert!(!format!("{event:?}").contains("192.0.2.1"));
    }
}
