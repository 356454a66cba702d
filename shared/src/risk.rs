//! What the risk of a sign-in is decided by: the policy, the list of networks and the location database of a deployment,
//! objects in the folder `risk` of the bucket of lists.
//!
//! A function reads them into its memory: the policy and the networks every few minutes, the database, which has up to 70 MB,
//! once a day. A sign-in never waits for an object that is missing or damaged, and never fails for it: without the policy the
//! embedded one is in force, and without the others their factors are absent.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use crate::{
    app::{App, SECRET_AGE},
    domain::{
        risk::{NetworkList, RiskPolicy},
        time::Timestamp,
    },
    error::{Internal, Result},
    location::LocationDatabase,
    objects::read_whole,
};

/// Folder of the bucket of lists.
pub const FOLDER: &str = "risk";
/// How long a location database is used. They are published once or twice a week.
const DATABASE_AGE: Duration = Duration::from_hours(24);
/// Blocks of addresses move; after this long the log says that the database is old.
const STALE_AFTER: Duration = Duration::from_hours(60 * 24);
/// A sign-in waits for an object no longer than this. It is plenty for 70 MB within a region.
const LONGEST_READ: Duration = Duration::from_secs(5);
/// After S3 failed, nobody asks again for this long.
const PAUSE: Duration = Duration::from_mins(1);

/// What is in force.
#[derive(Debug, Clone)]
pub struct RiskRules {
    pub policy: Arc<RiskPolicy>,
    pub networks: Option<Arc<NetworkList>>,
    pub location: Option<Arc<LocationDatabase>>,
}

/// What a process has in memory.
#[derive(Debug, Default)]
struct RiskCache {
    policy: FileCache<RiskPolicy>,
    networks: FileCache<NetworkList>,
    location: FileCache<LocationDatabase>,
}

impl App {
    /// What is in force. Without names nothing is read.
    ///
    /// # Errors
    /// [`crate::error::Internal::Bug`] if the function does not declare the section of the configuration.
    pub async fn risk_rules(&self) -> Result<RiskRules> {
        let files = self.config.risk()?;
        let cache = self.state::<RiskCache>();
        let (policy, networks, location) = tokio::join!(
            self.risk_file(&cache.policy, files.policy.as_deref(), SECRET_AGE, policy),
            self.risk_file(&cache.networks, files.networks.as_deref(), SECRET_AGE, networks),
            self.risk_file(&cache.location, files.locations.as_deref(), DATABASE_AGE, location),
        );
        let policy = policy.unwrap_or_else(|| Arc::new(RiskPolicy::embedded().clone()));
        Ok(RiskRules { policy, networks, location })
    }

    async fn risk_file<T>(
        &self,
        cache: &FileCache<T>,
        name: Option<&str>,
        age: Duration,
        parse: fn(Vec<u8>) -> Result<T, String>,
    ) -> Option<Arc<T>> {
        let name = name?;
        cache
            .get(age, async || {
                let get =
                    self.s3().await.get_object().bucket(&self.config.lists_bucket).key(format!("{FOLDER}/{name}"));
                let bytes = read_whole(&get, "risk file").await?;
                let parsed = bytes.ok_or_else(|| "the object does not exist".to_owned()).and_then(parse);
                Ok(parsed
                    .inspect_err(|fault| tracing::error!(object = name, fault, "a file of the risk rules is not used"))
                    .ok())
            })
            .await
    }
}

fn policy(bytes: Vec<u8>) -> Result<RiskPolicy, String> {
    RiskPolicy::parse(&text(bytes)?).map_err(|faults| faults.to_string())
}

fn networks(bytes: Vec<u8>) -> Result<NetworkList, String> {
    NetworkList::parse(&text(bytes)?).map_err(|faults| faults.join("; "))
}

fn location(bytes: Vec<u8>) -> Result<LocationDatabase, String> {
    let database = LocationDatabase::from_bytes(bytes).map_err(|error| error.to_string())?;
    let age = Timestamp::now().since(database.built_at());
    if age > STALE_AFTER {
        // Still better than none: most addresses stay where they are.
        tracing::warn!(days = age.as_secs() / 86_400, "the location database is old, so places may be wrong");
    }
    Ok(database)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned())
}

/// One object, and until when it is not read again.
#[derive(Debug)]
struct FileCache<T>(Mutex<Option<(Timestamp, Option<Arc<T>>)>>);

impl<T> Default for FileCache<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> FileCache<T> {
    /// The object, read again when its age is over. While it cannot be read, what was read before stays in use.
    async fn get(&self, age: Duration, read: impl AsyncFnOnce() -> Result<Option<T>>) -> Option<Arc<T>> {
        let mut slot = self.0.lock().await;
        let now = Timestamp::now();
        if let Some((until, held)) = slot.as_ref()
            && now < *until
        {
            return held.clone();
        }
        let found = tokio::time::timeout(LONGEST_READ, read()).await;
        let (until, value) = match found.unwrap_or_else(|_| Err(Internal::unavailable("S3 is slow").into())) {
            Ok(value) => (now + age, value.map(Arc::new)),
            Err(error) => {
                tracing::warn!(%error, "a file of the risk rules could not be read");
                (now + PAUSE, slot.take().and_then(|(_, held)| held))
            }
        };
        *slot = Some((until, value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_once_within_its_age() {
        let cache = FileCache::default();
        let age = Duration::from_mins(1);
        assert_eq!(cache.get(age, async || Ok(Some(1))).await.as_deref(), Some(&1));
        assert_eq!(cache.get(age, async || Ok(Some(2))).await.as_deref(), Some(&1));
        assert_eq!(cache.get(age, async || Err(Internal::unavailable("S3").into())).await.as_deref(), Some(&1));
    }

    #[tokio::test]
    async fn while_a_file_cannot_be_read_the_old_one_stays_and_nobody_asks_at_once_again() {
        let cache = FileCache::default();
        let unavailable = async || Err(Internal::unavailable("S3").into());
        assert_eq!(cache.get(Duration::ZERO, unavailable).await, None::<Arc<i32>>);
        assert_eq!(cache.get(Duration::ZERO, async || Ok(Some(2))).await, None, "S3 has a pause");

        let cache = FileCache::default();
        assert_eq!(cache.get(Duration::ZERO, async || Ok(Some(1))).await.as_deref(), Some(&1));
        assert_eq!(cache.get(Duration::ZERO, unavailable).await.as_deref(), Some(&1));
    }

    /// A public report: sign-ins hung while the location database could not be read.
    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_a_file() {
        let cache = FileCache::default();
        let began = tokio::time::Instant::now();
        assert_eq!(cache.get(Duration::ZERO, std::future::pending).await, None::<Arc<i32>>);
        assert_eq!(began.elapsed(), LONGEST_READ);
    }

    #[test]
    fn a_faulty_file_is_refused_with_its_faults() {
        assert!(policy(b"{}".to_vec()).unwrap_err().contains("weights is missing"));
        assert!(policy(vec![0xff]).unwrap_err().contains("UTF-8"));
        assert!(networks(b"192.0.2.0/24\n1.2.3.4/8".to_vec()).unwrap_err().contains("line 2"));
        assert!(location(b"<html>".to_vec()).is_err());
    }
}
