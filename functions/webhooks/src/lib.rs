//! Incoming callbacks: one module per function; [`endpoints`] lists them.

pub mod receive_provider;

use verinym::http::Endpoint;

/// All routes of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![receive_provider::endpoint()]
}
