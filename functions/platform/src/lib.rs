//! Health, metrics, discovery and documentation: one module per function; [`endpoints`] lists them.

mod allowed_methods;
pub mod docs;
pub mod docs_file;
pub mod health;
pub mod jwks;
pub mod metrics;
pub mod openapi;
pub mod openid_configuration;
pub mod options;
pub mod problem;

use verinym::http::Endpoint;

/// All routes of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        health::endpoint(),
        metrics::endpoint(),
        jwks::endpoint(),
        openid_configuration::endpoint(),
        openapi::endpoint(),
        docs::endpoint(),
        docs_file::endpoint(),
        problem::endpoint(),
        options::endpoint(),
    ]
}
