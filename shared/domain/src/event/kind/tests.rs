use serde_json::{Value, json};

use super::{
    super::{Amount, Class, Count, DataField},
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

/// A second list on purpose: what people learn of their checks is decided here too, since it may warn a suspect.
#[test]
fn people_see_no_events_of_reviewers_or_workers() {
    let seen: Vec<_> = EventType::ALL.iter().filter(|kind| kind.is_public()).map(|k| k.as_str()).collect();
    assert_eq!(
        seen,
        [
            "user.registered",
            "user.imported",
            "user.provisioned",
            "user.email_verified",
            "user.updated",
            "user.phone_code_requested",
            "user.phone_verified",
            "user.email_changed",
            "user.email_change_undone",
            "user.registered_by_provider",
            "user.social_account_linked",
            "user.social_account_unlinked",
            "user.passkey_added",
            "user.passkey_removed",
            "user.new_device",
            "user.sign_in_disowned",
            "user.deactivated",
            "user.reactivated",
            "session.created",
            "session.revoked",
            "device.registered",
            "device.trusted",
            "device.distrusted",
            "device.removed",
            "password.changed",
            "mfa.enabled",
            "mfa.disabled",
            "mfa.backup_codes_renewed",
            "mfa.backup_code_used",
            "kyc.check.submitted",
            "kyc.check.action_needed",
            "kyc.check.approved",
            "kyc.check.rejected",
            "kyc.check.expired",
        ]
    );
}

/// A second list on purpose: what leaves the system is decided here too. Of the events that are not in a person's history, endpoints
/// are told of those that the person learns of in another way: by mail, by the status of a document, or because it was their own
/// act.
#[test]
fn endpoints_are_told_of_these_events_and_no_others() {
    let told: Vec<_> = EventType::ALL
        .iter()
        .filter_map(|kind| Some((kind.as_str(), kind.row().webhook?.as_str())))
        .filter(|(kind, told)| kind != told)
        .collect();
    assert_eq!(
        told,
        [
            ("user.imported", "user.registered"),
            ("user.provisioned", "user.registered"),
            ("user.phone_code_requested", "user.updated"),
            ("user.phone_verified", "user.updated"),
            ("user.email_changed", "user.updated"),
            ("user.email_change_undone", "user.updated"),
            ("user.registered_by_provider", "user.registered"),
            ("session.refresh_reused", "session.revoked"),
            ("password.reset", "password.changed"),
            ("mfa.enabled", "mfa.changed"),
            ("mfa.disabled", "mfa.changed"),
            ("mfa.reset", "mfa.changed"),
            ("mfa.backup_codes_renewed", "mfa.changed"),
        ]
    );
    let told_of_staff: Vec<_> = EventType::ALL
        .iter()
        .filter(|kind| !kind.is_public() && kind.row().webhook.is_some())
        .map(|kind| kind.as_str())
        .collect();
    assert_eq!(
        told_of_staff,
        [
            "user.locked",
            "session.refresh_reused",
            "password.reset",
            "mfa.reset",
            "kyc.document.rejected",
            "kyc.check.cancelled",
            "aml.hit.opened",
            "aml.list.updated",
        ]
    );
    for webhook in WebhookType::ALL {
        assert!(
            EventType::ALL.iter().any(|kind| kind.row().webhook == Some(*webhook)),
            "{webhook} follows from no event"
        );
        // What needs a permission is not for the person; the reverse is in the list above.
        if webhook.permission().is_some() {
            assert!(EventType::ALL.iter().all(|kind| kind.row().webhook != Some(*webhook) || !kind.is_public()));
        }
    }
}

/// A second list on purpose: what the view of security events shows is decided here too.
#[test]
fn these_events_are_about_security_and_no_others() {
    let security: Vec<_> = EventType::ALL.iter().filter(|kind| kind.row().security).map(|kind| kind.as_str()).collect();
    assert_eq!(
        security,
        [
            "users.exported",
            "user.registration_repeated",
            "user.email_change_requested",
            "user.email_changed",
            "user.email_change_undone",
            "user.roles_changed",
            "user.invited",
            "user.invitation_accepted",
            "user.invitation_revoked",
            "user.social_account_linked",
            "user.social_account_unlinked",
            "user.passkey_added",
            "user.passkey_removed",
            "user.passkey_suspected",
            "user.new_device",
            "user.sign_in_disowned",
            "user.deactivated",
            "user.reactivated",
            "user.locked",
            "user.unlocked",
            "user.signed_out",
            "user.locked_out",
            "user.sign_in_failed",
            "user.sign_in_refused",
            "user.sign_in_refused_again",
            "session.refresh_reused",
            "device.trusted",
            "device.distrusted",
            "password.changed",
            "password.reset_requested",
            "password.reset",
            "password.reset_required",
            "mfa.enabled",
            "mfa.disabled",
            "mfa.reset",
            "mfa.backup_codes_renewed",
            "mfa.backup_code_used",
            "mfa.locked_out",
            "role.created",
            "role.changed",
            "role.deleted",
            "client.created",
            "client.secret_rotated",
            "client.deleted",
        ]
    );
}

#[test]
fn a_type_has_its_own_row() {
    assert_eq!(ROWS.len(), EventType::ALL.len());
    assert_eq!(EventType::MailRefused.row().data, [data::RefusedMail::SHAPE]);
    assert_eq!(EventType::CheckRejected.row().notification, Some(Notification::CheckRejected));
    assert_eq!(EventType::CallbackReceived.row().work, [Queue::Callbacks]);
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
fn counters_read_words_and_numbers_of_their_events() {
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

fn fields(kind: EventType) -> impl Iterator<Item = &'static DataField> {
    kind.row().data.iter().flat_map(|part| part.fields)
}

fn counts(kind: EventType, data: &Value) -> Vec<Count> {
    kind.row().counters.iter().map(|counter| counter.count(data.as_object().unwrap())).collect()
}

#[test]
fn data_fits_the_types_that_have_its_parts() {
    let cause = EventData::of(&data::Cause { reason: "signed_out".into() });
    assert!(EventType::SessionRevoked.fits(&cause));
    assert!(!EventType::SessionCreated.fits(&cause));
    assert!(!EventType::CheckProviderFailed.fits(&cause), "a part is missing");
    assert!(!EventType::SessionRevoked.fits(&cause.with(&data::SignInMethods { amr: vec![] })), "a part too many");
    assert!(EventType::PasswordChanged.fits(&EventData::default()));
}

#[test]
fn an_aggregated_event_counts_as_many_as_it_represents() {
    let login =
        |outcome: &str, by| Count { counter: "auth_login_total", labels: vec![("outcome", outcome.into())], by };
    assert_eq!(counts(EventType::UserLockedOut, &json!({"count": 5})), [login("locked_out", 1), login("failure", 5)]);
}

#[test]
fn a_decision_counts_under_its_provider() {
    let labels = vec![("provider", "sandbox".into()), ("outcome", "approved".into())];
    let expected = Count { counter: "kyc_verification_total", labels, by: 1 };
    assert_eq!(counts(EventType::CheckApproved, &json!({"provider": "sandbox"})), [expected]);
}
