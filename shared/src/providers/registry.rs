//! The identity providers of the deployment, by name.

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

/// The client of the sandbox, with the secrets that it was made from.
#[derive(Debug, Default)]
struct SandboxClient(Mutex<Option<(Arc<ProviderSecrets>, Arc<idfy::Idfy>)>>);

/// Name of the provider of new checks: the sandbox on the local stack, otherwise [`MANUAL`].
pub fn default_provider(app: &App) -> Result<&'static str> {
    let sandbox = app.config.stage == Stage::Local && sandbox_url(app)?.is_some();
    Ok(if sandbox { SANDBOX } else { MANUAL })
}

/// The provider with this name. `None` for an unknown name, and for [`MANUAL`], whose checks go to reviewers without a call.
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
    let config = idfy::IdfyConfig {
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

/// The keys that verify callbacks of the provider with this name; `None` where [`provider`] returns `None`.
pub async fn callback_keys(app: &App, name: &str, scheme: Scheme) -> Result<Option<Vec<signature::WebhookKey>>> {
    if name != SANDBOX || sandbox_url(app)?.is_none() {
        return Ok(None);
    }
    let secrets = app.sandbox_secrets().await?;
    Ok(Some(vec![scheme.key(&secrets.webhook_secret).map_err(Internal::corrupt)?]))
}

/// Base URL of the sandbox; `None` without a sandbox and always in `prod`.
fn sandbox_url(app: &App) -> Result<Option<&str>> {
    let providers = app.config.providers()?;
    Ok(providers.sandbox_url.as_deref().filter(|_| app.config.stage != Stage::Prod))
}
