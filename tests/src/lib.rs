//! Black-box tests through a deployed stack, and what they share: a client written from the API's description alone, test persons,
//! the mailbox, and direct access to the AWS services where a test needs it.
//!
//! Tests share one stack and run in parallel, each with persons of its own. They wait for asynchronous results until a deadline; they do not
//! sleep for fixed times and assert no durations.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a test cannot do is its failure")]

pub mod aws;
pub mod client;
pub mod conformance;
pub mod contract;
pub mod deployment;
pub mod faults;
pub mod generate;
pub mod mailbox;
pub mod passkey;
pub mod people;
pub mod picture;
pub mod receiver;
pub mod samconfig;
pub mod second_factor;
pub mod sign_in;
pub mod stack;
pub mod template;
pub mod texts;
pub mod tokens;
pub mod usage;
pub mod wait;
pub mod wire;
pub mod workspace;
pub mod world;

pub use client::{ApiResponse, Client};
pub use people::{Draft, Person};
pub use stack::Stack;
pub use wait::until;
