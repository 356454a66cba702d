//! PUT /v1/devices/{id}/trust: issues the secret that a device is trusted by, or withdraws it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    crypto::random,
    domain::{
        device::Device,
        event::EventType,
        id::DeviceId,
        secret::{Masked, SecretText},
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, Json, Path, Plain, Recent, Route, ShownOnce, problem::types},
    run_command,
    store::Table,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustDevice {
    trusted: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceTrusted {
    device: Device,
    /// The secret for `device.secret` of a sign-in. It is shown once. `null` if the device is not trusted any more.
    #[schema(value_type = Option<String>, example = "k0vQm7b0l3Zs4k1m0c9oXhQ2q1sT5u8w7y6z5A4B3C2")]
    device_secret: Option<Masked<String>>,
}

pub fn endpoint() -> Endpoint {
    Route::put("account-trust-device", "/v1/devices/{id}/trust")
        .summary("Trust a device, or end its trust")
        .description(
            "With `trusted` true, issues a secret to the device, which voids an earlier one. A sign-in that sends the secret is not locked out by wrong passwords of strangers. With `trusted` false, the secret is void. A new password, a deactivation and 90 days without a sign-in end the trust too.",
        )
        .problems(&[&types::NOT_FOUND])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Identity)
                .put(Table::Identity),
        )
        .handled_by(trust_device)
}

async fn trust_device(
    call: Call<Recent>,
    (Path(id), Json(form)): (Path<DeviceId>, Json<TrustDevice>),
) -> Result<Committed<ShownOnce<Plain<DeviceTrusted>>>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    let key = call.loaded.key(store, now).await?;
    let secret = form.trusted.then(|| SecretText::new(random::token()));
    let digest = match &secret {
        Some(secret) => Some(call.app.index_secrets().await?.device_secret(&caller.user, secret)),
        None => None,
    };
    let epoch = caller.auth.session_epoch;
    run_command!(call.command().await?, |attempt| {
        let before = store.device(&caller.user, &id, now).await?.ok_or(RequestError::NotFound)?;
        let (state, kind) = match &digest {
            Some(digest) => (before.state.trusted_by(digest.clone(), epoch), EventType::DeviceTrusted),
            None => (before.state.distrusted(), EventType::DeviceDistrusted),
        };
        let after = before.with(state);
        let reply = DeviceTrusted {
            device: after.view(&key, epoch, now)?,
            device_secret: secret.as_ref().map(|secret| Masked(secret.expose().clone())),
        };
        Ok(attempt
            .commit(now)
            .device_changes(&before, &after)
            .event(after.event(kind))
            .returning(ShownOnce(Plain(reply))))
    })
}
