//! A check is submitted while its person's profile changes: whichever commits first, the other sees it.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{
    tests::{NOW, account, draft},
    *,
};
use crate::{
    crypto::DataKey,
    domain::{
        account::AccountError,
        check::Action,
        event::Actor,
        id::UserId,
        kyc::KycStatus,
        person::{Email, PersonName},
        profile::Profile,
    },
    run_command,
    store::{
        command::Decided,
        commit::CommitError,
        person_key::PersonKey,
        testing,
        user::{ProfileItem, profile_key},
    },
};

struct Applicant {
    user: UserId,
    key: PersonKey,
    evidence: PersonKey,
}

impl Applicant {
    async fn new(store: &Store) -> Self {
        let auth = account();
        let user = auth.user;
        let key = || PersonKey::from_key(&user.to_string(), DataKey::generate());
        let person = Self { user, key: key(), evidence: key() };
        let profile = ProfileItem::seal(&user, &named("Plain"), &person.key).unwrap();
        store
            .commit(NOW, "test-1234")
            .create(Table::Identity, &account_key(&user), &auth, None)
            .put_if(Table::Identity, profile.item(&user), "attribute_not_exists(pk)", &[], None)
            .run()
            .await
            .unwrap();
        person
    }

    async fn auth(&self, store: &Store) -> Account {
        store.auth(&self.user).await.unwrap().unwrap()
    }

    async fn profile(&self, store: &Store) -> ProfileItem {
        let item = store.get(Table::Identity, &profile_key(&self.user)).await.unwrap().unwrap();
        ProfileItem::from_item(item).unwrap()
    }

    fn name(&self, item: &ProfileItem) -> String {
        item.open(&self.user, &self.key).unwrap().given_name.unwrap().as_str().to_owned()
    }

    /// Reads account and profile one after the other, as a batch read may, in this order or the other.
    async fn read(&self, store: &Store, profile_first: bool, between: u32) -> (Account, ProfileItem) {
        let pause = async || {
            for _ in 0..between {
                tokio::task::yield_now().await;
            }
        };
        if profile_first {
            let profile = self.profile(store).await;
            pause().await;
            (self.auth(store).await, profile)
        } else {
            let auth = self.auth(store).await;
            pause().await;
            (auth, self.profile(store).await)
        }
    }

    /// Begins a check and submits it; its id, unless another is open.
    async fn submits(&self, store: &Store, turn: u32) -> Option<CheckId> {
        let command = store.command("test-1234", Actor::User(self.user));
        let submitted = run_command!(command, |attempt| {
            let (auth, profile) = self.read(store, turn.is_multiple_of(2), turn % 5).await;
            if auth.open_check.is_some() {
                return Ok(Decided::Unchanged(None));
            }
            let mut stored = draft(&auth);
            let (submitted, kind) = stored.check.apply(Action::Submit(auth.kyc_status), NOW).unwrap();
            stored.check = submitted;
            let plain = profile.open(&self.user, &self.key).unwrap();
            stored.take_snapshot(&Snapshot::of(&plain, &[], NOW).unwrap(), &self.evidence).unwrap();
            let commit = attempt.commit(NOW).new_check(&stored, &auth, NOW).profile_unchanged(&self.user, &profile);
            Ok(commit.event(check_event(kind, &stored.check)).returning(Some(stored.check.id)))
        });
        submitted.unwrap()
    }

    /// Takes another name; whether that was allowed.
    async fn renames(&self, store: &Store, name: &str, turn: u32) -> bool {
        let command = store.command("test-1234", Actor::User(self.user));
        let renamed = run_command!(command, |attempt| {
            let (auth, profile) = self.read(store, turn.is_multiple_of(3), turn % 7).await;
            let before = profile.open(&self.user, &self.key).unwrap();
            let after = match auth.change_profile(&before, &named(name), None, NOW) {
                Ok((after, _)) => after,
                Err(AccountError::CheckInProgress) => return Ok(Decided::Unchanged(false)),
                Err(refused) => return Err(refused.into()),
            };
            let sealed = ProfileItem::seal(&self.user, &named(name), &self.key).unwrap();
            let commit =
                attempt.commit(NOW).account_changes(&auth, &after).profile_changes(&self.user, &profile, &sealed);
            Ok(commit.returning(true))
        });
        renamed.unwrap()
    }
}

