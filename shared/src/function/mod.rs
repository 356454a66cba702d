//! The declaration of a function's deployment: how Lambda runs it, what invokes it and what it needs. `make template` generates the
//! functions in `template.yaml` from it.

mod capability;
mod needs;
#[cfg(test)]
mod tests;

pub use capability::Capability;
pub use needs::{AwsResource, Grant, Needs};

use crate::config::names::Queue;

/// How Lambda runs a function. The defaults are for routes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In MiB. CPU is proportional to memory.
    pub memory: u32,
    /// In seconds. For a route less than 29, the limit of the gateway.
    pub timeout: u32,
    pub concurrency: Concurrency,
    pub needs: Needs,
}

impl Settings {
    /// Defaults of `template.yaml` (`Globals`).
    pub const MEMORY: u32 = 512;
    pub const TIMEOUT: u32 = 15;

    pub(crate) const fn new() -> Self {
        Self { memory: Self::MEMORY, timeout: Self::TIMEOUT, concurrency: Concurrency::Unreserved, needs: Needs::new() }
    }
}

/// The concurrency that is reserved for a function, which is also its maximum. Nothing is reserved unless the parameters of the
/// deployment say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// No reservation: the function shares the unreserved concurrency of the account.
    Unreserved,
    /// `SignInConcurrency`: separates sign-in from the rest of the API, so that an attack on one does not stop the other.
    SignIn,
    /// `WorkerConcurrency`.
    Worker,
    /// `MailConcurrency`: SES limits the mails per second of an account.
    Mail,
    /// A fixed number, if `WorkerConcurrency` is set.
    Fixed(u32),
}

/// What invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// API Gateway, for these methods and paths.
    Api(Vec<(http::Method, &'static str)>),
    Queue(QueueTrigger),
    Schedule(Every),
    /// The stream of new outbox rows.
    OutboxStream,
    /// The operator, manually.
    Operator,
    /// API Gateways of the customer's own APIs in the same account, before they pass on a call.
    Authorizer,
}

/// A queue, as its worker declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueTrigger {
    pub queue: Queue,
    /// Maximum number of messages per invocation.
    pub batch: u32,
    /// Age of the oldest message, in seconds, that raises an alarm.
    pub late_after: u32,
}

impl QueueTrigger {
    /// Ten messages per invocation; an alarm after ten minutes.
    pub const fn of(queue: Queue) -> Self {
        Self { queue, batch: 10, late_after: 600 }
    }

    #[must_use]
    pub const fn batch(mut self, messages: u32) -> Self {
        self.batch = messages;
        self
    }

    #[must_use]
    pub const fn late_after(mut self, seconds: u32) -> Self {
        self.late_after = seconds;
        self
    }
}

impl From<Queue> for QueueTrigger {
    fn from(queue: Queue) -> Self {
        Self::of(queue)
    }
}

/// The interval of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    Minute,
    Hour,
    Day,
}

/// A Lambda function, with everything that follows from its declaration.
#[derive(Debug, Clone)]
pub struct Function {
    /// The deployed name without the name of the stack; also the name of the binary.
    pub name: &'static str,
    /// The purpose, in one line.
    pub summary: &'static str,
    pub trigger: Trigger,
    pub settings: Settings,
}

impl Function {
    pub fn area(&self) -> &'static str {
        area_of(self.name)
    }
}

/// The area of a function: the first part of its name. Each area has a crate and a log group.
pub fn area_of(function: &'static str) -> &'static str {
    function.split_once('-').map_or(function, |(area, _)| area)
}
