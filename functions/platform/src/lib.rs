//! What the platform says of itself: one module per function; [`endpoints`] names them all.

pub mod health;
pub mod jwks;
pub mod openid_configuration;

use verinym::http::Endpoint;

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![health::endpoint(), jwks::endpoint(), openid_configuration::endpoint()]
}
