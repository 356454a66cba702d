//! The identity providers of a deployment, by their names.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{
    Provider, idfy,
    signature::{self, Scheme},
    transport::CallLimits,
};
use crate::{
    app::App,
    config::Stage,
    domain::check::{MANUAL, SANDBOX},
    error::{Internal, Result},
    store::secrets::ProviderSecrets,
};

/// The client of the sandbox that the process made last, with the secrets it was made from.
#[derive(Debug, Default)]
struct SandboxClient(Mutex<Option<(Arc<ProviderSecrets>, Arc<idfy::Idfy>)>>);

/// Name of the provider of new checks: the sandbox on the local stack, reviewers everywhere else.
pub fn default_provider(app: &App) -> Result<&'static str> {
    let sandbox = app.config.stage == Stage::Local && sandbox_url(app)?.is_some();
    Ok(if sandbox { SANDBOX } else { MANUAL })
}

/// The provider of this name, if it is called over the network; `None` for an unknown name and for [`MANUAL`], whose
/// checks go to reviewers without a call.
pub async fn provider(app: &App, name: &str) -> Result<Option<Arc<dyn Provider>>> {
    let Some(base_url) = sandbox_url(app)?.filter(|_| name == SANDBOX) else { return Ok(None) };
    let secrets = app.sandbox_secrets().await?;
    let state = app.state::<SandboxClient>();
    let mut slot = state.0.lock().await;
    if let Some((of, client)) = slot.as_ref()
        && Arc::ptr_eq(of, &secrets)
    {
        return Ok(Some(client.clone()));
    }
    let config = idfy::Config {
        base_url: base_url.parse().map_err(Internal::bug)?,
        allow_http: matches!(app.config.stage, Stage::Local | Stage::Dev),
        account_id: secrets.account_id.clone(),
        api_key: secrets.api_key.clone(),
        task: "sandbox_document".to_owned(),
        signature_scheme: Some(Scheme::StandardWebhooks),
        limits: CallLimits::default(),
    };
    let client = Arc::new(idfy::Idfy::new(&config).map_err(Internal::bug)?);
    *slot = Some((secrets, client.clone()));
    Ok(Some(client))
}

/// The keys with which the provider of this name signs its callbacks; `None` where [`provider`] is.
pub async fn callback_keys(app: &App, name: &str, scheme: Scheme) -> Result<Option<Vec<signature::Key>>> {
    if name != SANDBOX || sandbox_url(app)?.is_none() {
        return Ok(None);
    }
    let secrets = app.sandbox_secrets().await?;
    Ok(Some(vec![scheme.key(&secrets.webhook_secret).map_err(Internal::corrupt)?]))
}

/// Where the sandbox is reached; `None` without one and, whatever the configuration says, in `prod`.
fn sandbox_url(app: &App) -> Result<Option<&str>> {
    let providers = app.config.providers()?;
    Ok(providers.sandbox_url.as_deref().filter(|_| app.config.stage != Stage::Prod))
}
