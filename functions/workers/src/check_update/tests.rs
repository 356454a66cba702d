use verinym::domain::{
    aml::{HitDecision, ListKind},
    check::{CheckTrigger, Policy},
    id::{CheckId, DocumentId, HitId, UserId},
    kyc::KycStatus,
};

use super::*;
use verinym::crypto::random::RandomId;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn submitted() -> StoredCheck {
    let (id, user) = (CheckId::new(NOW), UserId::new(NOW));
    let mut draft = Check::draft(id, user, Policy::document("sandbox", 0.85), CheckTrigger::Applicant, NOW);
    draft.document_ids.push(DocumentId::new(NOW));
    StoredCheck::new(draft.apply(Action::Submit(KycStatus::None), NOW).unwrap().0)
}

fn processing() -> StoredCheck {
    let mut check_update = CheckUpdate::of(&submitted(), NOW);
    check_update.start(true).unwrap();
    check_update.after
}

fn screen_without_hits(check_update: &mut CheckUpdate) {
    check_update.screened(vec![], true, vec![], |event| event).unwrap();
}

fn kinds(check_update: &CheckUpdate) -> Vec<&'static str> {
    check_update.events.iter().map(|event| event.kind.as_str().trim_start_matches("kyc.check.")).collect()
}

#[test]
fn each_event_of_a_commit_has_a_version_of_its_own() {
    let mut check_update = CheckUpdate::of(&processing(), NOW);
    check_update.task_created(&"req-1".parse().unwrap());
    check_update.apply_result(ProviderResult::Approve).unwrap();
    assert_eq!(kinds(&check_update), ["provider_called", "screening"]);
    let versions: Vec<_> = check_update.events.iter().map(|event| event.version).collect();
    assert_eq!(versions, [check_update.before.version + 1, check_update.before.version + 2]);
    assert_eq!(check_update.after.check.version, check_update.before.version + 2);
}

#[test]
fn a_check_with_an_unreadable_document_goes_to_review() {
    let mut check_update = CheckUpdate::of(&submitted(), NOW);
    check_update.start(false).unwrap();
    screen_without_hits(&mut check_update);
    assert_eq!(kinds(&check_update), ["processing", "screening", "screened", "in_review"]);
    assert_eq!(check_update.after.check.steps_done, [StepKind::Screening]);
    assert_eq!(check_update.after.check.reasons, [ReasonCode::DocumentUnreadable]);
}

#[test]
fn a_check_that_passes_provider_and_screening_is_approved() {
    let mut check_update = CheckUpdate::of(&processing(), NOW);
    check_update.apply_result(ProviderResult::Approve).unwrap();
    assert_eq!(check_update.after.check.state, CheckState::Processing);
    screen_without_hits(&mut check_update);
    assert_eq!(kinds(&check_update), ["screening", "screened", "approved"]);
}

#[test]
fn a_check_with_a_hit_goes_to_review_whatever_the_provider_says() {
    for outcome in [ProviderResult::Approve, ProviderResult::Review { reasons: vec![] }] {
        let mut check_update = CheckUpdate::of(&processing(), NOW);
        check_update.apply_result(outcome).unwrap();
        let hit = HitMark { id: HitId::new(NOW), kind: ListKind::Sanctions, decision: HitDecision::Open };
        check_update.screened(vec![hit], true, vec![], |event| event).unwrap();
        assert_eq!(check_update.after.check.state, CheckState::InReview);
        assert!(check_update.after.check.reasons.contains(&ReasonCode::SanctionsMatch));
    }
}

#[test]
fn a_check_with_a_doubtful_name_goes_to_review_without_a_hit() {
    let mut check_update = CheckUpdate::of(&processing(), NOW);
    check_update.apply_result(ProviderResult::Approve).unwrap();
    check_update.screened(vec![], true, vec![ReasonCode::NameMixedScripts], |event| event).unwrap();
    assert_eq!(kinds(&check_update), ["screening", "screened", "in_review"]);
    assert_eq!(check_update.after.check.reasons, [ReasonCode::NameMixedScripts]);
}

#[test]
fn a_check_that_was_not_screened_in_time_is_screened_in_review() {
    let mut check_update = CheckUpdate::of(&processing(), NOW);
    check_update.apply_result(ProviderResult::Approve).unwrap();
    check_update.stop_asking_provider().unwrap();
    assert_eq!(check_update.after.check.reasons, [ReasonCode::ScreeningUnavailable]);
    screen_without_hits(&mut check_update);
    assert_eq!(check_update.after.check.state, CheckState::InReview);
    assert!(check_update.after.check.is_passed() && check_update.after.check.reasons.is_empty());
}

#[test]
fn a_check_with_a_missing_step_goes_to_review() {
    let mut stored = processing();
    stored.check.steps_done.clear();
    let mut check_update = CheckUpdate::of(&stored, NOW);
    check_update.apply_result(ProviderResult::Approve).unwrap();
    screen_without_hits(&mut check_update);
    assert_eq!(check_update.after.check.state, CheckState::InReview);
    assert_eq!(check_update.after.check.reasons, [ReasonCode::PolicyIncomplete]);
}

#[test]
fn failed_calls_lead_to_review_and_never_to_a_decision() {
    let mut stored = processing();
    for left in [2, 1, 0] {
        let mut check_update = CheckUpdate::of(&stored, NOW);
        check_update.call_failed("unavailable", false, Duration::from_secs(3)).unwrap();
        assert_eq!(check_update.is_settled(), left == 0);
        stored = check_update.after;
    }
    let mut check_update = CheckUpdate::of(&stored, NOW);
    screen_without_hits(&mut check_update);
    let stored = check_update.after;
    assert_eq!(stored.check.state, CheckState::InReview);
    assert_eq!(stored.check.reasons, [ReasonCode::ProviderUnavailable]);
    assert_eq!((stored.check.attempts, stored.check.decision), (3, None));
}

#[test]
fn a_refused_call_is_not_retried() {
    let mut check_update = CheckUpdate::of(&processing(), NOW);
    check_update.call_failed("refused", true, Duration::ZERO).unwrap();
    assert!(check_update.is_settled());
}

#[test]
fn a_failed_task_is_replaced_by_one_with_another_id() {
    let mut check_update = CheckUpdate::of(&processing(), NOW);
    check_update.task_created(&"req-1".parse().unwrap());
    let mut check_update = CheckUpdate::of(&check_update.after, NOW);
    check_update.task_failed(Duration::from_secs(1)).unwrap();
    assert_eq!((check_update.after.work.task, check_update.after.check.provider_reference.as_deref()), (1, None));
    assert!(!check_update.is_settled());
}
