//! Signing up and in: one module per function; [`endpoints`] names them all.

pub mod register;

use verinym::http::Endpoint;

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![register::endpoint()]
}
