//! The rules of checks, as seen from outside.

use std::collections::BTreeSet;

use super::*;
use crate::{
    aml::{HitDecision, HitMark, ListKind},
    event::EventType,
    id::HitId,
};

mod properties;
mod screening;

const START: Timestamp = Timestamp::from_unix_seconds(1_000_000_000);
const MINUTE: Duration = Duration::from_mins(1);

fn user(n: u8) -> UserId {
    UserId::from_parts(START, [n; 10])
}

fn document(n: u8) -> DocumentId {
    DocumentId::from_parts(START, [n; 10])
}

const PERSON: u8 = 0;
const REVIEWER: u8 = 1;
const SECOND: u8 = 2;

fn draft() -> Check {
    let id = CheckId::from_parts(START, [9; 10]);
    Check::draft(id, user(PERSON), Policy::document("sandbox", 0.85), CheckTrigger::Applicant, START)
}

/// A check after actions that are all in order.
fn after(actions: impl IntoIterator<Item = Action>) -> Check {
    actions.into_iter().fold(draft(), |mut check, action| {
        if action == Action::Start {
            check.pass(StepKind::Documents);
        }
        check.apply(action, START).unwrap().0
    })
}

fn submitted() -> Vec<Action> {
    vec![Action::AddDocuments(vec![document(1)]), Action::Submit(KycStatus::None)]
}

fn processing() -> Vec<Action> {
    [submitted(), vec![Action::Start]].concat()
}

fn in_review() -> Vec<Action> {
    let screen = Action::Screen { passed: false, review_reasons: vec![ReasonCode::ProviderUnavailable] };
    [processing(), vec![screen, found(&[]), Action::SendToReview(vec![])]].concat()
}

fn approved() -> Vec<Action> {
    [processing(), vec![passed(), found(&[]), Action::Pass]].concat()
}

fn passed() -> Action {
    Action::Screen { passed: true, review_reasons: vec![] }
}

fn mark(n: u8, kind: ListKind) -> HitMark {
    HitMark { id: HitId::from_parts(START, [n; 10]), kind, decision: HitDecision::Open }
}

fn found(hits: &[HitMark]) -> Action {
    Action::Screened { hits: hits.to_vec(), lists_are_fresh: true, review_reasons: vec![] }
}

/// A check in review with these hits.
fn with_hits(hits: &[HitMark]) -> Check {
    after([processing(), vec![passed(), found(hits), Action::SendToReview(vec![])]].concat())
}

fn refused(check: &Check, action: Action) -> CheckError {
    check.apply(action, START).unwrap_err()
}

fn risky(level: RiskLevel) -> Check {
    Check { risk: Some(Risk { score: 0.8, level }), ..after(in_review()) }
}

#[test]
fn the_straight_way_ends_approved_for_a_year() {
    let check = after(approved());
    assert_eq!(check.state, CheckState::Approved);
    assert_eq!(check.expires_at, Some(START + VALIDITY));
    assert_eq!(check.decision.as_ref().map(|d| (d.outcome, d.decided_by.len())), Some((CheckOutcome::Approved, 0)));
    let progress = check.for_staff(START).progress;
    assert_eq!(progress, Progress { step: None, done: 3, total: 3 });
}

#[test]
fn an_approval_counts_only_when_every_step_passed() {
    assert_eq!(refused(&after(processing()), Action::Pass), CheckError::StepsMissing);
    let unscreened = after([processing(), vec![passed()]].concat());
    assert_eq!(refused(&unscreened, Action::Pass), CheckError::StepsMissing);
    let unsure = Action::Screen { passed: false, review_reasons: vec![ReasonCode::ProviderUnsure] };
    let unsure = after([processing(), vec![unsure, found(&[])]].concat());
    assert_eq!(refused(&unsure, Action::Pass), CheckError::StepsMissing);
}

#[test]
fn a_technical_failure_never_decides() {
    let check = after(in_review());
    assert_eq!((check.state, check.reasons.as_slice()), (CheckState::InReview, &[ReasonCode::ProviderUnavailable][..]));
    assert_eq!(check.decision, None);
}

