//! The identity providers of the deployment, by name.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::Mutex;

use super::{OAuthError, OAuthProvider, presets};
use crate::{
    app::App,
    config::Stage,
    deadline::Deadline,
    domain::{breaker::BreakerPolicy, social::SocialError, time::Timestamp},
    error::{Internal, Result},
    providers::ProviderError,
    store::secrets::SocialSecrets,
};

pub type SignInProvider = Arc<OAuthProvider>;

/// The providers, with the settings that they were made from. Their key sets live as long as the settings.
#[derive(Debug, Default)]
struct Providers(Mutex<Made>);

#[derive(Debug, Default)]
struct Made {
    of: Arc<SocialSecrets>,
    providers: BTreeMap<String, SignInProvider>,
}

/// The provider of this name. [`SocialError::UnknownProvider`] if none is configured. One with wrong settings is an internal
/// error, which names the fault in the log and leaves the others working.
pub async fn sign_in_provider(app: &App, name: &str) -> Result<SignInProvider> {
    let settings = app.social_secrets().await?;
    let state = app.state::<Providers>();
    let mut made = state.0.lock().await;
    if !Arc::ptr_eq(&made.of, &settings) {
        *made = Made { of: Arc::clone(&settings), providers: BTreeMap::new() };
    }
    if let Some(provider) = made.providers.get(name) {
        return Ok(Arc::clone(provider));
    }
    let own = settings.0.get(name).ok_or(SocialError::UnknownProvider)?;
    let provider = presets::provider(name, own, app.config.stage == Stage::Local)
        .map_err(|fault| Internal::bug(format!("settings of the sign-in provider {name}: {fault}")))?;
    let provider = Arc::new(provider);
    made.providers.insert(name.to_owned(), Arc::clone(&provider));
    Ok(provider)
}

/// Longest time of all calls of one sign-in.
const LONGEST: Duration = Duration::from_secs(8);

/// Kept of the deadline for what follows the calls.
const FOR_THE_COMMIT: Duration = Duration::from_secs(3);

/// Asks a provider through its circuit breaker, which all instances share.
pub async fn call_through_breaker<T, F>(
    app: &App,
    provider: &OAuthProvider,
    call: impl FnOnce(Duration) -> F,
) -> Result<T>
where
    F: Future<Output = std::result::Result<T, OAuthError>>,
{
    let (store, policy, breaker) = (app.store().await, BreakerPolicy::default(), format!("oauth-{}", provider.name));
    let remaining = Deadline::current().map_or(LONGEST, |deadline| deadline.remaining().saturating_sub(FOR_THE_COMMIT));
    let Ok(permit) = store.breaker_admit(&breaker, &policy, Timestamp::now()).await? else {
        return Err(SocialError::ProviderUnavailable.into());
    };
    let answer = call(remaining.min(LONGEST)).await;
    let healthy = answer.as_ref().err().is_none_or(|error| !error.is_provider_failure());
    store.breaker_report(&breaker, permit, healthy, &policy, Timestamp::now()).await?;
    answer.map_err(|error| {
        tracing::warn!(provider = provider.name, %error, "sign-in through a provider failed");
        match error {
            OAuthError::Provider(ProviderError::Refused(_)) => SocialError::InvalidAuthorization.into(),
            OAuthError::Provider(_) => SocialError::ProviderUnavailable.into(),
            OAuthError::CodeRefused | OAuthError::IdToken(_) | OAuthError::Missing(_) => {
                SocialError::InvalidAuthorization.into()
            }
            OAuthError::Configuration(_) => Internal::bug(error).into(),
        }
    })
}
