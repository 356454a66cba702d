//! What the platform says of itself: one module per function; [`endpoints`] names them all.

pub mod health;

use verinym::http::Endpoint;

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![health::endpoint()]
}
