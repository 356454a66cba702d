use crate::crypto::random::RandomId;

use super::*;
use crate::{
    crypto::{
        DataKey,
        index::{BlindIndex, IndexKeys},
    },
    domain::{
        account::{NewAccount, PasswordHash},
        check::{Action, CheckError, CheckTrigger, Policy, ReasonCode, Risk, RiskLevel},
        event::{Actor, ScreeningResult},
        id::DocumentId,
        kyc::KycStatus,
    },
    error::Error,
    store::{commit::CommitError, person_key::PersonKey, testing},
};

pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn index() -> BlindIndex {
    IndexKeys::generate().current("email", "ada@example.org")
}

pub(super) fn account() -> Account {
    let new = NewAccount {
        user: UserId::new(NOW),
        email_index: index(),
        username_index: None,
        password: PasswordHash("hash".into()),
    };
    Account::register(new, NOW).0.verify_email(NOW).unwrap().0
}

pub(super) fn draft(auth: &Account) -> StoredCheck {
    let id = CheckId::new(NOW);
    let mut check = Check::draft(id, auth.user, Policy::document("sandbox", 0.85), CheckTrigger::Applicant, NOW);
    check.document_ids.push(DocumentId::new(NOW));
    StoredCheck::new(check)
}

async fn begin(store: &Store, stored: &StoredCheck, auth: &Account) -> Result<(), CommitError> {
    let event = check_event(EventType::CheckCreated, &stored.check).by(Actor::User(auth.user));
    store.commit(NOW, "test-1234").new_check(stored, auth, NOW).event(event).run().await
}

/// Applies an action to the check as it is read, and gives it as it then stands.
async fn act(store: &Store, auth: &Account, id: &CheckId, action: Action) -> (StoredCheck, Account) {
    let (before, read) = store.check_and_auth(&auth.user, id).await.unwrap().unwrap();
    let (check, kind) = before.check.apply(action, NOW).unwrap();
    let after = StoredCheck { check, work: before.work.clone() };
    let mut event = check_event(kind, &after.check).by(Actor::system("test"));
    if kind == EventType::CheckScreened {
        event = event.data(&ScreeningResult {
            engine_version: "1".into(),
            lists: [].into(),
            threshold: 0.85,
            hits: 0,
            clears: true,
        });
    }
    let commit = store.commit(NOW, "test-1234").check_moves(&before.check, &after, &read, NOW);
    commit.event(event).run().await.unwrap();
    store.check_and_auth(&auth.user, id).await.unwrap().unwrap()
}

async fn known(store: &Store) -> Account {
    let auth = account();
    store.commit(NOW, "test-1234").create(Table::Identity, &account_key(&auth.user), &auth, None).run().await.unwrap();
    auth
}

#[tokio::test]
async fn of_two_checks_submitted_at_once_one_stands() {
    let store = testing::store().await;
    let auth = known(&store).await;
    let submitted = || {
        let mut stored = draft(&auth);
        stored.check = stored.check.apply(Action::Submit(auth.kyc_status), NOW).unwrap().0;
        stored
    };
    let (one, other) = (submitted(), submitted());
    let done = tokio::join!(begin(&store, &one, &auth), begin(&store, &other, &auth));
    let (stands, id) = if done.0.is_ok() { (done.1, one.check.id) } else { (done.0, other.check.id) };
    assert!(matches!(stands, Err(CommitError::Conflict)), "{stands:?}");
    let before = auth.version;
    let auth = store.auth(&auth.user).await.unwrap().unwrap();
    assert_eq!((auth.open_check, auth.version), (Some(id), before + 1));
    assert_eq!(store.checks(&auth.user, None, None, 10, None).await.unwrap().0.len(), 1);
    let third = begin(&store, &submitted(), &auth).await;
    assert!(matches!(third, Err(CommitError::Failed(Error::Check(CheckError::CheckInProgress)))), "{third:?}");
    begin(&store, &draft(&auth), &auth).await.unwrap();
}

