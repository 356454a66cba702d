//! Screening, hits and lists: one module per function; [`endpoints`] names them all.

use verinym::http::Endpoint;

/// Every endpoint of this area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![]
}
