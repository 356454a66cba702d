//! The rules of checks, as seen from outside.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    aml::{HitDecision, HitMark, ListKind},
    event::EventType,
    id::HitId,
};

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
    Check::draft(id, user(PERSON), Policy::document("sandbox", 0.85), Trigger::Applicant, START)
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
    let screen = Action::Screen { vouched: false, doubts: vec![ReasonCode::ProviderUnavailable] };
    [processing(), vec![screen, found(&[]), Action::Doubt(vec![])]].concat()
}

fn approved() -> Vec<Action> {
    [processing(), vec![vouched(), found(&[]), Action::Pass]].concat()
}

fn vouched() -> Action {
    Action::Screen { vouched: true, doubts: vec![] }
}

fn mark(n: u8, kind: ListKind) -> HitMark {
    HitMark { id: HitId::from_parts(START, [n; 10]), kind, decision: HitDecision::Open }
}

fn found(hits: &[HitMark]) -> Action {
    Action::Screened { hits: hits.to_vec(), clears: true, doubts: vec![] }
}

/// At the desk with these hits.
fn with_hits(hits: &[HitMark]) -> Check {
    after([processing(), vec![vouched(), found(hits), Action::Doubt(vec![])]].concat())
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
    assert_eq!(check.decision.as_ref().map(|d| (d.outcome, d.decided_by.len())), Some((Outcome::Approved, 0)));
    let progress = check.for_staff(START).progress;
    assert_eq!(progress, Progress { step: None, done: 3, total: 3 });
}

#[test]
fn an_approval_counts_only_when_every_step_passed() {
    assert_eq!(refused(&after(processing()), Action::Pass), CheckError::StepsMissing);
    let unscreened = after([processing(), vec![vouched()]].concat());
    assert_eq!(refused(&unscreened, Action::Pass), CheckError::StepsMissing);
    let unsure = Action::Screen { vouched: false, doubts: vec![ReasonCode::ProviderUnsure] };
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
fn documents_asked_for_bring_it_back_to_the_desk() {
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
            assert_eq!(check.admits_hit_decision(own, second, START), Err(CheckError::OwnCheck), "{}", check.state);
        }
        let decisions =
            [DeskDecision::Approve(vec![]), DeskDecision::Reject(vec![]), DeskDecision::RequestDocuments(vec![])];
        for (decision, four_eyes) in decisions.into_iter().flat_map(|one| [(one.clone(), true), (one, false)]) {
            let action = check.desk_action(decision, own, four_eyes);
            assert_eq!(refused(&check, action), CheckError::OwnCheck, "{}", check.state);
        }
    }
}

#[test]
fn only_what_is_at_the_desk_can_be_claimed() {
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
    let propose = check.desk_action(DeskDecision::Approve(vec![]), user(REVIEWER), true);
    let (proposed, event) = check.apply(propose, START).unwrap();
    assert_eq!((proposed.state, event), (CheckState::AwaitingSecondReview, EventType::CheckSecondReview));
    assert_eq!(proposed.for_person().status, PublicStatus::Processing);

    let agree = |by| proposed.desk_action(DeskDecision::Approve(vec![]), user(by), true);
    assert_eq!(refused(&proposed, agree(REVIEWER)), CheckError::SameReviewer);
    let (approved, _) = proposed.apply(agree(SECOND), START).unwrap();
    assert_eq!(approved.decision.unwrap().decided_by, [user(REVIEWER), user(SECOND)]);

    let no = DeskDecision::Reject(vec![ReasonCode::SuspectedFraud]);
    let disagree = proposed.desk_action(no.clone(), user(SECOND), true);
    let (back, _) = proposed.apply(disagree, START).unwrap();
    assert_eq!((back.state, back.proposal), (CheckState::InReview, None));

    let reject = check.desk_action(no, user(REVIEWER), true);
    assert_eq!(check.apply(reject, START).unwrap().0.state, CheckState::Rejected);
}

