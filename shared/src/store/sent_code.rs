//! Codes that are sent to a person. A code follows from its event, so it is neither stored nor queued: the worker derives it again.

use super::secrets::{IndexSecrets, TokenSecrets};
use crate::{
    crypto::random::RandomId,
    domain::{
        event::CodeKey,
        factor::{CodeDigest, FactorMethod, SentCode},
        id::{EventId, UserId},
        time::Timestamp,
    },
};

/// A code that is about to be sent, with the event that says so.
#[derive(Debug, Clone)]
pub struct NewCode {
    pub event: EventId,
    /// The data of the event.
    pub data: CodeKey,
    pub sent: SentCode,
}

impl NewCode {
    /// A code for a person, valid only for what is sent to `to`: an address or a number.
    pub fn new(
        (tokens, indexes): (&TokenSecrets, &IndexSecrets),
        user: &UserId,
        method: FactorMethod,
        to: &str,
        now: Timestamp,
    ) -> Self {
        let event = EventId::new(now);
        let (key, code) = tokens.mail.code(&event, user);
        let sent = SentCode::new(method, sent_digest(indexes, user, to, code.expose()), event, now);
        Self { event, data: CodeKey { code_key: key.into() }, sent }
    }
}

/// The digest of a code as it was typed: spaces and hyphens do not matter.
pub fn sent_digest(indexes: &IndexSecrets, user: &UserId, to: &str, typed: &str) -> CodeDigest {
    let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    CodeDigest(indexes.digest(&[b"sent code", user.to_string().as_bytes(), to.as_bytes(), code.as_bytes()]))
}
