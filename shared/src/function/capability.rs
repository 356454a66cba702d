//! Capabilities: named sets of needs of the shared crate.

use std::collections::BTreeSet;

use super::needs::Needs;
use crate::{
    config::{
        Section,
        names::{Bucket, Queue, SecretId},
    },
    domain::event::EventType,
    store::{Table, kek::KeyPurpose},
};

/// A feature of the shared crate, which has the same needs in every function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Count calls against rate limits. Subjects are stored as digests.
    CountLimits,
    /// Verify an access token, and read session, account and the caller's key.
    Authenticate,
    /// Read the machine client that hands on the address of a person.
    TakeClientAddress,
    /// Write the event and the outbox row of a command, and look for the event if the response to the commit was lost.
    Commit,
    /// Store and replay responses by idempotency key.
    Replay,
    /// Unwrap profile keys, which also encrypt the origins of events.
    UnwrapProfileKeys,
    /// Unwrap evidence keys, which encrypt documents and checks.
    UnwrapEvidenceKeys,
    /// Create the keys of a person, wrapped by existing key-encryption keys.
    MakeKeys,
    /// Read the keys of refresh tokens, mailed tokens and cursors.
    UseTokenKeys,
    /// Sign access tokens.
    SignTokens,
    /// Count failed sign-ins by identifier, and reset the count after a success.
    CountFailures,
    /// Decide on the risk of a sign-in: the wrong passwords of its network, and the files of the deployment.
    AssessSignIns,
    /// Process a message once: claim it with a lease, then mark it as done.
    WorkOnce,
    /// Send events to the queues of their consumers.
    DispatchEvents,
    /// Send messages to all queues.
    WakeQueues,
    /// Read the configuration of the screening lists.
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
    /// Unwraps the keys of persons for a purpose.
    pub const fn unwrap_keys(purpose: KeyPurpose) -> Self {
        match purpose {
            KeyPurpose::Profile => Self::UnwrapProfileKeys,
            KeyPurpose::Evidence => Self::UnwrapEvidenceKeys,
        }
    }

    fn needs(self) -> Needs {
        let needs = Needs::new();
        match self {
            Self::CountLimits => needs.update(Table::Ephemeral).read_secret(SecretId::Indexes),
            Self::Authenticate => {
                needs.get_many(Table::Identity).get_many(Table::Keys).read_secret(SecretId::Verification)
            }
            Self::TakeClientAddress => needs.rarely(
                "a machine client hands on the address of a person",
                Needs::new().get_many(Table::Identity).read_secret(SecretId::Verification),
            ),
            Self::Commit => needs
                .put(Table::Events)
                .put(Table::Outbound)
                .rarely("the response to a commit was lost", Needs::new().get(Table::Events)),
            Self::Replay => needs.rarely(
                "the caller sends an idempotency key",
                Needs::new().get_many(Table::Ephemeral).get(Table::Ephemeral).put(Table::Ephemeral),
            ),
            Self::UnwrapProfileKeys => unwrap_keys(KeyPurpose::Profile),
            Self::UnwrapEvidenceKeys => unwrap_keys(KeyPurpose::Evidence),
            Self::MakeKeys => needs.put(Table::Keys),
            Self::UseTokenKeys => needs.read_secret(SecretId::Tokens),
            Self::SignTokens => needs.read_secret(SecretId::Signing),
            Self::CountFailures => {
                needs.put(Table::Ephemeral).update(Table::Ephemeral).delete(Table::Ephemeral).rarely(
                    "another call settles a try of the identifier at the same time",
                    Needs::new().get(Table::Ephemeral),
                )
            }
            Self::AssessSignIns => needs
                .get(Table::Ephemeral)
                .read_secret(SecretId::Indexes)
                .rarely(
                    "the deployment has a policy, a list of networks or a location database",
                    Needs::new().get_objects(Bucket::Lists, crate::risk::FOLDER),
                )
                .reads(Section::Risk),
            Self::WorkOnce => needs
                .update(Table::Ephemeral)
                .rarely("a message could not be processed", Needs::new().delete(Table::Ephemeral)),
            Self::DispatchEvents => {
                let queues: BTreeSet<_> = EventType::ALL.iter().flat_map(|kind| kind.queues()).collect();
                queues.into_iter().fold(needs, Needs::send)
            }
            Self::WakeQueues => Queue::ALL.iter().copied().fold(needs, Needs::send),
            Self::ReadListSources => needs.get_objects(Bucket::Lists, "config"),
        }
    }
}

/// Each purpose has its own key-encryption keys, and the encryption context of KMS names the purpose. So a function with access to
/// profiles has no access to evidence.
fn unwrap_keys(purpose: KeyPurpose) -> Needs {
    Needs::new()
        .rarely("key-encryption keys are not in memory", Needs::new().query(Table::Keys).unwrap_root_keys(purpose))
        .rarely("the key of another person is read", Needs::new().get(Table::Keys))
}
