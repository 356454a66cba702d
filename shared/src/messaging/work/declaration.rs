//! What a worker declares about its deployment.

use super::Worker;
use crate::function::{Capability, Concurrency, Function, Needs, Trigger, area_of};

impl Worker {
    /// One line of what it is for.
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// What the handler needs beside what follows from the rest of the declaration.
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

    /// The function that it runs as, with all that follows from its declaration.
    pub fn as_function(&self) -> Function {
        let mut settings = self.settings.clone();
        let needs = settings.needs.write_logs(area_of(self.function));
        settings.needs = match &self.trigger {
            // A message that is put back for more than 15 minutes is a row, which is committed.
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
