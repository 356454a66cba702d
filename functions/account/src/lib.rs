//! One's own account: profile, password, sessions, devices, deactivation; one module per function; [`endpoints`] lists them.

pub mod change_email;
pub mod change_password;
pub mod confirm_email;
pub mod deactivate;
pub mod get_profile;
pub mod list_devices;
pub mod list_sessions;
pub mod remove_device;
pub mod revoke_other_sessions;
pub mod revoke_session;
pub mod set_phone;
pub mod trust_device;
pub mod undo_email;
pub mod update_profile;
pub mod verify_phone;

use verinym::http::Endpoint;

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get_profile::endpoint(),
        update_profile::endpoint(),
        change_password::endpoint(),
        change_email::endpoint(),
        confirm_email::endpoint(),
        undo_email::endpoint(),
        set_phone::endpoint(),
        verify_phone::endpoint(),
        deactivate::endpoint(),
        list_sessions::endpoint(),
        revoke_session::endpoint(),
        revoke_other_sessions::endpoint(),
        list_devices::endpoint(),
        trust_device::endpoint(),
        remove_device::endpoint(),
    ]
}
