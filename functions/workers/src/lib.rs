//! Work that no caller waits for: one module per function; [`workers`] lists them.

pub mod apply_callback;
mod check_update;
mod closed_checks;
pub mod deliver_webhook;
pub mod dispatch;
mod earlier_hits;
mod email_change;
pub mod expire;
pub mod fan_out_event;
pub mod load_list;
mod notification_work;
pub mod process_document;
pub mod refresh_lists;
pub mod rotate_keys;
pub mod rotate_keys_now;
pub mod run_due;
pub mod screen_check;
mod screening;
pub mod send_mail;
pub mod sweep_checks;
pub mod sweep_outbox;
mod text_message;
mod verification;
pub mod verify;
mod webhook_deliveries;

use verinym::messaging::Worker;

/// Every worker of the area.
pub fn workers() -> Vec<Worker> {
    vec![
        apply_callback::worker(),
        deliver_webhook::worker(),
        dispatch::worker(),
        expire::worker(),
        fan_out_event::worker(),
        load_list::worker(),
        process_document::worker(),
        refresh_lists::worker(),
        rotate_keys::worker(),
        rotate_keys_now::worker(),
        run_due::worker(),
        screen_check::worker(),
        send_mail::worker(),
        sweep_checks::worker(),
        sweep_outbox::worker(),
        verify::worker(),
    ]
}
