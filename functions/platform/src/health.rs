//! GET /v1/health: whether the function answers; no I/O.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    error::Result,
    http::{Anonymous, Call, Endpoint, Plain, Route},
};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    version: &'static str,
}

pub fn endpoint() -> Endpoint {
    Route::get("platform-health", "/v1/health")
        .summary("Whether the API answers")
        .limited_by_gateway()
        .handled_by(health)
}

async fn health(_: Call<Anonymous>, (): ()) -> Result<Plain<Health>> {
    Ok(Plain(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}
