//! Signing up and in: one module per function; [`endpoints`] and [`workers`] list them.

pub mod accept_invitation;
pub mod authorizer;
mod claims;
pub mod end_session;
mod first_proof;
pub mod forgot_password;
mod introspection;
pub mod list_passkeys;
pub mod login;
pub mod logout;
pub mod magic_link;
pub mod magic_link_verify;
mod mail_request;
pub mod me;
mod mfa;
pub mod mfa_activate;
pub mod mfa_backup_codes;
pub mod mfa_disable;
pub mod mfa_renew_backup_codes;
pub mod mfa_send_code;
pub mod mfa_send_own_code;
pub mod mfa_setup;
pub mod mfa_verify;
pub mod oauth_accounts;
pub mod oauth_authorize;
pub mod oauth_callback;
pub mod oauth_exchange;
pub mod oauth_form_callback;
pub mod oauth_introspect;
pub mod oauth_token;
pub mod oauth_unlink;
pub mod passkey_register;
pub mod passkey_register_options;
pub mod passkey_sign_in;
pub mod passkey_sign_in_options;
mod passkeys;
mod qr_code;
mod reactivation;
pub mod reauthenticate;
pub mod refresh;
pub mod register;
pub mod remove_passkey;
pub mod rename_passkey;
pub mod resend_verification;
pub mod reset_password;
mod sign_in;
mod sign_in_device;
mod sign_in_risk;
mod social_sign_in;
mod tokens;
pub mod verify_email;

use verinym::{http::Endpoint, messaging::Worker};

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        register::endpoint(),
        verify_email::endpoint(),
        resend_verification::endpoint(),
        login::endpoint(),
        refresh::endpoint(),
        logout::endpoint(),
        end_session::endpoint(),
        magic_link::endpoint(),
        magic_link_verify::endpoint(),
        me::endpoint(),
        mfa_setup::endpoint(),
        mfa_activate::endpoint(),
        mfa_send_code::endpoint(),
        mfa_send_own_code::endpoint(),
        mfa_verify::endpoint(),
        mfa_disable::endpoint(),
        mfa_backup_codes::endpoint(),
        mfa_renew_backup_codes::endpoint(),
        reauthenticate::endpoint(),
        passkey_register_options::endpoint(),
        passkey_register::endpoint(),
        passkey_sign_in_options::endpoint(),
        passkey_sign_in::endpoint(),
        list_passkeys::endpoint(),
        rename_passkey::endpoint(),
        remove_passkey::endpoint(),
        forgot_password::endpoint(),
        reset_password::endpoint(),
        accept_invitation::endpoint(),
        oauth_token::endpoint(),
        oauth_introspect::endpoint(),
        oauth_authorize::endpoint(),
        oauth_callback::endpoint(),
        oauth_form_callback::endpoint(),
        oauth_exchange::endpoint(),
        oauth_accounts::endpoint(),
        oauth_unlink::endpoint(),
    ]
}

/// The functions without a route.
pub fn workers() -> Vec<Worker> {
    vec![authorizer::worker()]
}