#[test]
fn nothing_is_submitted_without_documents_nor_with_too_many() {
    assert_eq!(refused(&draft(), Action::Submit(KycStatus::None)), CheckError::DocumentsMissing);
    assert_eq!(refused(&draft(), Action::AddDocuments(vec![])), CheckError::DocumentsMissing);
    let many = (0..=10).map(document).collect();
    assert_eq!(refused(&draft(), Action::AddDocuments(many)), CheckError::TooManyDocuments);
    let twice = after([Action::AddDocuments(vec![document(1), document(1)])]);
    assert_eq!(twice.document_ids, [document(1)]);
}

#[test]
fn requested_documents_bring_it_back_to_review() {
    let needed = vec![ReasonCode::SelfieNeeded];
    let ask = Action::RequestDocuments { by: user(REVIEWER), needed };
    let asked = after([in_review(), vec![ask]].concat());
    assert_eq!(asked.for_person().status, PublicStatus::ActionNeeded);
    assert_eq!(asked.for_person().needed, [Reason::from(ReasonCode::SelfieNeeded)]);
    let (back, event) = asked.apply(Action::AddDocuments(vec![document(2)]), START).unwrap();
    assert_eq!((back.state, event), (CheckState::InReview, EventType::CheckResubmitted));
    assert!(back.needed.is_empty());
    let (back, _) = asked.apply(Action::Submit(KycStatus::Pending), START).unwrap();
    assert_eq!((back.state, back.status_before), (CheckState::InReview, KycStatus::None));
}

#[test]
fn reviewers_do_not_decide_their_own_check_nor_one_another_holds() {
    let check = after(in_review());
    let approve = |by| Action::Approve { by: user(by), reasons: vec![] };
    assert_eq!(refused(&check, approve(PERSON)), CheckError::OwnCheck);
    assert_eq!(check.claim(user(PERSON), START), Err(CheckError::OwnCheck));
    assert_eq!(check.release(user(PERSON), START), Err(CheckError::OwnCheck));

    let claimed = check.claim(user(REVIEWER), START).unwrap();
    assert_eq!(refused(&claimed, approve(SECOND)), CheckError::ClaimedByAnother);
    assert_eq!(claimed.claim(user(SECOND), START), Err(CheckError::ClaimedByAnother));
    assert_eq!(claimed.release(user(SECOND), START), Err(CheckError::ClaimedByAnother));
    assert!(claimed.apply(approve(REVIEWER), START).is_ok());

    let later = START + CLAIM_LEASE;
    assert_eq!(claimed.claimed_by(later), None);
    assert!(claimed.claim(user(SECOND), later).is_ok());
    assert_eq!(claimed.release(user(REVIEWER), START).unwrap().claim, None);
}

/// Every state a check can be in, with hits and without, claimed by somebody and not.
fn of_every_kind() -> Vec<Check> {
    let reject = Action::Reject { by: user(REVIEWER), reasons: vec![ReasonCode::DocumentForged] };
    let ask = Action::RequestDocuments { by: user(REVIEWER), needed: vec![ReasonCode::SelfieNeeded] };
    let propose = Action::Propose { by: user(REVIEWER), reasons: vec![] };
    let mut all = vec![draft(), after(submitted()), after(processing()), after(in_review()), after(approved())];
    for last in [reject, ask, propose, Action::Cancel] {
        all.push(after([in_review(), vec![last]].concat()));
    }
    all.push(with_hits(&[mark(1, ListKind::Sanctions)]));
    all.push(after(approved()).apply(Action::Expire, START + VALIDITY).unwrap().0);
    all.push(after(in_review()).claim(user(SECOND), START).unwrap());
    assert_eq!(all.iter().map(|check| check.state).collect::<BTreeSet<_>>().len(), CheckState::ALL.len());
    all
}

#[test]
fn staff_get_the_same_answer_about_their_own_check_whatever_its_state() {
    for check in of_every_kind() {
        let own = user(PERSON);
        assert_eq!(check.claim(own, START), Err(CheckError::OwnCheck), "{}", check.state);
        assert_eq!(check.release(own, START), Err(CheckError::OwnCheck), "{}", check.state);
        for second in [false, true] {
            assert_eq!(check.check_hit_decidable(own, second, START), Err(CheckError::OwnCheck), "{}", check.state);
        }
        let decisions =
            [ReviewDecision::Approve(vec![]), ReviewDecision::Reject(vec![]), ReviewDecision::RequestDocuments(vec![])];
        for (decision, four_eyes) in decisions.into_iter().flat_map(|one| [(one.clone(), true), (one, false)]) {
            let action = check.review_action(decision, own, four_eyes);
            assert_eq!(refused(&check, action), CheckError::OwnCheck, "{}", check.state);
        }
    }
}

