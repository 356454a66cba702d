//! What a function declares about its deployment: how Lambda runs it, what starts it, and what it needs. `make template`
//! writes the functions' part of `template.yaml` from this.

mod capability;
mod needs;
#[cfg(test)]
mod tests;

pub use capability::Capability;
pub use needs::{Grant, Needs, Resource};

use crate::config::names::Queue;

/// How Lambda runs a function; the defaults fit a route.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In MiB; CPU grows with it.
    pub memory: u32,
    /// In seconds. A route stays under the gateway's 29.
    pub timeout: u32,
    pub concurrency: Concurrency,
    pub needs: Needs,
}

impl Settings {
    /// What `template.yaml` gives to functions that say nothing (`Globals`).
    pub const MEMORY: u32 = 512;
    pub const TIMEOUT: u32 = 15;

    pub(crate) const fn new() -> Self {
        Self { memory: Self::MEMORY, timeout: Self::TIMEOUT, concurrency: Concurrency::Unreserved, needs: Needs::new() }
    }
}

/// How much of the account's concurrency is reserved for a function, which is also the most it gets. Nothing is reserved
/// until the deployment's parameters say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// Shares what is left.
    Unreserved,
    /// `SignInConcurrency`: an attack on sign-in leaves the rest of the API its share, and the other way round.
    SignIn,
    /// `WorkerConcurrency`.
    Worker,
    /// `MailConcurrency`: SES allows an account so many mails a second.
    Mail,
    /// A fixed number, as soon as `WorkerConcurrency` is set.
    Fixed(u32),
}

/// What starts a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// The gateway, on each of these methods and paths.
    Api(Vec<(http::Method, &'static str)>),
    Queue(QueueTrigger),
    Schedule(Every),
    /// Outbox rows, as they are written.
    OutboxStream,
    /// The operator, by hand.
    Operator,
}

/// A queue as its worker declares it: the queue exists because its worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueTrigger {
    pub queue: Queue,
    /// Messages of one invocation, at most.
    pub batch: u32,
    /// Seconds that the oldest message may wait before an alarm is raised.
    pub late_after: u32,
}

impl QueueTrigger {
    /// Ten messages at once; an alarm after ten minutes.
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

/// How often a schedule starts a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    Minute,
    Hour,
    Day,
}

/// One Lambda function, with all that follows from its declaration.
#[derive(Debug, Clone)]
pub struct Function {
    /// What stands after the stack's name; also the name of its binary.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    pub trigger: Trigger,
    pub settings: Settings,
}

impl Function {
    pub fn area(&self) -> &'static str {
        area_of(self.name)
    }
}

/// The area of a function: the first part of its name. An area has a crate of functions and a log group.
pub fn area_of(function: &'static str) -> &'static str {
    function.split_once('-').map_or(function, |(area, _)| area)
}
