//! Running the installation: one module per function; [`endpoints`] and [`workers`] name them all.

pub mod bootstrap;

use verinym::{http::Endpoint, messaging::Worker};

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![]
}

/// What the operator invokes.
pub fn workers() -> Vec<Worker> {
    vec![bootstrap::worker()]
}
