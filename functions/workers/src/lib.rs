//! Work that no caller waits for: one module per function; [`workers`] names them all.

pub mod dispatch;
pub mod rotate_keys;
pub mod run_due;
pub mod send_mail;
pub mod sweep_outbox;

use verinym::messaging::Worker;

/// Every worker of the area.
pub fn workers() -> Vec<Worker> {
    vec![dispatch::worker(), rotate_keys::worker(), run_due::worker(), send_mail::worker(), sweep_outbox::worker()]
}
