//! Reads the configured lists: the object `config/lists.json` of the lists' bucket, or the five public lists where
//! there is no such object. It is an object because the environment of a function holds 4 KB in all.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use super::{
    Watchlists,
    source::{self, ListSource},
};
use crate::{
    domain::time::Timestamp,
    error::{Internal, Result},
    objects::read_whole,
};

/// OFAC SDN and consolidated, UN, EU and UK, from their publishers.
pub const DEFAULT: &str = include_str!("default_lists.json");

/// How long a process uses the configuration that it read.
const READ_EVERY: Duration = Duration::from_mins(5);

/// The configuration that a process has read, and when.
pub(super) type SourcesCache = Mutex<Option<(Timestamp, Arc<[ListSource]>)>>;

impl Watchlists<'_> {
    /// The lists to screen against, read at most every 5 minutes. If they cannot be read again, the last ones stay in use.
    ///
    /// # Errors
    /// `Corrupt` when the object is not a list configuration, with all its faults; `Unavailable` when S3 does not answer,
    /// or when a local stack has no such object, since that must not fetch from the Internet.
    pub async fn sources(&self) -> Result<Arc<[ListSource]>> {
        let mut slot = self.held.sources.lock().await;
        let now = Timestamp::now();
        if let Some((at, held)) = slot.as_ref()
            && now.since(*at) < READ_EVERY
        {
            return Ok(held.clone());
        }
        let sources = match (self.read_sources().await, slot.as_ref()) {
            (Ok(sources), _) => sources,
            (Err(error), Some((_, held))) => {
                tracing::error!(%error, "the list configuration could not be read again");
                held.clone()
            }
            (Err(error), None) => return Err(error),
        };
        *slot = Some((now, sources.clone()));
        Ok(sources)
    }

    async fn read_sources(&self) -> Result<Arc<[ListSource]>> {
        let get = self.s3.get_object().bucket(self.bucket).key(self.sources_key);
        let object = read_whole(&get, "list configuration").await?;
        from_object(object.as_deref(), self.local, self.sources_key)
    }
}

/// The lists of the object, or the default if there is none.
fn from_object(object: Option<&[u8]>, local: bool, key: &str) -> Result<Arc<[ListSource]>> {
    let text = match object {
        Some(bytes) => std::str::from_utf8(bytes).map_err(|error| Internal::corrupt(format!("{key}: {error}")))?,
        None if local => return Err(Internal::unavailable(format!("a local stack needs {key}")).into()),
        None => DEFAULT,
    };
    let sources = source::parse(text, local);
    Ok(sources.map_err(|faults| Internal::corrupt(format!("{key}: {}", faults.join("; "))))?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "config/lists.json";

    fn ids(sources: &[ListSource]) -> Vec<&str> {
        sources.iter().map(|source| source.id.as_str()).collect()
    }

    #[test]
    fn without_an_object_the_public_lists_are_screened_against() {
        let sources = from_object(None, false, KEY).unwrap();
        assert_eq!(ids(&sources), ["ofac_sdn", "ofac_consolidated", "un", "eu", "uk"]);
    }

    #[test]
    fn a_local_stack_never_falls_back_to_lists_from_the_internet() {
        assert!(from_object(None, true, KEY).unwrap_err().to_string().contains(KEY));
    }

    #[test]
    fn the_object_replaces_the_default_and_its_faults_are_told() {
        let un = r#"[{"id": "un", "name": "UN", "kind": "sanctions", "format": "un_xml",
            "urls": ["https://un.example/list.xml"], "max_age_hours": 48}]"#;
        assert_eq!(ids(&from_object(Some(un.as_bytes()), false, KEY).unwrap()), ["un"]);
        for broken in [&b"[]"[..], b"", b"{}", b"\xff", un.replace("https", "http").as_bytes()] {
            assert!(from_object(Some(broken), false, KEY).unwrap_err().to_string().contains(KEY));
        }
    }
}
