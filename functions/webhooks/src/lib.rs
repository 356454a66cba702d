//! Callbacks that come in: one module per function; [`endpoints`] names them all.

pub mod receive_provider;

use verinym::http::Endpoint;

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![receive_provider::endpoint()]
}