#[tokio::test]
async fn the_account_follows_the_check_in_one_commit() {
    let store = testing::store().await;
    let auth = known(&store).await;
    let stored = draft(&auth);
    let id = stored.check.id;
    begin(&store, &stored, &auth).await.unwrap();
    let (check, after) = act(&store, &auth, &id, Action::Submit(KycStatus::None)).await;
    assert_eq!((check.check.state, after.kyc_status), (CheckState::Submitted, KycStatus::Pending));
    act(&store, &auth, &id, Action::Start).await;
    let (check, after) = act(&store, &auth, &id, Action::ProviderRejected(vec![ReasonCode::DocumentForged])).await;
    assert_eq!(check.check.state, CheckState::Rejected);
    assert_eq!((after.kyc_status, after.open_check), (KycStatus::Rejected, None));
    let (events, _) = store.events_of_subject(&id.to_string(), 10, None).await.unwrap();
    let versions: Vec<_> = events.iter().map(|event| event.version).collect();
    assert_eq!(versions, [4, 3, 2, 1]);
}

#[tokio::test]
async fn who_decided_on_an_older_state_writes_nothing() {
    let store = testing::store().await;
    let auth = known(&store).await;
    let stored = draft(&auth);
    begin(&store, &stored, &auth).await.unwrap();
    let (before, read) = store.check_and_auth(&auth.user, &stored.check.id).await.unwrap().unwrap();
    act(&store, &auth, &stored.check.id, Action::Cancel).await;
    let (check, kind) = before.check.apply(Action::Submit(KycStatus::None), NOW).unwrap();
    let event = check_event(kind, &check).by(Actor::User(auth.user));
    let after = StoredCheck { check, work: ProcessingState::default() };
    let late = store.commit(NOW, "test-1234").check_moves(&before.check, &after, &read, NOW).event(event).run().await;
    assert!(matches!(late, Err(CommitError::Conflict)), "{late:?}");
    let (check, auth) = store.check_and_auth(&auth.user, &stored.check.id).await.unwrap().unwrap();
    assert_eq!((check.check.state, auth.kyc_status), (CheckState::Cancelled, KycStatus::None));
}

#[tokio::test]
async fn the_review_queue_shows_the_highest_risk_first_then_the_oldest() {
    let store = testing::store().await;
    let minutes = |n: u64| NOW + Duration::from_mins(n);
    let mut wanted = Vec::new();
    for (risk, age) in [
        (Some(RiskLevel::Critical), 9),
        (Some(RiskLevel::High), 1),
        (Some(RiskLevel::High), 5),
        (Some(RiskLevel::Low), 0),
        (None, 2),
    ] {
        let auth = known(&store).await;
        let mut stored = draft(&auth);
        stored.check.state = CheckState::InReview;
        stored.check.submitted_at = Some(minutes(age));
        stored.check.risk = risk.map(|level| Risk { score: 0.5, level });
        begin(&store, &stored, &auth).await.unwrap();
        wanted.push(stored.check.id);
    }
    let states = [CheckState::InReview, CheckState::AwaitingSecondReview];
    let nobody = UserId::new(NOW);
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..3 {
        let (page, next) = store.checks_in_states(&states, Some(&nobody), 2, after.as_ref()).await.unwrap();
        found.extend(page.iter().map(|stored| stored.check.id));
        after = next;
    }
    assert_eq!((found, after), (wanted, None));
}

/// Walks all pages of this size.
async fn all_pages(store: &Store, reader: &UserId, limit: u32) -> (Vec<CheckId>, Vec<usize>) {
    let states = [CheckState::InReview, CheckState::AwaitingSecondReview];
    let (mut found, mut sizes, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let (page, next) = store.checks_in_states(&states, Some(reader), limit, after.as_ref()).await.unwrap();
        sizes.push(page.len());
        found.extend(page.iter().map(|stored| stored.check.id));
        after = next;
        if after.is_none() {
            return (found, sizes);
        }
    }
}

