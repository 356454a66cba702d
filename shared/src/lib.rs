//! Verinym: identity and KYC/AML as AWS Lambda functions.
//!
//! Arrows run one way: `functions → http, messaging → store, providers, crypto → domain`.

pub mod crypto;
pub mod domain;
pub mod providers;
