//! The sandbox: a simulated identity provider for tests and rehearsals, deployed as a separate stack.
//!
//! It has the IDfy v3 task API and sends signed callbacks. The document number chooses the result. Since it stands for another
//! company, it has its own configuration, table, queue and error format, and uses only generic parts of the shared crate.

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
mod tests;
