//! Black-box tests through a deployed stack, and what they share: a client as somebody would write it who knows only
//! the API's description, people to play with, the mailbox, and a look behind the scenes where a test needs one.
//!
//! Tests share one stack and run at once, each with people of its own. Whatever takes its time is waited for until a
//! deadline; nothing is slept through and no duration is asserted.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a test cannot do is its failure")]

pub mod aws;
pub mod client;
pub mod conformance;
pub mod contract;
pub mod cut;
pub mod deployment;
pub mod generate;
pub mod mailbox;
pub mod people;
pub mod picture;
pub mod samconfig;
pub mod stack;
pub mod template;
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
