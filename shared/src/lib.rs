//! Verinym: identity and KYC/AML as AWS Lambda functions.
//!
//! Arrows run one way: `functions → http, messaging → store, providers, crypto → domain`.

pub mod app;
pub mod aws;
pub mod config;
pub mod crypto;
pub mod deadline;
pub mod domain;
pub mod error;
pub mod http;
pub mod messaging;
pub mod objects;
pub mod providers;
pub mod screening;
#[cfg(any(test, feature = "testing"))]
pub mod scripted;
pub mod store;
pub mod telemetry;
pub mod watchlists;
