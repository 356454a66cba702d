//! Compiles the loaded lists to one artifact and puts it in force.

use std::{collections::BTreeMap, time::Duration};

use super::{Watchlists, files::hash, load::read, source::ListSource};
use crate::{
    domain::{
        aml::list::{CompiledList, ListState, ListsPointer},
        event::Actor,
        time::Timestamp,
    },
    error::{Internal, Result},
    run_command,
    screening::{Artifact, ENGINE_VERSION, FORMAT_VERSION},
    store::{
        command::Decided,
        list::{ListsState, pointer_event},
    },
};

/// The age at which the artifact is compiled again without a change, so that the bucket's expiry of old artifacts never
/// deletes the one in force.
const RENEWED_AFTER: Duration = Duration::from_hours(60 * 24);

impl Watchlists<'_> {
    /// Puts all loaded lists in force if they are not yet. With concurrent runs, and after a crash at any point, the lists in
    /// force are a complete set and never older than before.
    pub async fn compile(&self, correlation_id: &str) -> Result<()> {
        let sources = self.sources().await?;
        let store = self.store;
        let command = store.command(correlation_id, Actor::system("lists"));
        let compiled = run_command!(command, |attempt| {
            let lists_state = store.lists_state().await?;
            if is_in_force(&lists_state, &sources, Timestamp::now())
                && self.is_intact(lists_state.pointer.as_ref()).await?
            {
                return Ok(Decided::Unchanged(None));
            }
            let next = self.compiled(&lists_state, &sources).await?;
            let commit = attempt.commit(next.published_at).lists_in_force(lists_state.pointer.as_ref(), &next);
            Ok(commit.event(pointer_event(&next)).returning(Some(next)))
        });
        if let Some(next) = compiled? {
            tracing::info!(version = next.version, artifact = next.artifact, "lists in force");
        }
        Ok(())
    }

    /// Whether the stored artifact in force is intact. If it is not, functions that have it in memory continue, and new ones
    /// cannot start until it is compiled again.
    async fn is_intact(&self, pointer: Option<&ListsPointer>) -> Result<bool> {
        let Some(pointer) = pointer else { return Ok(true) };
        let whole = self.intact_object(&pointer.artifact, &pointer.sha256).await?.is_some();
        if !whole {
            tracing::error!(
                artifact = pointer.artifact,
                "the artifact in force is missing or damaged and is compiled again"
            );
        }
        Ok(whole)
    }

    async fn compiled(&self, lists_state: &ListsState, sources: &[ListSource]) -> Result<ListsPointer> {
        let mut read_lists = Vec::new();
        let mut lists = BTreeMap::new();
        for source in sources {
            let Some(state) = lists_state.states.get(&source.id) else { continue };
            let Some(content) = &state.content else { continue };
            let mut files = Vec::new();
            for file in &content.files {
                files.push(self.object(&file.key, &file.sha256).await?);
            }
            let (list, _) =
                read(source, &files).map_err(|(_, cause)| Internal::corrupt(format!("list {}: {cause}", source.id)))?;
            lists.insert(source.id.clone(), CompiledList::of(content, confirmed_at(state)));
            read_lists.push(list);
        }
        let bytes = Artifact::build(&read_lists);
        drop(read_lists);
        let version = lists_state.pointer.as_ref().map_or(0, |pointer| pointer.version) + 1;
        let sha256 = hash(&bytes);
        let artifact = format!("artifacts/{version:08}-{sha256}");
        // An artifact that cannot be loaded must not come into force.
        let bytes = check(bytes)?;
        self.put_object(&artifact, bytes).await?;
        Ok(ListsPointer {
            version,
            artifact,
            sha256,
            format: FORMAT_VERSION,
            engine: ENGINE_VERSION.to_owned(),
            published_at: Timestamp::now(),
            lists,
        })
    }
}

fn check(bytes: Vec<u8>) -> Result<Vec<u8>> {
    Artifact::load(bytes.clone()).map_err(Internal::bug)?;
    Ok(bytes)
}

fn confirmed_at(state: &ListState) -> Timestamp {
    state.confirmed_at.unwrap_or(state.fetch_began_at)
}

/// Whether all loaded lists are in force, compiled by this engine and not too long ago.
fn is_in_force(lists_state: &ListsState, sources: &[ListSource], now: Timestamp) -> bool {
    let wanted: BTreeMap<_, _> = sources
        .iter()
        .filter_map(|source| {
            lists_state.states.get(&source.id)?.content.as_ref().map(|content| (&source.id, &content.sha256))
        })
        .collect();
    let Some(pointer) = &lists_state.pointer else { return wanted.is_empty() };
    let held: BTreeMap<_, _> = pointer.lists.iter().map(|(id, list)| (id, &list.sha256)).collect();
    // If nothing is loaded, nothing can replace the artifact.
    wanted.is_empty()
        || (held == wanted
            && (pointer.format, pointer.engine.as_str()) == (FORMAT_VERSION, ENGINE_VERSION)
            && now.since(pointer.published_at) < RENEWED_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::aml::list::ListContent, watchlists::source};

    fn sources(ids: &[&str]) -> Vec<ListSource> {
        let one = |id: &&str| {
            serde_json::json!({"id": id, "name": "x", "kind": "sanctions", "format": "un_xml",
                "urls": ["https://x.example/"], "max_age_hours": 1})
        };
        source::parse(&serde_json::Value::Array(ids.iter().map(one).collect()).to_string(), false).unwrap()
    }

    fn state(id: &str, sha256: &str) -> ListState {
        let content = ListContent {
            version: "1".into(),
            sha256: sha256.into(),
            reading: String::new(),
            files: vec![],
            entries: 1,
            published_at: None,
            loaded_at: Timestamp::from_unix_seconds(1),
        };
        ListState { content: Some(content), ..ListState::requested(None, id) }
    }

    #[test]
    fn lists_are_compiled_only_when_that_changes_something() {
        let now = Timestamp::from_unix_seconds(1_000);
        let both = sources(&["un", "uk"]);
        let mut lists_state = ListsState::default();
        assert!(is_in_force(&lists_state, &both, now), "nothing is loaded");
        lists_state.states.insert("un".into(), state("un", "a"));
        assert!(!is_in_force(&lists_state, &both, now));
        let list = CompiledList::of(state("un", "a").content.as_ref().unwrap(), now);
        let pointer = ListsPointer {
            version: 1,
            artifact: String::new(),
            sha256: String::new(),
            format: FORMAT_VERSION,
            engine: ENGINE_VERSION.into(),
            published_at: now,
            lists: BTreeMap::from([("un".to_owned(), list)]),
        };
        lists_state.pointer = Some(pointer.clone());
        assert!(is_in_force(&lists_state, &both, now));
        assert!(!is_in_force(&lists_state, &both, now + RENEWED_AFTER), "too old");
        lists_state.pointer = Some(ListsPointer { engine: "0".into(), ..pointer.clone() });
        assert!(!is_in_force(&lists_state, &both, now), "another engine");
        lists_state.pointer = Some(pointer);
        lists_state.states.insert("uk".into(), state("uk", "b"));
        assert!(!is_in_force(&lists_state, &both, now), "one more");
        assert!(is_in_force(&lists_state, &sources(&["un"]), now), "not configured");
        lists_state.states.insert("un".into(), state("un", "c"));
        assert!(!is_in_force(&lists_state, &sources(&["un"]), now), "changed");
    }
}
