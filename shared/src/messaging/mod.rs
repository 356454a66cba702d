//! Queue messages, the batch harness, the fan-out of events, and mail.

pub mod dispatch;
pub mod mail;
pub mod message;
pub mod queue;
mod run;
pub mod work;

pub use message::Message;
pub use run::{Boxed, invocations, run};
pub use work::{Delivery, Outcome, Ran, Worker};
