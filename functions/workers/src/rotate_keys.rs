//! `workers-rotate-keys`: creates the keys in Secrets Manager at its first run and rotates them by age. It runs daily, and an
//! operator starts it after a deployment.

use verinym::{
    app::App,
    config::names::SecretId,
    domain::time::Timestamp,
    error::Result,
    function::{Every, Needs},
    messaging::Worker,
    store::Table,
    store::kek::KeyPurpose,
};

pub fn worker() -> Worker {
    Worker::of_schedule("workers-rotate-keys", Every::Day, rotate_keys)
        .summary("Rotate keys; the first run creates them")
        .timeout(900)
        .needs(needs(&[SecretId::Signing, SecretId::Verification, SecretId::Tokens, SecretId::Indexes]))
}

/// These secrets, root keys and key-encryption keys of all purposes, and the re-wrapping of people's keys.
pub fn needs(secrets: &[SecretId]) -> Needs {
    let rewrapping = Needs::new().scan(Table::Keys).update(Table::Keys).delete(Table::Keys);
    let needs = Needs::new()
        .query(Table::Keys)
        .put(Table::Keys)
        .rarely("people's keys are re-wrapped, four times a year", rewrapping);
    let needs = secrets.iter().fold(needs, |needs, &secret| needs.read_secret(secret).write_secret(secret));
    KeyPurpose::ALL.into_iter().fold(needs, |needs, purpose| {
        let opened = Needs::new().unwrap_root_keys(purpose);
        needs.make_root_keys(purpose).rarely("key-encryption keys are not in memory", opened)
    })
}

async fn rotate_keys(app: &'static App, now: Timestamp) -> Result<u32> {
    app.rotate_keys(now).await
}
