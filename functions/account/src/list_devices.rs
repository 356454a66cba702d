//! GET /v1/devices: the devices that the caller signed in with, newest first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::device::Device,
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Query, Route, Signed, list::List, problem::types},
    store::Table,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListDevices {
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("account-list-devices", "/v1/devices")
        .summary("List my devices")
        .description(
            "The devices that the person named at a sign-in, newest first. A device that nobody signed in with for 90 days is removed.",
        )
        .problems(&[&types::INVALID_CURSOR])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Identity))
        .handled_by(list_devices)
}

async fn list_devices(call: Call<Signed>, Query(query): Query<ListDevices>) -> Result<Page<Device>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let key = call.loaded.key(store, now).await?;
    let (devices, next) = store.devices_page(&caller.user, now, list.limit, list.after.as_ref()).await?;
    let items =
        devices.iter().map(|device| device.view(&key, caller.auth.session_epoch, now)).collect::<Result<_>>()?;
    list.page(call.app, items, next.as_ref()).await
}
