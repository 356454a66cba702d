//! Queues: what goes on after a command, in a worker.

use super::words::words;

words! {
    /// A queue. Each has its own worker and its own dead-letter queue. The word is the deployed name without the name of the stack;
    /// metrics and administration routes show it too.
    pub enum Queue {
        /// Processes a check.
        Verification = "verification",
        /// Screens the person of a check.
        Screening = "screening",
        /// Applies a callback of a provider to its check.
        Callbacks = "provider-callbacks",
        /// Sends notifications.
        Notification = "notification",
        /// Inspects or deletes a document.
        Documents = "documents",
        /// Fetches a list, or compiles the lists.
        Lists = "lists",
        /// Finds the endpoints that are told of an event.
        Webhooks = "webhooks",
        /// Sends one delivery to one endpoint.
        Deliveries = "webhook-deliveries",
    }
}
