//! `workers-rotate-keys`: makes the keys in Secrets Manager at the first run and moves them on by age; daily, and by the
//! operator's hand after a deployment.

use verinym::{app::App, domain::time::Timestamp, error::Result, messaging::Worker};

pub fn worker() -> Worker {
    Worker::of_schedule("workers-rotate-keys", rotate_keys)
}

async fn rotate_keys(app: &'static App, now: Timestamp) -> Result<u32> {
    app.rotate_keys(now).await
}
