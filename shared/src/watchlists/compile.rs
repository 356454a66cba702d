//! Compiling what is loaded to one artifact, and putting it in force.

use std::{collections::BTreeMap, time::Duration};

use super::{Watchlists, files::hash, load::read, source::ListSource};
use crate::{
    domain::{
        aml::list::{Compiled, ListState, Pointer},
        time::Timestamp,
    },
    error::{Internal, Result},
    screening::{Artifact, ENGINE_VERSION, artifact::FORMAT_VERSION},
    store::{
        commit::Tries,
        list::{Board, pointer_event},
    },
};

/// The artifact in force is made anew at this age though nothing changed, so that the bucket's rule for old artifacts can
/// never meet it.
const RENEWED_AFTER: Duration = Duration::from_hours(60 * 24);

impl Watchlists<'_> {
    /// Puts all loaded lists in force, unless they are. Whoever compiles at the same time, and wherever this is killed:
    /// what is in force is a whole set, and never an older one than before.
    pub async fn compile(&self, correlation_id: &str) -> Result<()> {
        let sources = self.sources().await?;
        let store = self.store;
        let mut tries = Tries::new();
        loop {
            let board = store.board(sources.iter().map(|source| source.id.as_str())).await?;
            if is_in_force(&board, &sources, Timestamp::now()) && self.stands(board.pointer.as_ref()).await? {
                return Ok(());
            }
            let next = self.compiled(&board, &sources).await?;
            let event = pointer_event(&next);
            let commit = store.commit(next.published_at, correlation_id);
            match commit.lists_in_force(board.pointer.as_ref(), &next).event(event).run().await {
                Ok(()) => {
                    tracing::info!(version = next.version, artifact = next.artifact, "lists in force");
                    return Ok(());
                }
                Err(error) => tries.again(error).await?,
            }
        }
    }

    /// Whether the artifact in force is still what was put. Functions that hold it in memory go on; those that start could
    /// not, until it is made anew.
    async fn stands(&self, pointer: Option<&Pointer>) -> Result<bool> {
        let Some(pointer) = pointer else { return Ok(true) };
        let whole = self.object_as_put(&pointer.artifact, &pointer.sha256).await?.is_some();
        if !whole {
            tracing::error!(artifact = pointer.artifact, "the artifact in force is gone or damaged, and made anew");
        }
        Ok(whole)
    }

    async fn compiled(&self, board: &Board, sources: &[ListSource]) -> Result<Pointer> {
        let mut read_lists = Vec::new();
        let mut lists = BTreeMap::new();
        for source in sources {
            let Some(state) = board.states.get(&source.id) else { continue };
            let Some(content) = &state.content else { continue };
            let mut files = Vec::new();
            for file in &content.files {
                files.push(self.object(&file.key, &file.sha256).await?);
            }
            let list =
                read(source, &files).map_err(|(_, cause)| Internal::corrupt(format!("list {}: {cause}", source.id)))?;
            lists.insert(source.id.clone(), Compiled::of(content, confirmed_at(state)));
            read_lists.push(list);
        }
        let bytes = Artifact::build(&read_lists);
        drop(read_lists);
        let version = board.pointer.as_ref().map_or(0, |pointer| pointer.version) + 1;
        let sha256 = hash(&bytes);
        let artifact = format!("artifacts/{version:08}-{sha256}");
        // What we could not load ourselves must not come into force.
        let bytes = check(bytes)?;
        self.put_object(&artifact, bytes).await?;
        Ok(Pointer {
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
    state.confirmed_at.unwrap_or(state.looked_at)
}

/// Whether all that is loaded is in force already, made by this engine and not too long ago.
fn is_in_force(board: &Board, sources: &[ListSource], now: Timestamp) -> bool {
    let wanted: BTreeMap<_, _> = sources
        .iter()
        .filter_map(|source| {
            board.states.get(&source.id)?.content.as_ref().map(|content| (&source.id, &content.sha256))
        })
        .collect();
    let Some(pointer) = &board.pointer else { return wanted.is_empty() };
    let held: BTreeMap<_, _> = pointer.lists.iter().map(|(id, list)| (id, &list.sha256)).collect();
    // With nothing loaded there is nothing that could take its place.
    wanted.is_empty()
        || (held == wanted
            && (pointer.format, pointer.engine.as_str()) == (FORMAT_VERSION, ENGINE_VERSION)
            && now.since(pointer.published_at) < RENEWED_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::aml::list::Content, watchlists::source};

    fn sources(ids: &[&str]) -> Vec<ListSource> {
        let one = |id: &&str| {
            serde_json::json!({"id": id, "name": "x", "kind": "sanctions", "format": "un_xml",
                "urls": ["https://x.example/"], "max_age_hours": 1})
        };
        source::parse(&serde_json::Value::Array(ids.iter().map(one).collect()).to_string(), false).unwrap()
    }

    fn state(id: &str, sha256: &str) -> ListState {
        let content = Content {
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
    fn lists_are_compiled_when_and_only_when_something_would_change() {
        let now = Timestamp::from_unix_seconds(1_000);
        let both = sources(&["un", "uk"]);
        let mut board = Board::default();
        assert!(is_in_force(&board, &both, now), "nothing is loaded");
        board.states.insert("un".into(), state("un", "a"));
        assert!(!is_in_force(&board, &both, now));
        let list = Compiled::of(state("un", "a").content.as_ref().unwrap(), now);
        let pointer = Pointer {
            version: 1,
            artifact: String::new(),
            sha256: String::new(),
            format: FORMAT_VERSION,
            engine: ENGINE_VERSION.into(),
            published_at: now,
            lists: BTreeMap::from([("un".to_owned(), list)]),
        };
        board.pointer = Some(pointer.clone());
        assert!(is_in_force(&board, &both, now));
        assert!(!is_in_force(&board, &both, now + RENEWED_AFTER), "too old");
        board.pointer = Some(Pointer { engine: "0".into(), ..pointer.clone() });
        assert!(!is_in_force(&board, &both, now), "another engine");
        board.pointer = Some(pointer);
        board.states.insert("uk".into(), state("uk", "b"));
        assert!(!is_in_force(&board, &both, now), "one more");
        assert!(is_in_force(&board, &sources(&["un"]), now), "not configured");
        board.states.insert("un".into(), state("un", "c"));
        assert!(!is_in_force(&board, &sources(&["un"]), now), "changed");
    }
}
