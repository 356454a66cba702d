//! The rules: plain types and functions, no I/O, no clock, no AWS.

pub mod account;
pub mod aml;
pub mod auth;
pub mod backoff;
pub mod breaker;
pub mod callback;
pub mod check;
pub mod document;
pub mod event;
pub mod field;
pub mod id;
pub mod kyc;
pub mod limit;
pub mod lockout;
pub mod mail;
pub mod password;
pub mod patch;
pub mod person;
pub mod profile;
pub mod refresh;
pub mod role;
pub mod secret;
pub mod session;
pub mod time;
pub mod user;
pub mod words;