#[test]
fn lower_risk_or_the_parameter_off_takes_one_reviewer() {
    for (check, four_eyes) in [(risky(RiskLevel::Medium), true), (risky(RiskLevel::Critical), false)] {
        let action = check.desk_action(DeskDecision::Approve(vec![]), user(REVIEWER), four_eyes);
        assert_eq!(check.apply(action, START).unwrap().0.state, CheckState::Approved);
    }
    let hit = Check { reasons: vec![ReasonCode::SanctionsMatch], ..after(in_review()) };
    assert!(hit.needs_second_reviewer(true));
}

#[test]
fn a_person_never_learns_of_machine_desk_risk_or_internal_reasons() {
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
    for action in [vouched(), found(&[]), Action::Doubt(vec![ReasonCode::HighRisk])] {
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
fn a_check_with_an_open_hit_is_not_approved_and_with_a_true_match_never() {
    let check = with_hits(&[mark(1, ListKind::Sanctions), mark(2, ListKind::Pep)]);
    assert_eq!(check.reasons, [ReasonCode::SanctionsMatch, ReasonCode::PepMatch]);
    let approve = || Action::Approve { by: user(REVIEWER), reasons: vec![] };
    assert_eq!(refused(&check, approve()), CheckError::OpenHits);
    let check = check.hit_decided(mark(1, ListKind::Sanctions).id, HitDecision::FalsePositive, START).unwrap();
    assert_eq!(check.reasons, [ReasonCode::PepMatch], "no sanctions hit is left to speak of");
    assert_eq!(refused(&check, approve()), CheckError::OpenHits);

    let held = check.hit_decided(mark(2, ListKind::Pep).id, HitDecision::TrueMatch, START).unwrap();
    assert_eq!(refused(&held, approve()), CheckError::TrueMatch);
    let propose = Action::Propose { by: user(REVIEWER), reasons: vec![] };
    assert_eq!(refused(&held, propose), CheckError::TrueMatch);

    let cleared = check.hit_decided(mark(2, ListKind::Pep).id, HitDecision::FalsePositive, START).unwrap();
    assert!(cleared.is_passed() && cleared.reasons.is_empty());
    assert_eq!(cleared.apply(approve(), START).unwrap().0.state, CheckState::Approved);
}

#[test]
fn risk_follows_from_the_hits_and_stays_when_a_reviewer_cleared_them() {
    let level = |check: &Check| check.risk.map(|risk| risk.level);
    assert_eq!(level(&with_hits(&[])), None);
    for (kind, risk) in [
        (ListKind::Sanctions, RiskLevel::High),
        (ListKind::Pep, RiskLevel::High),
        (ListKind::AdverseMedia, RiskLevel::Medium),
    ] {
        let hit = mark(1, kind);
        let check = with_hits(&[hit]);
        assert_eq!(level(&check), Some(risk), "{kind}");
        let cleared = check.hit_decided(hit.id, HitDecision::FalsePositive, START).unwrap();
        assert_eq!(level(&cleared), Some(risk), "{kind}");
        // One reviewer who cleared it does not approve alone, nor after another disagreed.
        let action = cleared.desk_action(DeskDecision::Approve(vec![]), user(REVIEWER), true);
        assert_eq!(action.verb() == Verb::Propose, risk >= RiskLevel::High, "{kind}");
        if action.verb() == Verb::Propose {
            let proposed = cleared.apply(action, START).unwrap().0;
            let no = Action::Disagree { by: user(SECOND), reasons: vec![ReasonCode::DocumentUnreadable] };
            let again = proposed.apply(no, START).unwrap().0;
            assert!(again.needs_second_reviewer(true), "{kind}");
        }
        let held = cleared.hit_decided(hit.id, HitDecision::TrueMatch, START).unwrap();
        let worst = if kind == ListKind::Sanctions { RiskLevel::Critical } else { risk };
        assert_eq!(level(&held), Some(worst), "{kind}");
    }
    // Hits that were found on stale lists count, and so do those found later.
    let stale = Action::Screened { hits: vec![mark(1, ListKind::AdverseMedia)], clears: false, doubts: vec![] };
    let check =
        after([processing(), vec![vouched(), stale, Action::Doubt(vec![]), found(&[mark(2, ListKind::Pep)])]].concat());
    assert_eq!(level(&check), Some(RiskLevel::High));
    // An assessed risk is never lowered.
    let critical = Check { risk: Some(Risk { score: 0.9, level: RiskLevel::Critical }), ..with_hits(&[]) };
    let decided = Check { screening: with_hits(&[mark(1, ListKind::Pep)]).screening, ..critical };
    let decided = decided.hit_decided(mark(1, ListKind::Pep).id, HitDecision::FalsePositive, START).unwrap();
    assert_eq!(level(&decided), Some(RiskLevel::Critical));
}

#[test]
fn a_submitted_snapshot_is_screened_though_its_check_was_closed_before() {
    let reject = Action::ProviderRejected(vec![ReasonCode::DocumentForged]);
    let by_reviewer = Action::Reject { by: user(REVIEWER), reasons: vec![ReasonCode::DocumentForged] };
    let stale = Action::Screened { hits: vec![], clears: false, doubts: vec![] };
    let unscreened = [processing(), vec![vouched(), stale, Action::Doubt(vec![])]].concat();
    for closed in [
        after([submitted(), vec![Action::Cancel]].concat()),
        after([processing(), vec![Action::Cancel]].concat()),
        after([processing(), vec![reject]].concat()),
        after([unscreened, vec![by_reviewer]].concat()),
    ] {
        assert!(closed.wants_screening(), "{}", closed.state);
        let hit = mark(1, ListKind::Sanctions);
        let again = Action::Screened { hits: vec![hit], clears: false, doubts: vec![] };
        let (seen, event) = closed.apply(again, START + MINUTE).unwrap();
        assert!(seen.wants_screening() && event == EventType::CheckScreened);
        let (done, _) = seen.apply(found(&[]), START + MINUTE).unwrap();
        assert!(!done.wants_screening());
        assert_eq!((done.state, &done.reasons, &done.decision), (closed.state, &closed.reasons, &closed.decision));
        assert_eq!((done.hits(HitDecision::Open), done.for_person()), (1, closed.for_person()));
        assert_eq!(refused(&done, found(&[])), CheckError::IllegalTransition, "once is enough");
        assert_eq!(done.admits_hit_decision(user(REVIEWER), false, START), Ok(()));
    }
    let cancelled_draft = after([Action::AddDocuments(vec![document(1)]), Action::Cancel]);
    for none in [cancelled_draft, after(approved()), after(submitted()), draft()] {
        assert!(!none.wants_screening(), "{}", none.state);
        assert_eq!(refused(&none, found(&[])), CheckError::IllegalTransition, "{}", none.state);
    }
}

#[test]
fn who_was_cleared_can_be_held_again_and_then_the_step_has_not_passed() {
    let check = with_hits(&[mark(1, ListKind::Pep)]);
    let id = mark(1, ListKind::Pep).id;
    let cleared = check.hit_decided(id, HitDecision::FalsePositive, START).unwrap();
    let held = cleared.hit_decided(id, HitDecision::TrueMatch, START).unwrap();
    assert!(!held.is_passed());
    assert_eq!(held.reasons, [ReasonCode::PepMatch]);
}

#[test]
fn finding_nothing_on_stale_lists_clears_nobody_until_they_are_fresh() {
    let stale = Action::Screened { hits: vec![], clears: false, doubts: vec![] };
    let check = after([processing(), vec![vouched(), stale]].concat());
    assert_eq!(refused(&check, Action::Pass), CheckError::StepsMissing);
    let (check, _) = check.apply(Action::Doubt(vec![]), START).unwrap();
    assert_eq!(check.reasons, [ReasonCode::ListsStale]);
    let approve = Action::Approve { by: user(REVIEWER), reasons: vec![] };
    assert_eq!(refused(&check, approve.clone()), CheckError::StepsMissing);
    let (screened, _) = check.apply(found(&[]), START).unwrap();
    assert_eq!((screened.state, screened.reasons.len()), (CheckState::InReview, 0));
    assert_eq!(refused(&screened, found(&[])), CheckError::IllegalTransition, "once is enough");
    assert!(screened.apply(approve, START).is_ok());
}

#[test]
fn a_machine_never_approves_a_name_that_cannot_be_trusted_and_its_person_hears_nothing_of_it() {
    for doubt in [ReasonCode::NameMixedScripts, ReasonCode::NameNotScreenable] {
        let screened = Action::Screened { hits: vec![], clears: true, doubts: vec![doubt] };
        let check = after([processing(), vec![vouched(), screened]].concat());
        assert_eq!(refused(&check, Action::Pass), CheckError::StepsMissing);
        let (check, _) = check.apply(Action::Doubt(vec![]), START).unwrap();
        assert_eq!((check.state, check.reasons.as_slice()), (CheckState::InReview, [doubt].as_slice()));
        assert!(!doubt.is_public());
        let approve = Action::Approve { by: user(REVIEWER), reasons: vec![] };
        assert!(check.apply(approve, START).is_ok(), "a reviewer may");
    }
}

#[test]
fn the_desk_hurries_by_what_the_lists_say() {
    assert_eq!(with_hits(&[]).urgency(), RiskLevel::Low);
    assert_eq!(with_hits(&[mark(1, ListKind::AdverseMedia)]).urgency(), RiskLevel::Medium);
    assert_eq!(with_hits(&[mark(1, ListKind::Pep)]).urgency(), RiskLevel::High);
    let sanctioned = with_hits(&[mark(1, ListKind::Pep), mark(2, ListKind::Sanctions)]);
    assert_eq!(sanctioned.urgency(), RiskLevel::High);
    let held = sanctioned.hit_decided(mark(2, ListKind::Sanctions).id, HitDecision::TrueMatch, START).unwrap();
    assert_eq!(held.urgency(), RiskLevel::Critical);
}

#[test]
fn hits_are_decided_at_the_desk_by_whom_its_claim_admits() {
    let check = with_hits(&[mark(1, ListKind::Sanctions)]);
    assert_eq!(check.admits_hit_decision(user(PERSON), false, START), Err(CheckError::OwnCheck));
    let claimed = check.claim(user(REVIEWER), START).unwrap();
    assert_eq!(claimed.admits_hit_decision(user(REVIEWER), false, START), Ok(()));
    assert_eq!(claimed.admits_hit_decision(user(SECOND), false, START), Err(CheckError::ClaimedByAnother));
    assert_eq!(claimed.admits_hit_decision(user(SECOND), true, START), Ok(()));
    let over = after(approved());
    assert_eq!(over.admits_hit_decision(user(REVIEWER), false, START), Err(CheckError::IllegalTransition));
}

#[test]
fn hits_of_a_check_that_was_rejected_or_withdrawn_are_decided_still_and_it_stays_as_it_was() {
    let (open, by) = (mark(1, ListKind::Sanctions), user(REVIEWER));
    let reject = Action::Reject { by, reasons: vec![ReasonCode::DocumentForged] };
    for end in [reject, Action::Cancel] {
        let (closed, _) = with_hits(&[open]).apply(end, START).unwrap();
        assert_eq!(closed.admits_hit_decision(by, false, START), Ok(()));
        let told = closed.hit_decided(open.id, HitDecision::TrueMatch, START + MINUTE).unwrap();
        assert_eq!((told.hits(HitDecision::TrueMatch), told.version), (1, closed.version + 1));
        assert_eq!((&told.reasons, &told.steps_done), (&closed.reasons, &closed.steps_done));
        assert_eq!((told.state, told.for_person()), (closed.state, closed.for_person()));
    }
}

#[test]
fn its_person_sees_no_difference_between_a_hit_and_none() {
    let quiet = after([processing(), vec![vouched()]].concat());
    let (none, _) = quiet.apply(found(&[]), START).unwrap();
    let (hit, _) = quiet.apply(found(&[mark(1, ListKind::Sanctions)]), START).unwrap();
    let (reviewed, _) = hit.apply(Action::Doubt(vec![]), START + MINUTE).unwrap();
    assert_eq!(none.for_person(), hit.for_person());
    assert_eq!(none.for_person(), reviewed.for_person());
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

fn any_action() -> impl Strategy<Value = Action> {
    let reviewer = (0u8..4).prop_map(user);
    let reasons = prop::collection::vec(prop::sample::select(ReasonCode::ALL.to_vec()), 0..3);
    let status = prop::sample::select(KycStatus::ALL.to_vec());
    (0usize..Verb::ALL.len(), reviewer, reasons, status, 0u8..15).prop_map(|(verb, by, reasons, status, n)| {
        match Verb::ALL[verb] {
            Verb::Submit => Action::Submit(status),
            Verb::Start => Action::Start,
            Verb::Screen => {
                Action::Screen { vouched: n % 3 > 0, doubts: reasons.into_iter().take(n as usize % 2).collect() }
            }
            Verb::Screened => Action::Screened {
                hits: (n % 4 == 0).then(|| mark(n, ListKind::ALL[n as usize % 3])).into_iter().collect(),
                clears: n % 5 > 0,
                doubts: (n % 7 == 0).then_some(ReasonCode::NameMixedScripts).into_iter().collect(),
            },
            Verb::Pass => Action::Pass,
            Verb::ProviderRejected => Action::ProviderRejected(reasons),
            Verb::Doubt => Action::Doubt(reasons),
            Verb::RequestDocuments => Action::RequestDocuments { by, needed: reasons },
            Verb::AddDocuments => Action::AddDocuments(vec![document(n)]),
            Verb::Approve => Action::Approve { by, reasons },
            Verb::Reject => Action::Reject { by, reasons },
            Verb::Propose => Action::Propose { by, reasons },
            Verb::Agree => Action::Agree { by },
            Verb::Disagree => Action::Disagree { by, reasons },
            Verb::Cancel => Action::Cancel,
            Verb::Expire => Action::Expire,
        }
    })
}

proptest! {
    /// Whatever is tried in whatever order: a decision stands, once written it never changes, an approval has all its
    /// steps or a reviewer, nobody decides their own, versions only grow, and what was refused changed nothing.
    #[test]
    fn whatever_is_tried_the_rules_hold(
        tries in prop::collection::vec((any_action(), 0u64..5 * 24), 10..200),
        documents_pass: bool,
    ) {
        let (mut check, mut now) = (draft(), START);
        for (action, hours) in tries {
            now = now + Duration::from_hours(hours);
            if documents_pass {
                check.pass(StepKind::Documents);
            }
            let Ok((after, _)) = check.apply(action.clone(), now) else { continue };
            prop_assert_eq!(Ok(after.state), next(check.state, action.verb()));
            prop_assert_eq!(after.version, check.version + 1);
            if check.decision.is_some() {
                prop_assert_eq!(&after.decision, &check.decision);
                let stays = after.state == check.state && action.verb() == Verb::Screened;
                prop_assert!(after.state == CheckState::Expired || stays);
            }
            if !after.state.is_open() && check.state.is_open() {
                let decided = matches!(after.state, CheckState::Approved | CheckState::Rejected);
                prop_assert_eq!(after.decision.is_some(), decided);
            }
            if let Some(decision) = &after.decision {
                prop_assert!(!decision.decided_by.contains(&user(PERSON)));
                let by_policy = decision.decided_by.is_empty() && decision.outcome == Outcome::Approved;
                prop_assert!(!by_policy || after.is_passed());
                let approved = decision.outcome == Outcome::Approved;
                prop_assert!(!approved || after.hits(HitDecision::FalsePositive) == after.screening.hits.len());
                prop_assert!(!approved || after.steps_done.contains(&StepKind::Screening));
            }
            let stored = serde_json::to_string(&after).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Check>(&stored).unwrap(), &after);
            check = after;
        }
    }
}
