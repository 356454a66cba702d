//! What hits mean for a check.

use super::*;

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
        let action = cleared.review_action(ReviewDecision::Approve(vec![]), user(REVIEWER), true);
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
    let stale = Action::Screened {
        hits: vec![mark(1, ListKind::AdverseMedia)],
        lists_are_fresh: false,
        review_reasons: vec![],
    };
    let check = after(
        [processing(), vec![passed(), stale, Action::SendToReview(vec![]), found(&[mark(2, ListKind::Pep)])]].concat(),
    );
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
    let stale = Action::Screened { hits: vec![], lists_are_fresh: false, review_reasons: vec![] };
    let unscreened = [processing(), vec![passed(), stale, Action::SendToReview(vec![])]].concat();
    for closed in [
        after([submitted(), vec![Action::Cancel]].concat()),
        after([processing(), vec![Action::Cancel]].concat()),
        after([processing(), vec![reject]].concat()),
        after([unscreened, vec![by_reviewer]].concat()),
    ] {
        assert!(closed.needs_screening(), "{}", closed.state);
        let hit = mark(1, ListKind::Sanctions);
        let again = Action::Screened { hits: vec![hit], lists_are_fresh: false, review_reasons: vec![] };
        let (seen, event) = closed.apply(again, START + MINUTE).unwrap();
        assert!(seen.needs_screening() && event == EventType::CheckScreened);
        let (done, _) = seen.apply(found(&[]), START + MINUTE).unwrap();
        assert!(!done.needs_screening());
        assert_eq!((done.state, &done.reasons, &done.decision), (closed.state, &closed.reasons, &closed.decision));
        assert_eq!((done.hits(HitDecision::Open), done.for_person()), (1, closed.for_person()));
        assert_eq!(refused(&done, found(&[])), CheckError::IllegalTransition, "once is enough");
        assert_eq!(done.check_hit_decidable(user(REVIEWER), false, START), Ok(()));
    }
    let cancelled_draft = after([Action::AddDocuments(vec![document(1)]), Action::Cancel]);
    for none in [cancelled_draft, after(approved()), after(submitted()), draft()] {
        assert!(!none.needs_screening(), "{}", none.state);
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
    let stale = Action::Screened { hits: vec![], lists_are_fresh: false, review_reasons: vec![] };
    let check = after([processing(), vec![passed(), stale]].concat());
    assert_eq!(refused(&check, Action::Pass), CheckError::StepsMissing);
    let (check, _) = check.apply(Action::SendToReview(vec![]), START).unwrap();
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
        let screened = Action::Screened { hits: vec![], lists_are_fresh: true, review_reasons: vec![doubt] };
        let check = after([processing(), vec![passed(), screened]].concat());
        assert_eq!(refused(&check, Action::Pass), CheckError::StepsMissing);
        let (check, _) = check.apply(Action::SendToReview(vec![]), START).unwrap();
        assert_eq!((check.state, check.reasons.as_slice()), (CheckState::InReview, [doubt].as_slice()));
        assert!(!doubt.is_public());
        let approve = Action::Approve { by: user(REVIEWER), reasons: vec![] };
        assert!(check.apply(approve, START).is_ok(), "a reviewer may");
    }
}

#[test]
fn the_urgency_of_a_review_follows_from_the_hits() {
    assert_eq!(with_hits(&[]).urgency(), RiskLevel::Low);
    assert_eq!(with_hits(&[mark(1, ListKind::AdverseMedia)]).urgency(), RiskLevel::Medium);
    assert_eq!(with_hits(&[mark(1, ListKind::Pep)]).urgency(), RiskLevel::High);
    let sanctioned = with_hits(&[mark(1, ListKind::Pep), mark(2, ListKind::Sanctions)]);
    assert_eq!(sanctioned.urgency(), RiskLevel::High);
    let held = sanctioned.hit_decided(mark(2, ListKind::Sanctions).id, HitDecision::TrueMatch, START).unwrap();
    assert_eq!(held.urgency(), RiskLevel::Critical);
}

#[test]
fn hits_are_decided_in_review_by_those_whom_the_claim_admits() {
    let check = with_hits(&[mark(1, ListKind::Sanctions)]);
    assert_eq!(check.check_hit_decidable(user(PERSON), false, START), Err(CheckError::OwnCheck));
    let claimed = check.claim(user(REVIEWER), START).unwrap();
    assert_eq!(claimed.check_hit_decidable(user(REVIEWER), false, START), Ok(()));
    assert_eq!(claimed.check_hit_decidable(user(SECOND), false, START), Err(CheckError::ClaimedByAnother));
    assert_eq!(claimed.check_hit_decidable(user(SECOND), true, START), Ok(()));
    let over = after(approved());
    assert_eq!(over.check_hit_decidable(user(REVIEWER), false, START), Err(CheckError::IllegalTransition));
}

#[test]
fn hits_of_a_check_that_was_rejected_or_withdrawn_are_decided_still_and_it_stays_as_it_was() {
    let (open, by) = (mark(1, ListKind::Sanctions), user(REVIEWER));
    let reject = Action::Reject { by, reasons: vec![ReasonCode::DocumentForged] };
    for end in [reject, Action::Cancel] {
        let (closed, _) = with_hits(&[open]).apply(end, START).unwrap();
        assert_eq!(closed.check_hit_decidable(by, false, START), Ok(()));
        let told = closed.hit_decided(open.id, HitDecision::TrueMatch, START + MINUTE).unwrap();
        assert_eq!((told.hits(HitDecision::TrueMatch), told.version), (1, closed.version + 1));
        assert_eq!((&told.reasons, &told.steps_done), (&closed.reasons, &closed.steps_done));
        assert_eq!((told.state, told.for_person()), (closed.state, closed.for_person()));
    }
}

#[test]
fn its_person_sees_no_difference_between_a_hit_and_none() {
    let quiet = after([processing(), vec![passed()]].concat());
    let (none, _) = quiet.apply(found(&[]), START).unwrap();
    let (hit, _) = quiet.apply(found(&[mark(1, ListKind::Sanctions)]), START).unwrap();
    let (reviewed, _) = hit.apply(Action::SendToReview(vec![]), START + MINUTE).unwrap();
    assert_eq!(none.for_person(), hit.for_person());
    assert_eq!(none.for_person(), reviewed.for_person());
}
