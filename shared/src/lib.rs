//! Verinym: identity and KYC/AML as AWS Lambda functions.
//!
//! Imports run in one direction: `functions → http, messaging → store, providers, crypto → domain`.

pub use verinym_crypto as crypto;
pub use verinym_domain as domain;
pub use verinym_screening as screening;

pub mod app;
pub mod authorizer;
pub mod aws;
pub mod boot;
pub mod config;
pub mod deadline;
pub mod error;
pub mod function;
pub mod http;
pub mod location;
pub mod messaging;
pub mod objects;
pub mod providers;
pub mod risk;
#[cfg(any(test, feature = "testing"))]
pub mod scripted;
pub mod store;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod test_server;
pub mod watchlists;
pub mod webhooks;
