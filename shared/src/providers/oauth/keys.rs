//! The key set of a provider, kept in memory.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;
use url::Url;

use super::OAuthError;
use crate::{
    crypto::id_token::ProviderKeys,
    domain::time::Timestamp,
    providers::{ProviderError, transport::Transport},
};

/// A key that the provider withdraws is still accepted for this long.
const AGE: Duration = Duration::from_hours(1);

/// A token with an unknown key reads the set again, but not more often than this, so that forged tokens cannot make us call the
/// provider at each sign-in.
const PAUSE: Duration = Duration::from_secs(30);

/// Which set a caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    Cached,
    /// Read again, unless that was done a moment ago.
    Fresh,
}

#[derive(Debug, Default)]
pub(super) struct KeyCache(Mutex<Option<(Timestamp, Arc<ProviderKeys>)>>);

impl KeyCache {
    /// Concurrent callers wait for one read. If it fails, a set that is not too old stays.
    pub async fn get(
        &self,
        transport: &Transport,
        uri: &Url,
        freshness: Freshness,
        now: Timestamp,
        remaining: Duration,
    ) -> Result<Arc<ProviderKeys>, OAuthError> {
        let mut slot = self.0.lock().await;
        let most = if freshness == Freshness::Fresh { PAUSE } else { AGE };
        if let Some((at, keys)) = slot.as_ref()
            && now.since(*at) < most
        {
            return Ok(Arc::clone(keys));
        }
        let answer = transport.send(|client| client.get(uri.clone()), remaining).await?;
        if !answer.status.is_success() {
            return Err(ProviderError::Malformed("no key set").into());
        }
        let keys = ProviderKeys::parse(&answer.body).map_err(|_| ProviderError::Malformed("no key set"))?;
        let keys = Arc::new(keys);
        *slot = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }
}
