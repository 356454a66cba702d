//! The resources of a function of the sandbox: the configuration, and clients and credentials, which are made on first use.

use std::sync::Arc;

use tokio::sync::OnceCell;
use verinym::{
    app::{Aged, SECRET_AGE, sdk_config},
    config::ConfigErrors,
    error::{Internal, Result},
    store::secrets::ProviderSecrets,
    telemetry::UsageInterceptor,
};
use zeroize::Zeroizing;

use crate::{config::SandboxConfig, task::Tasks};

/// One per process.
#[derive(Debug)]
pub struct Service {
    pub config: SandboxConfig,
    clients: OnceCell<Clients>,
    credentials: Aged<ProviderSecrets>,
}

#[derive(Debug)]
struct Clients {
    tasks: Tasks,
    sqs: aws_sdk_sqs::Client,
    secrets: aws_sdk_secretsmanager::Client,
}

impl Service {
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Ok(Self { config: SandboxConfig::from_env()?, clients: OnceCell::new(), credentials: Aged::default() })
    }

    /// Uses the clients of a test. Credentials are not read.
    #[cfg(test)]
    pub(crate) fn of(config: SandboxConfig, db: aws_sdk_dynamodb::Client, sqs: aws_sdk_sqs::Client) -> Self {
        let secrets = aws_sdk_secretsmanager::Config::builder().behavior_version_latest().build();
        let clients = Clients {
            tasks: Tasks::new(db, &config.table),
            sqs,
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets),
        };
        Self { config, clients: OnceCell::new_with(Some(clients)), credentials: Aged::default() }
    }

    pub(crate) async fn tasks(&self) -> &Tasks {
        &self.clients().await.tasks
    }

    pub(crate) async fn sqs(&self) -> &aws_sdk_sqs::Client {
        &self.clients().await.sqs
    }

    /// The credentials of the customer, and the key that signs callbacks.
    pub(crate) async fn credentials(&self) -> Result<Arc<ProviderSecrets>> {
        self.credentials.get(SECRET_AGE, async || self.read_credentials().await).await
    }

    async fn read_credentials(&self) -> Result<ProviderSecrets> {
        let read = self.clients().await.secrets.get_secret_value().secret_id(&self.config.secret).send().await;
        let response = read.map_err(|error| Internal::aws("read credentials", &error))?;
        let text = Zeroizing::new(response.secret_string.unwrap_or_default());
        // The message of serde_json may quote the value, so it must not be logged.
        serde_json::from_str(&text).map_err(|_| Internal::corrupt("the credentials cannot be read").into())
    }

    async fn clients(&self) -> &Clients {
        self.clients
            .get_or_init(|| async {
                let sdk = sdk_config();
                let db = aws_sdk_dynamodb::config::Builder::from(&sdk).interceptor(UsageInterceptor).build();
                let sqs = aws_sdk_sqs::config::Builder::from(&sdk).interceptor(UsageInterceptor).build();
                let secrets = aws_sdk_secretsmanager::config::Builder::from(&sdk).interceptor(UsageInterceptor).build();
                Clients {
                    tasks: Tasks::new(aws_sdk_dynamodb::Client::from_conf(db), &self.config.table),
                    sqs: aws_sdk_sqs::Client::from_conf(sqs),
                    secrets: aws_sdk_secretsmanager::Client::from_conf(secrets),
                }
            })
            .await
    }
}
