//! `workers-rotate-keys-now`: rotates keys when an operator says so, for example after a leak.

use serde::{Deserialize, Serialize};
use verinym::{
    app::App,
    config::names::SecretId,
    domain::time::Timestamp,
    error::Result,
    function::{Concurrency, Needs},
    messaging::Worker,
    store::{Table, rotation::KeyFamily, rotation_cause::RotationCause},
};

use crate::rotate_keys::needs;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationOrder {
    keys: KeyFamily,
    /// Whether what the keys made is to be void.
    leaked: bool,
}

#[derive(Debug, Serialize)]
struct Rotated {
    /// Secrets and keys that were written.
    written: u32,
}

const SECRETS: [SecretId; 3] = [SecretId::Signing, SecretId::Verification, SecretId::Tokens];

pub fn worker() -> Worker {
    Worker::of_operator("workers-rotate-keys-now", rotate_keys_now)
        .summary("Rotate keys before they are due")
        .timeout(900)
        // Two runs at the same time would do the same work.
        .concurrency(Concurrency::Fixed(1))
        .needs(
            SECRETS
                .iter()
                .fold(Needs::new().query(Table::Keys), |needs, &secret| needs.read_secret(secret))
                .rarely("the keys were not rotated a short while ago", needs(&SECRETS)),
        )
}

async fn rotate_keys_now(app: &'static App, order: RotationOrder, now: Timestamp) -> Result<Rotated> {
    let cause = if order.leaked { RotationCause::Leak } else { RotationCause::Order };
    Ok(Rotated { written: app.rotate(order.keys, cause, now).await? })
}
