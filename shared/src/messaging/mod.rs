//! Queue messages, the worker harness, the dispatcher of events, notifications and mail.

pub mod dispatch;
pub mod mail;
mod mail_templates;
pub mod message;
pub mod notification;
pub mod queue;
mod run;
pub mod text_message;
pub mod work;

pub use message::Message;
pub use run::{InvocationHandler, invocations, run};
pub use work::{Delivery, InvocationResult, TaskOutcome, Worker};
