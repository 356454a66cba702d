//! Administration: one module per function; [`endpoints`] and [`workers`] list them.

pub mod audit_logs;
pub mod bootstrap;
pub mod check_history;
mod client_view;
pub mod create_client;
pub mod delete_client;
pub mod export_users;
pub mod get_applicant;
pub mod get_check;
pub mod import_users;
pub mod list_checks;
pub mod list_clients;
pub mod list_notes;
pub mod make_client;
pub mod rotate_client_secret;

use verinym::{http::Endpoint, messaging::Worker};

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        list_checks::endpoint(),
        get_check::endpoint(),
        get_applicant::endpoint(),
        list_notes::endpoint(),
        check_history::endpoint(),
        audit_logs::endpoint(),
        list_clients::endpoint(),
        create_client::endpoint(),
        rotate_client_secret::endpoint(),
        delete_client::endpoint(),
    ]
}

/// The functions that the operator invokes.
pub fn workers() -> Vec<Worker> {
    vec![bootstrap::worker(), make_client::worker(), import_users::worker(), export_users::worker()]
}
