//! The resources of a function: the configuration, and clients and secrets, which are made on first use.

use std::{
    future::Future,
    sync::{Arc, OnceLock, PoisonError},
    time::Duration,
};

use aws_config::SdkConfig;
use tokio::sync::{Mutex, OnceCell};

pub use crate::aws::sdk_config;
use crate::{
    aws,
    config::{Config, ConfigErrors, Section},
    crypto::{access::VerificationKeys, jwk::Jwks, signing::SigningRing},
    domain::time::Timestamp,
    error::{Internal, Result},
    store::{
        Store,
        secrets::{IndexSecrets, ProviderSecrets, SocialSecrets, TokenSecrets},
    },
};

/// How long a secret or an unwrapped key is used before it is read again. The age is checked at each use, because timers do not run in
/// a frozen process.
pub const SECRET_AGE: Duration = Duration::from_mins(5);

/// One per process. Clients and secrets are made on first use, so a function starts without those that it does not need.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    sdk: OnceLock<SdkConfig>,
    store: OnceCell<Store>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    ses: OnceLock<aws_sdk_ses::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    secretsmanager: OnceLock<aws_sdk_secretsmanager::Client>,
    jwks: Aged<Jwks>,
    verification: Aged<VerificationKeys>,
    signing: Aged<SigningRing>,
    tokens: Aged<TokenSecrets>,
    indexes: Aged<IndexSecrets>,
    sandbox: Aged<ProviderSecrets>,
    social: Aged<SocialSecrets>,
    state: std::sync::Mutex<http::Extensions>,
}

#[expect(clippy::unused_async, reason = "making a client may become asynchronous")]
impl App {
    pub fn from_env(sections: &[Section]) -> Result<Self, ConfigErrors> {
        Ok(Self::new(Config::from_env(sections)?))
    }

    pub fn new(config: Config) -> Self {
        Self {
            config,
            sdk: OnceLock::new(),
            store: OnceCell::new(),
            sqs: OnceLock::new(),
            s3: OnceLock::new(),
            ses: OnceLock::new(),
            sns: OnceLock::new(),
            kms: OnceLock::new(),
            secretsmanager: OnceLock::new(),
            jwks: Aged::default(),
            verification: Aged::default(),
            signing: Aged::default(),
            tokens: Aged::default(),
            indexes: Aged::default(),
            sandbox: Aged::default(),
            social: Aged::default(),
            state: std::sync::Mutex::default(),
        }
    }

    /// Uses this SDK configuration instead of the environment, so that tests can make single calls fail.
    pub fn with_sdk(config: Config, sdk: SdkConfig) -> Self {
        Self { sdk: OnceLock::from(sdk), ..Self::new(config) }
    }

    fn sdk(&self) -> &SdkConfig {
        self.sdk.get_or_init(sdk_config)
    }

    pub async fn store(&self) -> &Store {
        self.store
            .get_or_init(|| async {
                let kms = self.kms().await.clone();
                Store::new(aws::dynamodb(self.sdk()), kms, &self.config.tables, &self.config.kms_data_key)
            })
            .await
    }

    pub async fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| aws::sqs(self.sdk()))
    }

    pub async fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| aws::s3(self.sdk()))
    }

    pub async fn ses(&self) -> &aws_sdk_ses::Client {
        self.ses.get_or_init(|| aws::ses(self.sdk()))
    }

    pub async fn sns(&self) -> &aws_sdk_sns::Client {
        self.sns.get_or_init(|| aws::sns(self.sdk()))
    }

    pub async fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| aws::kms(self.sdk()))
    }

    pub async fn secretsmanager(&self) -> &aws_sdk_secretsmanager::Client {
        self.secretsmanager.get_or_init(|| aws::secretsmanager(self.sdk()))
    }

    /// Public keys of access tokens, in published form.
    pub async fn jwks(&self) -> Result<Arc<Jwks>> {
        self.jwks.get(SECRET_AGE, async || self.read_secret(&self.config.secrets.verification).await).await
    }

    /// Public keys of access tokens, parsed for verification.
    pub async fn verification_keys(&self) -> Result<Arc<VerificationKeys>> {
        self.verification
            .get(SECRET_AGE, async || {
                let jwks: Jwks = self.read_secret(&self.config.secrets.verification).await?;
                VerificationKeys::try_from(&jwks).map_err(|error| Internal::corrupt(error).into())
            })
            .await
    }

    /// Private keys of access tokens. Only functions that issue tokens have access.
    pub async fn signing_ring(&self) -> Result<Arc<SigningRing>> {
        self.signing.get(SECRET_AGE, async || self.read_secret(&self.config.secrets.signing).await).await
    }

    pub async fn token_secrets(&self) -> Result<Arc<TokenSecrets>> {
        self.tokens.get(SECRET_AGE, async || self.read_secret(&self.config.secrets.tokens).await).await
    }

    pub async fn index_secrets(&self) -> Result<Arc<IndexSecrets>> {
        self.indexes.get(SECRET_AGE, async || self.read_secret(&self.config.secrets.indexes).await).await
    }

    pub async fn sandbox_secrets(&self) -> Result<Arc<ProviderSecrets>> {
        self.sandbox.get(SECRET_AGE, async || self.read_secret(&self.config.secrets.sandbox).await).await
    }

    pub async fn social_secrets(&self) -> Result<Arc<SocialSecrets>> {
        self.social.get(SECRET_AGE, async || self.read_secret(&self.config.secrets.social).await).await
    }

    /// The process-wide state of type `T`, made on first use. Modules above the app keep their state between calls here, such as the
    /// client of a provider or the lists in memory.
    pub fn state<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut states = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        states.get_or_insert_default::<Arc<T>>().clone()
    }

    async fn read_secret<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T> {
        let response = self
            .secretsmanager()
            .await
            .get_secret_value()
            .secret_id(name)
            .send()
            .await
            .map_err(|error| Internal::aws("read secret", &error))?;
        let text = zeroize::Zeroizing::new(response.secret_string().unwrap_or_default().to_owned());
        // The message of serde_json may quote the value, so it must not be logged.
        serde_json::from_str(&text).map_err(|_| Internal::corrupt("a secret cannot be read").into())
    }
}

/// A value that is read again after some time. Concurrent callers wait for a single read.
#[derive(Debug)]
pub struct Aged<T>(Mutex<Option<(Timestamp, Arc<T>)>>);

impl<T> Default for Aged<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Aged<T> {
    /// The value, read again if it is older than `age`.
    pub async fn get<F, R>(&self, age: Duration, read: F) -> Result<Arc<T>>
    where
        F: FnOnce() -> R,
        R: Future<Output = Result<T>>,
    {
        let mut slot = self.0.lock().await;
        let now = Timestamp::now();
        if let Some((at, value)) = slot.as_ref()
            && now.since(*at) < age
        {
            return Ok(value.clone());
        }
        let value = Arc::new(read().await?);
        *slot = Some((now, value.clone()));
        Ok(value)
    }
}
