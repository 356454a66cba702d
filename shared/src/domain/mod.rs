//! The rules: plain types and functions, no I/O, no clock, no AWS.

pub mod id;
pub mod secret;
pub mod time;
