//! Screening, hits and lists: one module per function; [`endpoints`] names them all.

pub mod list_lists;
pub mod refresh_list;

use verinym::http::Endpoint;

/// Every endpoint of this area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![list_lists::endpoint(), refresh_list::endpoint()]
}
