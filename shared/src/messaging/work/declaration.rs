//! The declaration of a worker's deployment.

use super::Worker;
use crate::{
    function::{Capability, Concurrency, Function, Needs, Trigger, area_of},
    store::Table,
};

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
            // A message that waits for more than 15 minutes is a due row.
            Trigger::Queue(trigger) => needs
                .with(Capability::WorkOnce)
                .consume(trigger.queue)
                .rarely("a message has to wait", Needs::new().send(trigger.queue).put(Table::Outbound)),
            Trigger::OutboxStream => needs.read_outbox_stream(),
            Trigger::Schedule(_) | Trigger::Operator | Trigger::Authorizer | Trigger::Api(_) => needs,
        };
        Function { name: self.function, summary: self.summary, trigger: self.trigger.clone(), settings }
    }
}
