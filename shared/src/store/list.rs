//! Published lists: `LIST#<id>` · `LIST` is what is known of one, `LISTS` · `CURRENT` points to what is in force.

use std::collections::BTreeMap;

use super::{
    Store, Table,
    commit::{self, Commit},
    item::{Key, read, text},
};
use crate::{
    domain::{
        aml::list::{CompiledList, ListContent, ListState, ListsPointer, RefusedList},
        event::{CompiledLists, EventType, LoadedContent, PublicWord, RefusedContent, Subject},
    },
    error::Result,
    store::event::EventDraft,
};

/// What stands of the lists asked for, read together.
#[derive(Debug, Clone, Default)]
pub struct ListsState {
    pub pointer: Option<ListsPointer>,
    pub states: BTreeMap<String, ListState>,
}

fn list_key(id: &str) -> Key {
    Key::new(format!("LIST#{id}"), "LIST")
}

fn pointer_key() -> Key {
    Key::new("LISTS", "CURRENT")
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

    /// What is in force and what is known of these lists, in one read.
    pub async fn board<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Result<ListsState> {
        let mut wanted = vec![(Table::Kyc, pointer_key())];
        wanted.extend(ids.into_iter().map(|id| (Table::Kyc, list_key(id))));
        let mut found = self.get_many(&wanted).await?;
        let pointer = found.remove(&pointer_key()).map(read).transpose()?;
        let states = found.into_values().map(read::<ListState>).collect::<Result<Vec<_>>>()?;
        Ok(ListsState { pointer, states: states.into_iter().map(|state| (state.id.clone(), state)).collect() })
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
        let found = FetchOutcome::List { content, validators: vec![], confirmed_at: at(second), is_accepted: true };
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

    fn pointer(board: &ListsState, second: i64) -> ListsPointer {
        let compiled = |state: &ListState| CompiledList::of(state.content.as_ref().unwrap(), at(second));
        ListsPointer {
            version: board.pointer.as_ref().map_or(0, |pointer| pointer.version) + 1,
            artifact: "artifacts/1".into(),
            sha256: "00".into(),
            format: 1,
            engine: "1".into(),
            published_at: at(second),
            lists: board.states.iter().map(|(id, state)| (id.clone(), compiled(state))).collect(),
        }
    }

    async fn publish(store: &Store, board: &ListsState, second: i64) -> Result<(), CommitError> {
        let next = pointer(board, second);
        let event = pointer_event(&next).by(Actor::system("lists"));
        store.commit(at(second), "c").lists_in_force(board.pointer.as_ref(), &next).event(event).run().await
    }

    #[tokio::test]
    async fn states_and_pointer_read_back_as_they_were_written() {
        let store = testing::store().await;
        load(&store, "un", "a", 10).await.unwrap();
        load(&store, "uk", "b", 11).await.unwrap();
        let board = store.board(["un", "uk", "eu"]).await.unwrap();
        assert_eq!(board.states.keys().collect::<Vec<_>>(), ["uk", "un"]);
        assert!(board.pointer.is_none());
        publish(&store, &board, 12).await.unwrap();
        let again = store.board(["un"]).await.unwrap();
        assert_eq!(again.pointer, Some(pointer(&board, 12)));
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
        let first = store.board(["un"]).await.unwrap();
        publish(&store, &first, 11).await.unwrap();
        // Another one that read the same.
        assert!(matches!(publish(&store, &first, 12).await, Err(CommitError::Conflict)));

        // One that compiled, while the list moved on and nobody else compiled.
        let old = store.board(["un"]).await.unwrap();
        load(&store, "un", "b", 20).await.unwrap();
        assert!(matches!(publish(&store, &old, 21).await, Err(CommitError::Conflict)));
        let new = store.board(["un"]).await.unwrap();
        publish(&store, &new, 22).await.unwrap();
        assert_eq!(store.board(["un"]).await.unwrap().pointer.unwrap().lists["un"].sha256, "b");
    }

    #[tokio::test]
    async fn a_confirmation_does_not_keep_lists_from_coming_into_force() {
        let store = testing::store().await;
        load(&store, "un", "a", 10).await.unwrap();
        let board = store.board(["un"]).await.unwrap();
        let before = store.list("un").await.unwrap();
        let ListChange::Confirmed(after) = ListState::after(before.as_ref(), "un", &look("a", 20)) else { panic!() };
        store.commit(at(20), "c").list_changes(before.as_ref(), &after).run().await.unwrap();
        publish(&store, &board, 21).await.unwrap();
    }
}