#[test]
fn only_a_check_in_review_can_be_claimed() {
    assert_eq!(after(processing()).claim(user(REVIEWER), START), Err(CheckError::IllegalTransition));
    assert_eq!(after(approved()).claim(user(REVIEWER), START), Err(CheckError::IllegalTransition));
}

#[test]
fn a_rejection_and_a_request_say_why() {
    let check = after(in_review());
    let reject = Action::Reject { by: user(REVIEWER), reasons: vec![] };
    assert_eq!(refused(&check, reject), CheckError::ReasonMissing);
    let request = Action::RequestDocuments { by: user(REVIEWER), needed: vec![] };
    assert_eq!(refused(&check, request), CheckError::ReasonMissing);
}

#[test]
fn high_risk_takes_four_eyes_to_approve_and_two_eyes_to_reject() {
    let check = risky(RiskLevel::High).claim(user(REVIEWER), START).unwrap();
    let propose = check.review_action(ReviewDecision::Approve(vec![]), user(REVIEWER), true);
    let (proposed, event) = check.apply(propose, START).unwrap();
    assert_eq!((proposed.state, event), (CheckState::AwaitingSecondReview, EventType::CheckSecondReview));
    assert_eq!(proposed.for_person().status, PublicStatus::Processing);

    let agree = |by| proposed.review_action(ReviewDecision::Approve(vec![]), user(by), true);
    assert_eq!(refused(&proposed, agree(REVIEWER)), CheckError::SameReviewer);
    let (approved, _) = proposed.apply(agree(SECOND), START).unwrap();
    assert_eq!(approved.decision.unwrap().decided_by, [user(REVIEWER), user(SECOND)]);

    let no = ReviewDecision::Reject(vec![ReasonCode::SuspectedFraud]);
    let disagree = proposed.review_action(no.clone(), user(SECOND), true);
    let (back, _) = proposed.apply(disagree, START).unwrap();
    assert_eq!((back.state, back.proposal), (CheckState::InReview, None));

    let reject = check.review_action(no, user(REVIEWER), true);
    assert_eq!(check.apply(reject, START).unwrap().0.state, CheckState::Rejected);
}

#[test]
fn lower_risk_or_the_parameter_off_takes_one_reviewer() {
    for (check, four_eyes) in [(risky(RiskLevel::Medium), true), (risky(RiskLevel::Critical), false)] {
        let action = check.review_action(ReviewDecision::Approve(vec![]), user(REVIEWER), four_eyes);
        assert_eq!(check.apply(action, START).unwrap().0.state, CheckState::Approved);
    }
    let hit = Check { reasons: vec![ReasonCode::SanctionsMatch], ..after(in_review()) };
    assert!(hit.needs_second_reviewer(true));
}

#[test]
fn a_person_never_learns_of_machines_reviewers_risk_or_internal_reasons() {
    let reject = Action::Reject { by: user(REVIEWER), reasons: vec![ReasonCode::SanctionsMatch] };
    let rejected = after([in_review(), vec![reject]].concat());
    assert_eq!(rejected.for_person().reasons, [Reason::from(ReasonCode::VerificationFailed)]);
    for check in [rejected, risky(RiskLevel::Critical), after(processing())] {
        let json = serde_json::to_string(&check.for_person()).unwrap();
        for word in ["sanction", "review", "risk", "sandbox", "provider", "\"state\"", "decided", "user_"] {
            assert!(!json.contains(word), "{word} in {json}");
        }
    }
}

#[test]
fn what_a_person_does_not_see_moves_neither_their_time_nor_their_version() {
    let before = after(submitted());
    let later = START + MINUTE;
    let mut check = before.apply(Action::Start, later).unwrap().0;
    for action in [passed(), found(&[]), Action::SendToReview(vec![ReasonCode::HighRisk])] {
        check = check.apply(action, later).unwrap().0;
    }
    let check = check.claim(user(REVIEWER), later).unwrap();
    assert_eq!(check.for_person(), before.for_person());
    assert!(check.version > before.version);
    let (approved, _) = check.apply(Action::Approve { by: user(REVIEWER), reasons: vec![] }, later).unwrap();
    assert_eq!(approved.for_person().updated_at, later);
    assert_eq!(approved.for_person().version, before.for_person().version + 1);
}

