//! The sandbox: an identity provider of ours to rehearse with, a service of its own with its own small stack.
//!
//! It speaks the IDfy v3 task format over HTTP and calls back with signed webhooks; what it answers is chosen by the
//! document number. It plays another company, so it has its own configuration, table, queue and error form, and shares
//! with the API only the tools of the trade.

pub mod callback;
pub mod config;
pub mod create_task;
pub mod endpoint;
pub mod get_tasks;
pub mod scenario;
pub mod send_callback;
pub mod service;
pub mod task;
pub mod wire;

#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;
