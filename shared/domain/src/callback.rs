//! Callbacks of providers: why one is refused.

/// Refusals of a provider's callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("no such provider, or none that calls back")]
    UnknownProvider,
    #[error("the callback's signature is missing or wrong")]
    BadSignature,
    #[error("the callback's time is off by more than five minutes")]
    StaleSignature,
}
