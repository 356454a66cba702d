//! The rules hold for any sequence of actions.

use proptest::prelude::*;

use super::*;

fn any_action() -> impl Strategy<Value = Action> {
    let reviewer = (0u8..4).prop_map(user);
    let reasons = prop::collection::vec(prop::sample::select(ReasonCode::ALL.to_vec()), 0..3);
    let status = prop::sample::select(KycStatus::ALL.to_vec());
    (0usize..Verb::ALL.len(), reviewer, reasons, status, 0u8..15).prop_map(|(verb, by, reasons, status, n)| {
        match Verb::ALL[verb] {
            Verb::Submit => Action::Submit(status),
            Verb::Start => Action::Start,
            Verb::Screen => {
                Action::Screen { passed: n % 3 > 0, review_reasons: reasons.into_iter().take(n as usize % 2).collect() }
            }
            Verb::Screened => Action::Screened {
                hits: (n % 4 == 0).then(|| mark(n, ListKind::ALL[n as usize % 3])).into_iter().collect(),
                lists_are_fresh: n % 5 > 0,
                review_reasons: (n % 7 == 0).then_some(ReasonCode::NameMixedScripts).into_iter().collect(),
            },
            Verb::Pass => Action::Pass,
            Verb::ProviderRejected => Action::ProviderRejected(reasons),
            Verb::SendToReview => Action::SendToReview(reasons),
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
            if after.state.is_closed() && !check.state.is_closed() {
                let decided = matches!(after.state, CheckState::Approved | CheckState::Rejected);
                prop_assert_eq!(after.decision.is_some(), decided);
            }
            if let Some(decision) = &after.decision {
                prop_assert!(!decision.decided_by.contains(&user(PERSON)));
                let by_policy = decision.decided_by.is_empty() && decision.outcome == CheckOutcome::Approved;
                prop_assert!(!by_policy || after.is_passed());
                let approved = decision.outcome == CheckOutcome::Approved;
                prop_assert!(!approved || after.hits(HitDecision::FalsePositive) == after.screening.hits.len());
                prop_assert!(!approved || after.steps_done.contains(&StepKind::Screening));
            }
            let stored = serde_json::to_string(&after).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Check>(&stored).unwrap(), &after);
            check = after;
        }
    }
}
