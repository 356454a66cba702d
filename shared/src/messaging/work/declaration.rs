//! The declaration of a worker's deployment.

use super::Worker;
use crate::function::{Capability, Concurrency, Function, Needs, Trigger, area_of};

impl Worker {
    /// One line that describes the worker.
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// The needs of the handler that do not follow from the rest of the declaration.
    pub fn needs(mut self, needs: Needs) -> Self {
        self.settings.needs = self.settings.needs.and(needs);
        self
    }

    /// In MiB.
    pub fn memory(mut self, mebibytes: u32) -> Self {
        self.settings.memory = mebibytes;
        self
    }

    /// In seconds.
    pub fn timeout(mut self, seconds: u32) -> Self {
        self.settings.timeout = seconds;
        self
    }

    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.settings.concurrency = concurrency;
        self
    }

    /// The function with all its needs.
    pub fn as_function(&self) -> Function {
        let mut settings = self.settings.clone();
        let needs = settings.needs.write_logs(area_of(self.function));
        settings.needs = match &self.trigger {
            // A message that waits for more than 15 minutes is a due row, which is committed.
            Trigger::Queue(trigger) => needs
                .with(Capability::WorkOnce)
                .with(Capability::Commit)
                .consume(trigger.queue)
                .rarely("a message has to wait", Needs::new().send(trigger.queue)),
            Trigger::OutboxStream => needs.read_outbox_stream(),
            Trigger::Schedule(_) | Trigger::Operator | Trigger::Api(_) => needs,
        };
        Function { name: self.function, summary: self.summary, trigger: self.trigger.clone(), settings }
    }
}
