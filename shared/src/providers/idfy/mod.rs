//! Client of the IDfy v3 task API. The sandbox has the same API, so the client serves both; base URL, credentials and task differ.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use reqwest::{Client, RequestBuilder};
use url::Url;

use super::{
    Callback, MalformedCallback, Provider, ProviderError, ProviderRefusal, Reference, Submission, Submitted,
    TaskProgress,
    signature::Scheme,
    transport::{CallLimits, ProviderResponse, Transport},
};
use crate::domain::secret::Secret;

mod wire;

/// The connection to an IDfy account.
#[derive(Debug, Clone)]
pub struct IdfyConfig {
    /// Base of `/v3/tasks`; may have a path.
    pub base_url: Url,
    /// Whether plain `http` is allowed.
    pub allow_http: bool,
    pub account_id: String,
    pub api_key: Secret<String>,
    /// Type of the task that verifies a document: `sandbox_document` for the sandbox.
    pub task: String,
    /// How callbacks are signed. IDfy documents no scheme of its own.
    pub signature_scheme: Option<Scheme>,
    pub limits: CallLimits,
}

/// An invalid configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdfyConfigError {
    #[error("the provider's base URL must be https and must have neither query nor fragment")]
    BaseUrl,
    #[error("the provider's account id or API key are not valid in a header")]
    Credentials,
    #[error("the provider's task name must consist of [a-z0-9_]")]
    Task,
}

/// The client of an IDfy account. A new client has no connection yet.
#[derive(Debug)]
pub struct Idfy {
    submit_url: Url,
    fetch_url: Url,
    account_id: HeaderValue,
    api_key: HeaderValue,
    signature_scheme: Option<Scheme>,
    transport: Transport,
}

impl Idfy {
    pub fn new(config: &IdfyConfig) -> Result<Self, IdfyConfigError> {
        let base = &config.base_url;
        let secure = base.scheme() == "https" || (config.allow_http && base.scheme() == "http");
        if !secure || base.query().is_some() || base.fragment().is_some() {
            return Err(IdfyConfigError::BaseUrl);
        }
        let name = config.task.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !name || config.task.is_empty() {
            return Err(IdfyConfigError::Task);
        }
        let below = |path: &[&str]| {
            let mut url = base.clone();
            url.path_segments_mut().map_err(|()| IdfyConfigError::BaseUrl)?.pop_if_empty().extend(path);
            Ok(url)
        };
        let header = |text: &str| {
            let mut value = HeaderValue::from_str(text).map_err(|_| IdfyConfigError::Credentials)?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(Self {
            submit_url: below(&["v3", "tasks", "async", "verify_with_source", &config.task])?,
            fetch_url: below(&["v3", "tasks"])?,
            account_id: header(&config.account_id)?,
            api_key: header(config.api_key.expose())?,
            signature_scheme: config.signature_scheme,
            transport: Transport::new(config.limits),
        })
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("account-id", self.account_id.clone()).header("api-key", self.api_key.clone())
    }

    async fn send(
        &self,
        request: impl Fn(&Client) -> RequestBuilder,
        remaining: Duration,
    ) -> Result<Vec<u8>, ProviderError> {
        let ProviderResponse { status, body } =
            self.transport.send(|client| self.authorised(request(client)), remaining).await?;
        match status {
            _ if status.is_success() => Ok(body),
            StatusCode::UNAUTHORIZED => Err(ProviderError::Refused(ProviderRefusal::Credentials)),
            StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(ProviderError::Refused(ProviderRefusal::Product))
            }
            _ => Err(ProviderError::Refused(ProviderRefusal::Request)),
        }
    }

    async fn submit(&self, submission: &Submission, remaining: Duration) -> Result<Submitted, ProviderError> {
        let body = Bytes::from(wire::submission(submission)?);
        let request = |client: &Client| {
            client.post(self.submit_url.clone()).header(CONTENT_TYPE, "application/json").body(body.clone())
        };
        wire::submitted(&self.send(request, remaining).await?)
    }

    async fn fetch(&self, reference: &Reference, remaining: Duration) -> Result<TaskProgress, ProviderError> {
        let mut url = self.fetch_url.clone();
        url.query_pairs_mut().append_pair("request_id", reference.as_str());
        wire::fetched(&self.send(|client| client.get(url.clone()), remaining).await?, reference)
    }
}

impl Provider for Idfy {
    fn submit<'a>(
        &'a self,
        submission: &'a Submission,
        remaining: Duration,
    ) -> BoxFuture<'a, Result<Submitted, ProviderError>> {
        Box::pin(self.submit(submission, remaining))
    }

    fn fetch<'a>(
        &'a self,
        reference: &'a Reference,
        remaining: Duration,
    ) -> BoxFuture<'a, Result<TaskProgress, ProviderError>> {
        Box::pin(self.fetch(reference, remaining))
    }

    fn parse_callback(&self, body: &[u8]) -> Result<Callback, MalformedCallback> {
        wire::callback(body)
    }

    fn signature_scheme(&self) -> Option<Scheme> {
        self.signature_scheme
    }
}

#[cfg(test)]
mod tests;
