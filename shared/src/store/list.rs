//! Published lists, in one partition so that one query reads them all: `LISTS` · `LIST#<id>` is the state of a list,
//! `LISTS` · `CURRENT` points to the lists in force. `LIST#<id>` · `REPORT` is what the reader took from a list's content; only
//! who asks for it reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Store, Table,
    commit::{self, Commit},
    item::{ItemQuery, Key, Sort, key_of, read, text},
};
use crate::{
    domain::{
        aml::list::{CompiledList, ListContent, ListState, ListsPointer, RefusedList},
        event::{CompiledLists, EventType, LoadedContent, PublicWord, RefusedContent, Subject},
    },
    error::Result,
    screening::ReadReport,
    store::event::EventDraft,
};

/// The pointer to the lists in force, and the state of each list, read together.
#[derive(Debug, Clone, Default)]
pub struct ListsState {
    pub pointer: Option<ListsPointer>,
    pub states: BTreeMap<String, ListState>,
}

/// What the reader took from the content of a list, and what it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReport {
    /// The list's version that loaded the content.
    pub version: u64,
    /// Of the content, hex.
    pub sha256: String,
    pub report: ReadReport,
}

const PARTITION: &str = "LISTS";

/// Items of one page of the query. A deployment has few lists, so there is hardly ever a second page.
const PAGE: u32 = 200;

fn list_key(id: &str) -> Key {
    Key::new(PARTITION, format!("LIST#{id}"))
}

fn report_key(id: &str) -> Key {
    Key::new(format!("LIST#{id}"), "REPORT")
}

fn pointer_key() -> Key {
    Key::new(PARTITION, "CURRENT")
}

/// An event of one list, at the version it makes.
pub fn list_event(kind: EventType, state: &ListState) -> EventDraft {
    EventDraft::new(kind, Subject::new("list", &state.id), state.version)
}

/// The event of new content of a list; `accepted_shrunken` if somebody asked for a much smaller list to be taken.
pub fn loaded_event(state: &ListState, content: &ListContent, accepted_shrunken: bool) -> EventDraft {
    list_event(EventType::ListLoaded, state).data(&LoadedContent {
        version: PublicWord::named(&content.version),
        entries: content.entries,
        sha256: PublicWord::named(&content.sha256),
        accept_shrunken: accepted_shrunken.then_some(true),
    })
}

/// The event of content of a list that was refused.
pub fn refused_event(state: &ListState, refused: &RefusedList) -> EventDraft {
    list_event(EventType::ListRefused, state).data(&RefusedContent { reason: refused.code })
}

/// The event of new lists in force.
pub fn pointer_event(pointer: &ListsPointer) -> EventDraft {
    let version = |(id, list): (&String, &CompiledList)| (PublicWord::named(id), PublicWord::named(&list.version));
    let compiled = CompiledLists {
        artifact: PublicWord::named(&pointer.artifact),
        engine: PublicWord::named(&pointer.engine),
        lists: pointer.lists.iter().map(version).collect(),
    };
    EventDraft::new(EventType::ListsUpdated, Subject::new("lists", "lists"), pointer.version).data(&compiled)
}

impl Commit<'_> {
    /// A list's new state, if its state is still the one that was read.
    pub fn list_changes(self, before: Option<&ListState>, after: &ListState) -> Self {
        let key = list_key(&after.id);
        match before {
            None => self.create(Table::Kyc, &key, after, None),
            Some(before) => self.replace(Table::Kyc, &key, after, before.version),
        }
    }

    /// The report of a list's new content, if the report before is still the one that was read.
    pub fn list_report(self, id: &str, before: Option<&ListReport>, after: &ListReport) -> Self {
        let key = report_key(id);
        match before {
            None => self.create(Table::Kyc, &key, after, None),
            Some(before) => self.replace(Table::Kyc, &key, after, before.version),
        }
    }

    /// Puts lists in force, if those before are still the ones that were read and each list's content is still the one
    /// that was compiled: so an older set never comes after a newer one.
    pub fn lists_in_force(self, before: Option<&ListsPointer>, after: &ListsPointer) -> Self {
        let key = pointer_key();
        let mut this = match before {
            None => self.create(Table::Kyc, &key, after, None),
            Some(before) => self.replace(Table::Kyc, &key, after, before.version),
        };
        for (id, list) in &after.lists {
            let still = commit::WriteExpression {
                condition: "#content.#sha256 = :sha256",
                names: &["content", "sha256"],
                values: vec![(":sha256", text(&list.sha256))],
                ..commit::WriteExpression::default()
            };
            this = this.check(Table::Kyc, &list_key(id), &still, None);
        }
        this
    }
}

impl Store {
    pub async fn list(&self, id: &str) -> Result<Option<ListState>> {
        self.get_as(Table::Kyc, &list_key(id)).await
    }

    /// The reader's report of the content that was loaded last.
    pub async fn list_report(&self, id: &str) -> Result<Option<ListReport>> {
        self.get_as(Table::Kyc, &report_key(id)).await
    }

