//! Outgoing webhooks: sending a delivery to an address that a customer chose.

mod resolver;
mod sender;

pub use sender::{Answer, Sender};