#[test]
fn staff_sees_the_internal_reason_of_a_dead_provider() {
    let view = after(in_review()).for_staff(START);
    assert_eq!(view.reasons, [Reason::from(ReasonCode::ProviderUnavailable)]);
    assert_eq!(view.state, CheckState::InReview);
}

#[test]
fn only_what_is_due_expires() {
    let draft = draft();
    assert_eq!(refused(&draft, Action::Expire), CheckError::IllegalTransition);
    assert!(draft.apply(Action::Expire, START + DRAFT_LIFE).is_ok());
    let approved = after(approved());
    let early = START + VALIDITY - MINUTE;
    assert_eq!(approved.apply(Action::Expire, early).unwrap_err(), CheckError::IllegalTransition);
    assert_eq!(approved.apply(Action::Expire, START + VALIDITY).unwrap().0.state, CheckState::Expired);
}

#[test]
fn the_verification_status_follows_the_check() {
    let step = |check: &Check, action, was, at| {
        let (after, _) = check.apply(action, at).unwrap();
        (kyc_status(check, &after, was), after)
    };
    let ready = after([Action::AddDocuments(vec![document(1)])]);
    let (status, sent) = step(&ready, Action::Submit(KycStatus::Rejected), KycStatus::Rejected, START);
    assert_eq!(status, KycStatus::Pending);
    assert_eq!(step(&sent, Action::Cancel, KycStatus::Pending, START).0, KycStatus::Rejected);
    // A renewal leaves the approval standing until it is decided.
    assert_eq!(step(&ready, Action::Submit(KycStatus::Approved), KycStatus::Approved, START).0, KycStatus::Approved);
    assert_eq!(step(&sent, Action::Cancel, KycStatus::Approved, START).0, KycStatus::Approved);
    assert_eq!(step(&ready, Action::Expire, KycStatus::Approved, START + DRAFT_LIFE).0, KycStatus::Approved);
    let approved = after(approved());
    assert_eq!(step(&approved, Action::Expire, KycStatus::Approved, START + VALIDITY).0, KycStatus::Expired);
}

#[test]
fn a_document_is_in_use_once_its_check_was_submitted() {
    assert!(!after([Action::AddDocuments(vec![document(1)])]).holds(document(1)));
    assert!(after(submitted()).holds(document(1)));
    assert!(!after(submitted()).holds(document(2)));
}

#[test]
fn no_way_leads_out_of_a_decision() {
    for verb in Verb::ALL {
        for state in [CheckState::Rejected, CheckState::Cancelled, CheckState::Expired] {
            let stays = *verb == Verb::Screened && state != CheckState::Expired;
            assert_eq!(next(state, *verb).ok(), stays.then_some(state), "{state} {verb:?}");
        }
        let expires = (*verb == Verb::Expire).then_some(CheckState::Expired);
        assert_eq!(next(CheckState::Approved, *verb).ok(), expires, "{verb:?}");
    }
}

#[test]
fn every_state_and_public_status_can_be_reached() {
    let mut reached = BTreeSet::from([CheckState::Draft]);
    loop {
        let more: BTreeSet<_> =
            reached.iter().flat_map(|s| Verb::ALL.iter().filter_map(|v| next(*s, *v).ok())).collect();
        if more.is_subset(&reached) {
            break;
        }
        reached.extend(more);
    }
    assert_eq!(reached.len(), CheckState::ALL.len());
    let statuses: BTreeSet<_> = reached.into_iter().map(CheckState::public).collect();
    assert_eq!(statuses.len(), PublicStatus::ALL.len());
}

#[test]
fn a_note_is_for_staff_and_makes_a_version() {
    let check = after(submitted());
    let claimed = Check { claim: Some(ReviewClaim { by: user(SECOND), until: START + MINUTE }), ..check.clone() };
    for before in [check, claimed, after(approved())] {
        let noted = before.note_added(user(REVIEWER), START + MINUTE).unwrap();
        assert_eq!((noted.notes_count, noted.version), (before.notes_count + 1, before.version + 1));
        assert_eq!((noted.for_person(), noted.state), (before.for_person(), before.state));
        assert_eq!(before.note_added(user(PERSON), START), Err(CheckError::OwnCheck));
    }
    assert_eq!(draft().note_added(user(REVIEWER), START), Err(CheckError::NotSubmitted));
    assert_eq!(draft().note_added(user(PERSON), START), Err(CheckError::OwnCheck));
}
