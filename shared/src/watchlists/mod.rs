//! The lists in force: fetched from their sources, compiled, and read here for screening.
//!
//! ```text
//! source ──► load (fetch, read, store, commit) ──► compile (artifact, pointer) ──► Watchlists::in_force
//! ```
//!
//! A list that is broken, empty or suddenly small is refused, and the last good one stays in force with its age.

mod compile;
mod fetch;
mod files;
mod load;
pub mod source;
pub mod sources;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::sync::Mutex;

use crate::{
    app::App,
    config::Stage,
    domain::{
        aml::{
            AmlError, ListKind,
            list::{CompiledList, ListsPointer, RefusedList},
        },
        event::PublicWord,
        time::Timestamp,
    },
    error::{Internal, Result},
    screening::Artifact,
    store::{Store, list::ListsState},
};
use fetch::Fetcher;
use source::ListSource;

/// How long a process uses the lists that it looked up. Functions must see new lists within a minute.
const LOOKED_UP_EVERY: Duration = Duration::from_secs(30);

/// The lists of a deployment, with the clients that loading and reading them needs.
#[derive(Debug)]
pub struct Watchlists<'a> {
    store: &'a Store,
    s3: &'a aws_sdk_s3::Client,
    bucket: &'a str,
    /// Key of the object that configures the lists.
    sources_key: &'a str,
    /// Whether this is a local stack, which fetches lists over plain HTTP and never from the Internet.
    local: bool,
    held: Arc<ListCache>,
}

/// The lists that a process has in memory.
#[derive(Debug, Default)]
struct ListCache {
    in_force: Mutex<Option<(Timestamp, Arc<InForce>)>>,
    sources: sources::SourcesCache,
    fetcher: OnceLock<Fetcher>,
}

/// All lists in force, of one version. A screening that holds it uses one version from start to end.
#[derive(Debug)]
pub struct InForce {
    pub artifact: Arc<Artifact>,
    /// Rises with each change of the lists in force.
    pub version: u64,
    pub lists: Vec<ListInForce>,
    /// Lists that are configured and not in force: never loaded, or not compiled yet.
    pub missing: Vec<String>,
}

/// One list in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListInForce {
    pub id: String,
    pub name: String,
    pub kind: ListKind,
    /// The publisher's version or date, or a hash.
    pub version: String,
    pub entries: usize,
    /// As the list states it.
    pub published_at: Option<String>,
    pub loaded_at: Timestamp,
    /// When the source last confirmed it; for an upload, the time of the upload.
    pub confirmed_at: Timestamp,
    pub max_age: Duration,
    /// Whether it is a part of the published list, for trying out.
    pub sample: bool,
}

impl ListInForce {
    fn new(source: &ListSource, compiled: &CompiledList, confirmed_at: Timestamp) -> Self {
        Self {
            id: source.id.clone(),
            name: source.name.clone(),
            kind: source.kind,
            version: compiled.version.clone(),
            entries: compiled.entries,
            published_at: compiled.published_at.clone(),
            loaded_at: compiled.loaded_at,
            confirmed_at,
            max_age: source.max_age,
            sample: source.sample,
        }
    }

    /// A list that was removed from the configuration. It stays in force until the next compilation and never becomes stale.
    fn dropped(id: &str, compiled: &CompiledList) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            kind: ListKind::Sanctions,
            version: compiled.version.clone(),
            entries: compiled.entries,
            published_at: compiled.published_at.clone(),
            loaded_at: compiled.loaded_at,
            confirmed_at: compiled.confirmed_at,
            max_age: Duration::MAX,
            sample: false,
        }
    }

    /// The time since its source last confirmed it.
    pub fn age(&self, now: Timestamp) -> Duration {
        now.since(self.confirmed_at)
    }

    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.age(now) > self.max_age
    }
}

impl InForce {
    fn new(artifact: Arc<Artifact>, pointer: &ListsPointer, lists_state: &ListsState, sources: &[ListSource]) -> Self {
        let (mut lists, mut missing) = (Vec::new(), Vec::new());
        for source in sources {
            match pointer.lists.get(&source.id) {
                Some(compiled) => {
                    let confirmed_at = compiled.confirmed_at(lists_state.states.get(&source.id));
                    lists.push(ListInForce::new(source, compiled, confirmed_at));
                }
                None => missing.push(source.id.clone()),
            }
        }
        let dropped = pointer.lists.iter().filter(|(id, _)| sources.iter().all(|source| source.id != **id));
        lists.extend(dropped.map(|(id, compiled)| ListInForce::dropped(id, compiled)));
        Self { artifact, version: pointer.version, lists, missing }
    }

