//! What pieces of the shared crate need, wherever they are used.

use super::needs::Needs;
use crate::{
    config::names::{Bucket, Queue, Secret},
    store::{Table, kek::Purpose},
};

/// A piece of the shared crate that needs the same wherever it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Count a call against its limits; subjects are known by digest only.
    CountLimits,
    /// Check an access token, and in one read that its session and user still live, with the caller's key.
    Authenticate,
    /// Write a command's event and outbox row, and look for its own event after a lost answer.
    Commit,
    /// Keep and replay answers by idempotency key.
    Replay,
    /// Unwrap people's keys of profiles and of origins of events.
    UnwrapProfileKeys,
    /// Unwrap people's keys of documents and checks.
    UnwrapEvidenceKeys,
    /// Unwrap keys of origins of events whose callers were not signed in.
    UnwrapAnonymousKeys,
    /// Make people's keys, wrapped by key-encryption keys that exist already.
    MakeKeys,
    /// Read the keys of refresh tokens, mailed tokens and cursors.
    UseTokenKeys,
    /// Sign access tokens.
    SignTokens,
    /// Count failed sign-ins by identifier, and forget them with a success.
    CountFailures,
    /// Work a message once: a claim with a lease, then a mark.
    WorkOnce,
    /// Hand events to the queues.
    WakeQueues,
    /// Read which lists are screened against.
    ReadListSources,
}

impl Needs {
    /// Adds what a capability needs.
    #[must_use]
    pub fn with(self, capability: Capability) -> Self {
        self.and(capability.needs())
    }
}

impl Capability {
    /// To unwrap people's keys of a purpose.
    pub const fn unwrap_keys(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Profile => Self::UnwrapProfileKeys,
            Purpose::Evidence => Self::UnwrapEvidenceKeys,
            Purpose::Anonymous => Self::UnwrapAnonymousKeys,
        }
    }

    fn needs(self) -> Needs {
        let needs = Needs::new();
        match self {
            Self::CountLimits => needs.update(Table::Ephemeral).read_secret(Secret::Indexes),
            Self::Authenticate => {
                needs.get_many(Table::Identity).get_many(Table::Keys).read_secret(Secret::Verification)
            }
            Self::Commit => needs
                .put(Table::Events)
                .put(Table::Outbound)
                .rarely("the answer to a commit was lost", Needs::new().get(Table::Events)),
            Self::Replay => needs.rarely(
                "the caller sends an idempotency key",
                Needs::new().get_many(Table::Ephemeral).get(Table::Ephemeral).put(Table::Ephemeral),
            ),
            Self::UnwrapProfileKeys => unwrap_keys(Purpose::Profile),
            Self::UnwrapEvidenceKeys => unwrap_keys(Purpose::Evidence),
            Self::UnwrapAnonymousKeys => unwrap_keys(Purpose::Anonymous),
            Self::MakeKeys => needs.put(Table::Keys),
            Self::UseTokenKeys => needs.read_secret(Secret::Tokens),
            Self::SignTokens => needs.read_secret(Secret::Signing),
            Self::CountFailures => needs.put(Table::Ephemeral).delete(Table::Ephemeral).rarely(
                "another call settles a try of the identifier at the same time",
                Needs::new().get(Table::Ephemeral),
            ),
            Self::WorkOnce => needs
                .update(Table::Ephemeral)
                .rarely("a message could not be worked", Needs::new().delete(Table::Ephemeral)),
            Self::WakeQueues => Queue::ALL.into_iter().fold(needs, Needs::send),
            Self::ReadListSources => needs.get_objects(Bucket::Lists, "config"),
        }
    }
}

/// Each purpose has key-encryption keys of its own, and KMS is told the purpose, so that a reader of profiles cannot open
/// evidence.
fn unwrap_keys(purpose: Purpose) -> Needs {
    Needs::new()
        .rarely("key-encryption keys are not in memory", Needs::new().query(Table::Keys).unwrap_root_keys(purpose))
        .rarely("a person's key is read apart from the read that admits a caller", Needs::new().get(Table::Keys))
}
