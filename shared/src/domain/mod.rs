//! The rules: plain types and functions, no I/O, no clock, no AWS.

pub mod account;
pub mod auth;
pub mod backoff;
pub mod breaker;
pub mod field;
pub mod id;
pub mod kyc;
pub mod secret;
pub mod time;
