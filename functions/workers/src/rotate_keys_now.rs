//! `workers-rotate-keys-now`: rotates keys when an operator says so, for example after a leak.

use serde::{Deserialize, Serialize};
use verinym::{
    app::App,
    domain::time::Timestamp,
    error::Result,
    messaging::Worker,
    store::{rotation::KeyFamily, rotation_cause::RotationCause},
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

pub fn worker() -> Worker {
    Worker::of_operator("workers-rotate-keys-now", rotate_keys_now)
        .summary("Rotate keys before they are due")
        .timeout(900)
        .needs(needs())
}

async fn rotate_keys_now(app: &'static App, order: RotationOrder, now: Timestamp) -> Result<Rotated> {
    let cause = if order.leaked { RotationCause::Leak } else { RotationCause::Order };
    Ok(Rotated { written: app.rotate(order.keys, cause, now).await? })
}
