//! Screening, hits and lists: one module per function; [`endpoints`] names them all.

pub mod decide_hit;
pub mod get_list;
pub mod list_hits;
pub mod list_lists;
pub mod refresh_list;
pub mod screen_name;

use verinym::http::Endpoint;

/// Every endpoint of this area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        screen_name::endpoint(),
        list_hits::endpoint(),
        decide_hit::endpoint(),
        list_lists::endpoint(),
        get_list::endpoint(),
        refresh_list::endpoint(),
    ]
}
