//! Incoming callbacks of providers, and endpoints of customers that are told of events: one module per function; [`endpoints`] lists
//! them.

pub mod create_endpoint;
pub mod delete_endpoint;
mod delivery_view;
mod endpoint_form;
mod endpoint_view;
pub mod get_endpoint;
pub mod list_deliveries;
pub mod list_endpoints;
mod own;
pub mod receive_provider;
pub mod retry_deliveries;
pub mod retry_delivery;
pub mod rotate_secret;
pub mod send_test;
pub mod update_endpoint;

use verinym::http::Endpoint;

/// All routes of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        create_endpoint::endpoint(),
        delete_endpoint::endpoint(),
        get_endpoint::endpoint(),
        list_deliveries::endpoint(),
        list_endpoints::endpoint(),
        receive_provider::endpoint(),
        retry_deliveries::endpoint(),
        retry_delivery::endpoint(),
        rotate_secret::endpoint(),
        send_test::endpoint(),
        update_endpoint::endpoint(),
    ]
}
