//! Signing up and in: one module per function; [`endpoints`] lists them.

mod claims;
pub mod forgot_password;
pub mod login;
pub mod logout;
mod mail_request;
pub mod me;
pub mod refresh;
pub mod register;
pub mod resend_verification;
pub mod reset_password;
mod tokens;
pub mod verify_email;

use verinym::http::Endpoint;

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        register::endpoint(),
        verify_email::endpoint(),
        resend_verification::endpoint(),
        login::endpoint(),
        refresh::endpoint(),
        logout::endpoint(),
        me::endpoint(),
        forgot_password::endpoint(),
        reset_password::endpoint(),
    ]
}