    /// The kind of a list. An unknown list counts as sanctions, the strictest kind.
    pub fn kind_of(&self, list: &str) -> ListKind {
        self.list(list).map_or(ListKind::Sanctions, |list| list.kind)
    }

    /// A list by its id.
    pub fn list(&self, id: &str) -> Option<&ListInForce> {
        self.lists.iter().find(|list| list.id == id)
    }

    /// The version of each list, as events name them.
    pub fn versions(&self) -> BTreeMap<PublicWord, PublicWord> {
        self.lists.iter().map(|list| (PublicWord::named(&list.id), PublicWord::named(&list.version))).collect()
    }

    /// Whether every configured list is in force and none of them is stale.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.missing.is_empty() && self.lists.iter().all(|list| !list.is_stale(now))
    }
}

/// The status of a configured list.
#[derive(Debug, Clone)]
pub struct ListStatus {
    pub id: String,
    pub name: String,
    pub kind: ListKind,
    /// `None` if it is not in force.
    pub in_force: Option<ListInForce>,
    /// Set if the last fetch from its source was refused.
    pub refused: Option<RefusedList>,
}

impl ListStatus {
    /// Whether it is stale or not in force: then it clears nobody.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.in_force.as_ref().is_none_or(|list| list.is_stale(now))
    }
}

impl<'a> Watchlists<'a> {
    pub async fn of(app: &'a App) -> Self {
        Self {
            store: app.store().await,
            s3: app.s3().await,
            bucket: &app.config.lists_bucket,
            sources_key: &app.config.list_sources_key,
            local: app.config.stage == Stage::Local,
            held: app.state(),
        }
    }

    /// Reads the states and the configuration in parallel, to save a round trip.
    async fn lists_state(&self) -> Result<(ListsState, Arc<[ListSource]>)> {
        tokio::try_join!(self.store.lists_state(), self.sources())
    }

    /// The status of each configured list, in the configured order. Reads no artifact.
    pub async fn statuses(&self) -> Result<Vec<ListStatus>> {
        let (lists_state, sources) = self.lists_state().await?;
        let standing = |source: &ListSource| {
            let state = lists_state.states.get(&source.id);
            let compiled = lists_state.pointer.as_ref().and_then(|pointer| pointer.lists.get(&source.id));
            ListStatus {
                id: source.id.clone(),
                name: source.name.clone(),
                kind: source.kind,
                in_force: compiled.map(|compiled| ListInForce::new(source, compiled, compiled.confirmed_at(state))),
                refused: state.and_then(|state| state.refused.clone()),
            }
        };
        Ok(sources.iter().map(standing).collect())
    }

    /// Looks up the lists in force ahead of the handler, in parallel to the reads that admit the call. An error is reported
    /// where the lists are used.
    pub fn preload(app: &'static App) -> BoxFuture<'static, ()> {
        Box::pin(async {
            if let Err(error) = Self::of(app).await.in_force().await {
                tracing::debug!(%error, "the lists in force were not loaded ahead");
            }
        })
    }

    /// The lists to screen against, looked up at most every 30 s. If new ones cannot be read, the old ones stay in use.
    ///
    /// # Errors
    /// [`AmlError::ListsUnavailable`] while none were ever in force.
    pub async fn in_force(&self) -> Result<Arc<InForce>> {
        let mut slot = self.held.in_force.lock().await;
        let now = Timestamp::now();
        if let Some((at, held)) = slot.as_ref()
            && now.since(*at) < LOOKED_UP_EVERY
        {
            return Ok(held.clone());
        }
        let held = slot.as_ref().map(|(_, held)| held.clone());
        let in_force = match (self.look_up(held.as_deref()).await, held) {
            (Ok(found), _) => Arc::new(found),
            (Err(error), Some(held)) => {
                tracing::warn!(version = held.version, %error, "the lists in force could not be looked up");
                held
            }
            (Err(error), None) => return Err(error),
        };
        *slot = Some((now, in_force.clone()));
        Ok(in_force)
    }

    async fn look_up(&self, held: Option<&InForce>) -> Result<InForce> {
        let (lists_state, sources) = self.lists_state().await?;
        let pointer = lists_state.pointer.as_ref().ok_or(AmlError::ListsUnavailable)?;
        let artifact = if let Some(held) = held.filter(|held| held.version == pointer.version) {
            held.artifact.clone()
        } else {
            let bytes = self.object(&pointer.artifact, &pointer.sha256).await?;
            Arc::new(Artifact::load(bytes).map_err(Internal::corrupt)?)
        };
        Ok(InForce::new(artifact, pointer, &lists_state, &sources))
    }
}

#[cfg(test)]
mod tests;