fn named(name: &str) -> Profile {
    let mut profile = Profile::new(Email::parse("ada@example.org").unwrap());
    profile.given_name = Some(PersonName::parse(name).unwrap());
    profile
}

#[tokio::test]
async fn a_submitted_snapshot_is_the_profile_it_was_submitted_from_in_hundreds_of_races() {
    const PAIRS: u32 = 300;
    let store = testing::store().await;
    let (submitted_first, renamed_first) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let pairs = (0..PAIRS).map(async |turn| {
        let person = Applicant::new(&store).await;
        let (check, renamed) = if turn.is_multiple_of(2) {
            tokio::join!(person.submits(&store, turn), person.renames(&store, "Listed", turn))
        } else {
            let (renamed, check) = tokio::join!(person.renames(&store, "Listed", turn), person.submits(&store, turn));
            (check, renamed)
        };
        let id = check.expect("no other check is open");
        let (stored, auth) = store.check_and_auth(&person.user, &id).await.unwrap().unwrap();
        let snapshot = stored.snapshot(&person.evidence).unwrap().name.0;
        assert_eq!(snapshot, person.name(&person.profile(&store).await), "pair {turn}");
        assert_eq!((auth.open_check, auth.kyc_status), (Some(id), KycStatus::Pending));
        assert_eq!(renamed, snapshot == "Listed", "a profile changes before a check is submitted or not at all");
        assert!(!person.renames(&store, "Later", turn).await, "a check is open");
        let which = if renamed { &renamed_first } else { &submitted_first };
        which.fetch_add(1, Ordering::Relaxed);
    });
    futures::future::join_all(pairs).await;
    let counts = (submitted_first.into_inner(), renamed_first.into_inner());
    assert!(counts.0 > 0 && counts.1 > 0, "both orders happened: {counts:?}");
}

#[tokio::test]
async fn a_profile_read_before_another_change_is_not_written_over_it() {
    let store = testing::store().await;
    let person = Applicant::new(&store).await;
    let old = person.profile(&store).await;
    assert!(person.renames(&store, "Newer", 0).await);
    // The account as it is now, the profile as it was: a batch read may give both.
    let auth = person.auth(&store).await;
    let sealed = ProfileItem::seal(&person.user, &named("Oldest"), &person.key).unwrap();
    let late = store.commit(NOW, "test-1234").profile_changes(&person.user, &old, &sealed).run().await;
    assert!(matches!(late, Err(CommitError::Conflict)), "{late:?}");
    let late =
        store.commit(NOW, "test-1234").new_check(&draft(&auth), &auth, NOW).profile_unchanged(&person.user, &old);
    assert!(matches!(late.run().await, Err(CommitError::Conflict)));
    assert_eq!(person.name(&person.profile(&store).await), "Newer");
}

#[tokio::test]
async fn a_profile_written_before_revisions_changes_once_and_then_by_its_revision() {
    let store = testing::store().await;
    let person = Applicant::new(&store).await;
    let mut item = person.profile(&store).await.item(&person.user).unwrap();
    item.remove("revision");
    store
        .commit(NOW, "test-1234")
        .put_if(Table::Identity, Ok(item), "attribute_exists(pk)", &[], None)
        .run()
        .await
        .unwrap();
    let old = person.profile(&store).await;
    assert!(person.renames(&store, "Newer", 0).await);
    let late = store.commit(NOW, "test-1234").profile_unchanged(&person.user, &old).run().await;
    assert!(matches!(late, Err(CommitError::Conflict)), "{late:?}");
    let now = person.profile(&store).await;
    store.commit(NOW, "test-1234").profile_unchanged(&person.user, &now).run().await.unwrap();
}