    /// The pointer and the states of all lists, also of those that are no longer configured.
    pub async fn lists_state(&self) -> Result<ListsState> {
        let mut lists = ListsState::default();
        let mut after = None;
        loop {
            let query = ItemQuery {
                table: Table::Kyc,
                index: None,
                partition: ("pk", PARTITION),
                sort: Sort::Any,
                newest_first: false,
                limit: PAGE,
                after: after.as_ref(),
            };
            let (items, next) = self.query(query).await?;
            for item in items {
                if key_of(&item) == pointer_key() {
                    lists.pointer = Some(read(item)?);
                } else {
                    let state: ListState = read(item)?;
                    lists.states.insert(state.id.clone(), state);
                }
            }
            after = next;
            if after.is_none() {
                return Ok(lists);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::event::Actor,
        domain::{
            aml::list::{CompiledList, FetchOutcome, ListChange, ListContent, ListFetch},
            time::Timestamp,
        },
        store::{commit::CommitError, testing},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second)
    }

    fn look(sha256: &str, second: i64) -> ListFetch {
        let content = ListContent {
            version: sha256.to_uppercase(),
            sha256: sha256.to_owned(),
            reading: String::new(),
            files: vec![],
            entries: 3,
            published_at: None,
            loaded_at: at(second),
        };
        let found = FetchOutcome::List { content, validators: vec![], confirmed_at: at(second), losses: vec![] };
        ListFetch { began_at: at(second), found }
    }

    async fn load(store: &Store, id: &str, sha256: &str, second: i64) -> Result<(), CommitError> {
        let before = store.list(id).await?;
        let ListChange::Loaded(after) = ListState::after(before.as_ref(), id, &look(sha256, second)) else {
            panic!("not loaded")
        };
        let event = loaded_event(&after, after.content.as_ref().unwrap(), false).by(Actor::system("lists"));
        store.commit(at(second), "c").list_changes(before.as_ref(), &after).event(event).run().await
    }

    fn pointer(lists_state: &ListsState, second: i64) -> ListsPointer {
        let compiled = |state: &ListState| CompiledList::of(state.content.as_ref().unwrap(), at(second));
        ListsPointer {
            version: lists_state.pointer.as_ref().map_or(0, |pointer| pointer.version) + 1,
            artifact: "artifacts/1".into(),
            sha256: "00".into(),
            format: 1,
            engine: "1".into(),
            published_at: at(second),
            lists: lists_state.states.iter().map(|(id, state)| (id.clone(), compiled(state))).collect(),
        }
    }

    async fn publish(store: &Store, lists_state: &ListsState, second: i64) -> Result<(), CommitError> {
        let next = pointer(lists_state, second);
        let event = pointer_event(&next).by(Actor::system("lists"));
        store.commit(at(second), "c").lists_in_force(lists_state.pointer.as_ref(), &next).event(event).run().await
    }

    #[tokio::test]
    async fn states_and_pointer_read_back_as_they_were_written() {
        let store = testing::store().await;
        load(&store, "un", "a", 10).await.unwrap();
        load(&store, "uk", "b", 11).await.unwrap();
        let lists_state = store.lists_state().await.unwrap();
        assert_eq!(lists_state.states.keys().collect::<Vec<_>>(), ["uk", "un"]);
        assert!(lists_state.pointer.is_none());
        publish(&store, &lists_state, 12).await.unwrap();
        let again = store.lists_state().await.unwrap();
        assert_eq!(again.pointer, Some(pointer(&lists_state, 12)));
        let events = store.events_of_subject("lists", 10, None).await.unwrap().0;
        assert_eq!(events[0].data["lists"]["un"], "A");
    }

    #[tokio::test]
    async fn of_two_writers_on_one_state_one_wins() {
        let store = testing::store().await;
        load(&store, "un", "a", 10).await.unwrap();
        let read = store.list("un").await.unwrap();
        load(&store, "un", "b", 20).await.unwrap();
        let ListChange::Loaded(after) = ListState::after(read.as_ref(), "un", &look("c", 30)) else { panic!() };
        let lost = store.commit(at(30), "c").list_changes(read.as_ref(), &after).run().await;
        assert!(matches!(lost, Err(CommitError::Conflict)));
        assert_eq!(store.list("un").await.unwrap().unwrap().content.unwrap().sha256, "b");
    }

    #[tokio::test]
    async fn of_two_compilers_one_wins_and_an_older_set_never_comes_after_a_newer_one() {
        let store = testing::store().await;
        load(&store, "un", "a", 10).await.unwrap();
        let first = store.lists_state().await.unwrap();
        publish(&store, &first, 11).await.unwrap();
        // Another one that read the same.
        assert!(matches!(publish(&store, &first, 12).await, Err(CommitError::Conflict)));

        // One that compiled, while the list moved on and nobody else compiled.
        let old = store.lists_state().await.unwrap();
        load(&store, "un", "b", 20).await.unwrap();
        assert!(matches!(publish(&store, &old, 21).await, Err(CommitError::Conflict)));
        let new = store.lists_state().await.unwrap();
        publish(&store, &new, 22).await.unwrap();
        assert_eq!(store.lists_state().await.unwrap().pointer.unwrap().lists["un"].sha256, "b");
    }

    #[tokio::test]
    async fn a_confirmation_does_not_keep_lists_from_coming_into_force() {
        let store = testing::store().await;
        load(&store, "un", "a", 10).await.unwrap();
        let lists_state = store.lists_state().await.unwrap();
        let before = store.list("un").await.unwrap();
        let ListChange::Confirmed(after) = ListState::after(before.as_ref(), "un", &look("a", 20)) else { panic!() };
        store.commit(at(20), "c").list_changes(before.as_ref(), &after).run().await.unwrap();
        publish(&store, &lists_state, 21).await.unwrap();
    }
}
