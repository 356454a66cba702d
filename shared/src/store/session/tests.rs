//! Sessions over a real table: races, endings, epochs.

use crate::crypto::random::RandomId;
use std::time::Duration;

use super::{Ending, SessionItem, SignInTrace, Turn};
use crate::{
    crypto::{DataKey, index::blind_index, refresh::Kid},
    domain::{
        account::NewAccount,
        event::{Actor, EventType},
        id::UserId,
        refresh::{IDLE, RefreshDecision, decide},
        risk::{Attempt, Observations, RiskDecision, RiskPolicy, SignInHistory},
        time::Timestamp,
    },
    run_command,
    store::{
        Store, Table,
        author::Author,
        author::CallOrigin,
        commit::CommitError,
        item::keyed,
        person_key::PersonKey,
        testing,
        user::{Account, PasswordHash},
    },
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn auth() -> Account {
    let new = NewAccount {
        user: UserId::new(NOW),
        email_index: blind_index(&DataKey::from_bytes([1; 32]), 1, "email", "ada@example.com"),
        username_index: None,
        password: PasswordHash("hash".into()),
    };
    Account::register(new, NOW).0.verify_email(NOW).unwrap().0
}

fn key() -> PersonKey {
    PersonKey::from_key("user_ada", DataKey::from_bytes([7; 32]))
}

fn origin() -> CallOrigin {
    CallOrigin { ip: "192.0.2.7".into(), user_agent: "Browser".into() }
}

fn decision() -> RiskDecision {
    RiskPolicy::embedded().decide(&Observations::default())
}

async fn begin(store: &Store, auth: &Account) -> SessionItem {
    let session = SessionItem::begin(auth, &["pwd"], Kid(1), &origin(), &key(), NOW).unwrap();
    let at = SessionItem::key(&auth.user, &session.session);
    store
        .commit(NOW, "correlation")
        .put_if(Table::Identity, keyed(&at, &session), "attribute_not_exists(pk)", &[], None)
        .by(Actor::User(auth.user))
        .event(session.created(&decision().record()))
        .run()
        .await
        .unwrap();
    session
}

const REVOKED: Ending = Ending::revoked("revoked");

#[tokio::test]
async fn of_twenty_turns_at_once_one_wins_and_all_come_to_the_same_successor() {
    let (store, auth) = (testing::store().await, auth());
    let session = begin(&store, &auth).await;
    // Each would mint with a key of its own, as processes with different rings do.
    let turns = (10..30).map(|kid| store.turn_session(&session, Kid(kid), NOW));
    let mut won = Vec::new();
    let mut successors = Vec::new();
    for turn in futures::future::try_join_all(turns).await.unwrap() {
        match turn {
            Turn::Done(now) => {
                won.push(now.kid);
                successors.push(now);
            }
            Turn::Beaten(now) => {
                assert_eq!(decide(now.generation(), session.counter, true, NOW), RefreshDecision::SameSuccessor);
                successors.push(now);
            }
            Turn::Gone => panic!("nobody is logged out"),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(successors.len(), 20);
    assert!(successors.iter().all(|now| now.counter == session.counter + 1 && now.kid == won[0]));
}

#[tokio::test]
async fn a_turn_moves_the_idle_time_and_neither_begin_nor_proof() {
    let (store, auth) = (testing::store().await, auth());
    let session = begin(&store, &auth).await;
    let later = NOW + Duration::from_hours(3);
    let Turn::Done(turned) = store.turn_session(&session, Kid(1), later).await.unwrap() else { panic!("beaten") };
    assert_eq!((turned.created_at, turned.auth_time, turned.version), (NOW, NOW, 1));
    assert_eq!(turned.expires_at(), later + IDLE);
    assert_eq!(turned.expires, (later + IDLE).unix_seconds());
    // A clock that lags does not take it back.
    let Turn::Done(again) = store.turn_session(&turned, Kid(1), NOW).await.unwrap() else { panic!("beaten") };
    assert_eq!(again.last_turn, later);
}

#[tokio::test]
async fn a_session_ends_once_with_its_event_and_turns_no_more() {
    let (store, auth) = (testing::store().await, auth());
    let session = begin(&store, &auth).await;
    let end = || {
        let commit = store.commit(NOW, "correlation").by(Actor::User(auth.user));
        commit.end_session(&session, &REVOKED).run()
    };
    end().await.unwrap();
    assert!(matches!(end().await, Err(CommitError::Conflict)));
    assert!(matches!(store.turn_session(&session, Kid(1), NOW).await.unwrap(), Turn::Gone));
    let (events, _) = store.events_of_subject(&session.session.to_string(), 10, None).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| (event.r#type, event.version)).collect();
    assert_eq!(kinds, [(EventType::SessionRevoked, 2), (EventType::SessionCreated, 1)]);
}

#[tokio::test]
async fn all_but_one_end_over_several_transactions() {
    let (store, auth) = (testing::store().await, auth());
    let mut sessions = Vec::new();
    for _ in 0..65 {
        sessions.push(begin(&store, &auth).await);
    }
    let keep = sessions[40].session;
    let command = store.command("correlation", Actor::User(auth.user));
    let end = || async { store.end_sessions(&command, &auth, Some(&keep), &REVOKED, NOW).await.unwrap() };
    assert_eq!(end().await, 64);
    assert_eq!(end().await, 0);
    let (left, _) = store.sessions(&auth.user, NOW, 100, None).await.unwrap();
    assert_eq!(left.iter().map(|session| session.session).collect::<Vec<_>>(), [keep]);
}

#[tokio::test]
async fn a_new_epoch_ends_sessions_before_anything_is_cleaned() {
    let (store, auth) = (testing::store().await, auth());
    let before = begin(&store, &auth).await;
    let (next, _) = auth.change_password(PasswordHash("new".into()), NOW);
    assert!(before.admitted(&auth, NOW) && !before.admitted(&next, NOW));
    let after = begin(&store, &next).await;
    // What was over already is cleaned away and not counted.
    let command = store.command("correlation", Actor::User(auth.user));
    let ended = store.end_sessions(&command, &next, Some(&after.session), &REVOKED, NOW).await.unwrap();
    assert_eq!(ended, 0);
    assert!(store.session(&auth.user, &before.session, NOW).await.unwrap().is_none());
    assert!(store.session(&auth.user, &after.session, NOW).await.unwrap().unwrap().admitted(&next, NOW));
}

#[tokio::test]
async fn a_session_shows_its_person_where_it_was_begun() {
    let (store, auth) = (testing::store().await, auth());
    let session = begin(&store, &auth).await;
    let shown = session.view(&session.session, &key()).unwrap();
    assert!(shown.current);
    assert_eq!((shown.ip.as_str(), shown.user_agent.as_str()), ("192.0.2.7", "Browser"));
    let other = begin(&store, &auth).await;
    assert!(!session.view(&other.session, &key()).unwrap().current);
    assert!(session.view(&session.session, &PersonKey::from_key("user_eve", DataKey::from_bytes([8; 32]))).is_err());
}

async fn sign_in(store: &Store, auth: &Account, at: Timestamp) -> SessionItem {
    let session = SessionItem::begin(auth, &["pwd"], Kid(1), &origin(), &key(), at).unwrap();
    let author = Author::from(Actor::User(auth.user)).origin(&key(), origin());
    let begun = run_command!(store.command("correlation", author), |attempt| {
        let before = store.sign_ins(&auth.user).await?;
        let history = before.history(&auth.user, &key()).after(&Attempt::at(at));
        let trace = SignInTrace::seal(&auth.user, &decision(), &history, &key()).unwrap();
        Ok(attempt.commit(at).begin_session(&session, auth, &before, &trace).returning(()))
    });
    begun.unwrap();
    session
}

#[tokio::test]
async fn the_twenty_first_session_ends_the_oldest_with_its_event() {
    let (store, auth) = (testing::store().await, auth());
    let mut begun = Vec::new();
    for second in 0..23 {
        begun.push(sign_in(&store, &auth, NOW + Duration::from_secs(second)).await.session);
    }
    let (live, _) = store.sessions(&auth.user, NOW, 100, None).await.unwrap();
    let live: Vec<_> = live.iter().rev().map(|session| session.session).collect();
    assert_eq!(live, begun[3..]);
    let (events, _) = store.events_of_subject(&begun[0].to_string(), 10, None).await.unwrap();
    assert_eq!(events[0].r#type, EventType::SessionRevoked);
    assert_eq!(events[0].data["reason"], "too_many_sessions");
}

/// Of sign-ins at once each decides by the history that the one before left.
#[tokio::test]
async fn the_history_has_every_sign_in_and_nobody_else_reads_it() {
    let (store, auth) = (testing::store().await, auth());
    futures::future::join_all((0..5).map(|_| sign_in(&store, &auth, NOW))).await;
    let sign_ins = store.sign_ins(&auth.user).await.unwrap();
    let expected = (0..5).fold(SignInHistory::default(), |history, _| history.after(&Attempt::at(NOW)));
    assert_eq!(sign_ins.history(&auth.user, &key()), expected);
    let other = PersonKey::from_key("user_eve", DataKey::from_bytes([8; 32]));
    assert_eq!(sign_ins.history(&auth.user, &other), SignInHistory::default());
    assert_eq!(sign_ins.history(&UserId::new(NOW), &key()), SignInHistory::default(), "it is bound to its person");
}

#[tokio::test]
async fn the_owner_is_told_of_refused_sign_ins_once_an_hour_and_a_refusal_is_a_conflict_for_a_sign_in() {
    let (store, auth) = (testing::store().await, auth());
    let refuse = async |at: Timestamp| {
        let before = store.sign_ins(&auth.user).await.unwrap();
        let told = before.is_refusal_told(at);
        store.commit(at, "c").by(Actor::Anonymous).refuse_sign_in(&auth.user, &before).run().await.unwrap();
        told
    };
    let minutes = |minutes| NOW + Duration::from_mins(minutes);
    assert!(refuse(NOW).await && !refuse(minutes(30)).await && !refuse(minutes(59)).await && refuse(minutes(60)).await);
    let read = store.sign_ins(&auth.user).await.unwrap();
    assert!(read.is_first() && read.refused_at() == Some(minutes(60)));
    refuse(minutes(61)).await;
    let late = store.commit(NOW, "c").by(Actor::Anonymous).refuse_sign_in(&auth.user, &read).run().await;
    assert!(matches!(late, Err(CommitError::Conflict)));
    sign_in(&store, &auth, minutes(62)).await;
    let after = store.sign_ins(&auth.user).await.unwrap();
    assert!(!after.is_first() && after.refused_at() == Some(minutes(61)));
}

#[tokio::test]
async fn sign_ins_at_once_keep_the_bound_too() {
    let (store, auth) = (testing::store().await, auth());
    for second in 0..18 {
        sign_in(&store, &auth, NOW + Duration::from_secs(second)).await;
    }
    // As many as there are tries at a password at once.
    let later = NOW + Duration::from_mins(1);
    futures::future::join_all((0..5).map(|_| sign_in(&store, &auth, later))).await;
    let (live, _) = store.sessions(&auth.user, NOW, 100, None).await.unwrap();
    assert_eq!(live.len(), 20);
}

#[tokio::test]
async fn sessions_from_before_the_bound_end_a_few_at_a_time_and_those_that_are_over_count_for_nothing() {
    let (store, auth) = (testing::store().await, auth());
    let (next, _) = auth.change_password(PasswordHash("new".into()), NOW);
    for _ in 0..25 {
        begin(&store, &auth).await;
    }
    for _ in 0..45 {
        begin(&store, &next).await;
    }
    sign_in(&store, &next, NOW).await;
    let live = async || {
        let (all, _) = store.sessions(&auth.user, NOW, 100, None).await.unwrap();
        all.iter().filter(|session| session.admitted(&next, NOW)).count()
    };
    assert_eq!(live().await, 26);
    sign_in(&store, &next, NOW).await;
    assert_eq!(live().await, 20);
}
