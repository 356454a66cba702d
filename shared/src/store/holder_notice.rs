//! The notification of the holder of an address that somebody tried to use for another account.

use super::{Store, event::EventDraft, secrets::IndexSecrets};
use crate::{
    domain::{
        account::BlindIndex,
        event::{EventType, Subject},
        id::UserId,
        time::Timestamp,
    },
    error::Result,
};

/// Its aggregate is the address and its version the hour, so that strangers neither cause conflicts on the account nor flood its
/// mailbox.
#[derive(Debug)]
pub struct HolderNotice {
    subject: Subject,
    hour: u64,
}

impl HolderNotice {
    pub fn of(email_index: &BlindIndex, indexes: &IndexSecrets, now: Timestamp) -> Self {
        let address = indexes.digest(&[b"registration", email_index.as_ref().as_bytes()]);
        let hour = u64::try_from(now.unix_seconds() / 3600).unwrap_or_default();
        Self { subject: Subject::new("identifier", address), hour }
    }

    /// Whether it was sent in this hour.
    pub async fn was_sent(&self, store: &Store) -> Result<bool> {
        Ok(store.event_at(&self.subject.id, self.hour).await?.is_some())
    }

    /// The event that the mail follows from.
    pub fn event(&self, holder: UserId) -> EventDraft {
        EventDraft::new(EventType::UserRegistrationRepeated, self.subject.clone(), self.hour).person(holder)
    }
}