#[tokio::test]
async fn a_reader_s_own_checks_leave_no_gap_in_the_queue() {
    let store = testing::store().await;
    let reader = known(&store).await;
    let place = async |auth: &Account, minute: u64| {
        let mut stored = draft(auth);
        stored.check.state = CheckState::InReview;
        stored.check.submitted_at = Some(NOW + Duration::from_mins(minute));
        // A second check of a person could not be begun; what is held here is what the index gives of it.
        store
            .commit(NOW, "test-1234")
            .put_if(Table::Kyc, stored.item(), "attribute_not_exists(pk)", &[], None)
            .run()
            .await
            .unwrap();
        stored.check.id
    };
    let others = [known(&store).await, known(&store).await];
    let mut wanted = Vec::new();
    for minute in 0..12 {
        wanted.push(place(&others[usize::try_from(minute % 2).unwrap()], minute * 10).await);
    }
    let before: Vec<_> =
        futures::future::join_all([1, 4, 12].map(|limit| all_pages(&store, &reader.user, limit))).await;
    // First, last, between, and so many that a shard's page is full of them.
    for minute in [0, 5, 55, 500].into_iter().chain(600..800) {
        place(&reader, minute).await;
    }
    for (limit, before) in [1, 4, 12].into_iter().zip(before) {
        let after = all_pages(&store, &reader.user, limit).await;
        assert_eq!(after, before, "pages of {limit}");
        assert_eq!(after.0, wanted);
        assert!(after.1.iter().all(|size| *size > 0));
    }
    let (seen, _) = all_pages(&store, &others[0].user, 100).await;
    assert_eq!(seen.len(), 6 + 204);
}

#[tokio::test]
async fn a_closed_check_is_overdue_until_its_snapshot_is_screened() {
    let store = testing::store().await;
    let auth = known(&store).await;
    let stored = draft(&auth);
    let id = stored.check.id;
    begin(&store, &stored, &auth).await.unwrap();
    act(&store, &auth, &id, Action::Submit(KycStatus::None)).await;
    let (closed, _) = act(&store, &auth, &id, Action::Cancel).await;
    let overdue = async |at| store.unscreened_checks(at, 10).await.unwrap().len();
    let due = closed.next_run_at() + Duration::from_secs(1);
    assert_eq!((overdue(NOW).await, overdue(due).await), (0, 1));
    act(&store, &auth, &id, Action::Screened { hits: vec![], lists_are_fresh: false, review_reasons: vec![] }).await;
    assert_eq!(overdue(due).await, 1);
    act(&store, &auth, &id, Action::Screened { hits: vec![], lists_are_fresh: true, review_reasons: vec![] }).await;
    assert_eq!(overdue(due).await, 0);
}

#[tokio::test]
async fn a_check_is_overdue_once_its_next_look_has_passed() {
    let store = testing::store().await;
    let auth = known(&store).await;
    let mut stored = draft(&auth);
    stored.check.state = CheckState::Processing;
    stored.work.next_run_at = Some(NOW);
    begin(&store, &stored, &auth).await.unwrap();
    let later = NOW + Duration::from_secs(1);
    let overdue = async || store.overdue_checks(CheckState::Processing, later, 10).await.unwrap().len();
    assert_eq!(overdue().await, 1);
    assert!(store.overdue_checks(CheckState::Processing, NOW, 10).await.unwrap().is_empty());
    store.schedule_run(&stored, NOW + Duration::from_mins(1)).await.unwrap();
    assert_eq!(overdue().await, 0);
    // A look that was decided on an older state moves nothing.
    let older = StoredCheck { check: Check { version: 7, ..stored.check.clone() }, ..stored };
    store.schedule_run(&older, NOW).await.unwrap();
    assert_eq!(overdue().await, 0);
}

#[tokio::test]
async fn a_task_belongs_to_one_check() {
    let store = testing::store().await;
    let auth = known(&store).await;
    let (one, other) = (draft(&auth).check, draft(&auth).check);
    let reference = "req-1".parse().unwrap();
    let take =
        async |check: &Check| store.commit(NOW, "test-1234").task_taken("sandbox", &reference, check).run().await;
    take(&one).await.unwrap();
    take(&one).await.unwrap();
    assert!(matches!(take(&other).await, Err(CommitError::Conflict)));
    assert_eq!(store.check_of_task("sandbox", &reference).await.unwrap().unwrap().check_id, one.id);
}

#[test]
fn the_snapshot_opens_in_its_place_only() {
    let auth = account();
    let key = PersonKey::from_key(&auth.user.to_string(), DataKey::generate());
    let mut stored = draft(&auth);
    let snapshot = Snapshot::of(&snapshot::tests::ada(), &[], NOW).unwrap();
    stored.take_snapshot(&snapshot, &key).unwrap();
    assert_eq!(stored.snapshot(&key).unwrap(), snapshot);
    let mut other = draft(&auth);
    other.work.snapshot.clone_from(&stored.work.snapshot);
    assert!(other.snapshot(&key).is_err());
}
