//! Administration: one module per function; [`endpoints`] and [`workers`] list them.

mod account_filter;
mod account_roles;
mod administered;
pub mod audit_logs;
pub mod bootstrap;
pub mod change_role;
pub mod check_history;
mod client_view;
pub mod create_client;
pub mod create_role;
pub mod create_user;
pub mod delete_client;
pub mod delete_role;
mod event_log;
pub mod export_users;
pub mod find_users;
pub mod get_applicant;
pub mod get_check;
pub mod get_user;
pub mod get_user_roles;
pub mod import_users;
mod invitation_view;
pub mod invite;
pub mod list_checks;
pub mod list_clients;
pub mod list_invitations;
pub mod list_notes;
pub mod list_roles;
pub mod lock_user;
pub mod make_client;
pub mod reset_user_mfa;
pub mod reset_user_password;
pub mod revoke_invitation;
pub mod revoke_user_sessions;
mod role_editor;
mod role_view;
pub mod rotate_client_secret;
pub mod security_events;
pub mod set_user_roles;
pub mod unlock_user;
mod user_view;

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
        security_events::endpoint(),
        list_clients::endpoint(),
        create_client::endpoint(),
        rotate_client_secret::endpoint(),
        delete_client::endpoint(),
        list_roles::endpoint(),
        create_role::endpoint(),
        change_role::endpoint(),
        delete_role::endpoint(),
        get_user_roles::endpoint(),
        set_user_roles::endpoint(),
        find_users::endpoint(),
        create_user::endpoint(),
        invite::endpoint(),
        list_invitations::endpoint(),
        revoke_invitation::endpoint(),
        get_user::endpoint(),
        lock_user::endpoint(),
        unlock_user::endpoint(),
        revoke_user_sessions::endpoint(),
        reset_user_mfa::endpoint(),
        reset_user_password::endpoint(),
    ]
}

/// The functions that the operator invokes.
pub fn workers() -> Vec<Worker> {
    vec![bootstrap::worker(), make_client::worker(), import_users::worker(), export_users::worker()]
}
