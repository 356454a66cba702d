//! Why signing up or in is refused.

/// Refusals of the sign-in area. Their words for the caller stand in `http::problem`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    #[error("address has an account")]
    EmailTaken,
    #[error("address was changed too often within the time to undo it")]
    TooManyEmailChanges,
    #[error("username is taken")]
    UsernameTaken,
    #[error("mailed token is not valid, was used or replaced")]
    InvalidToken,
    #[error("mailed token has expired")]
    ExpiredToken,
    /// Nobody is signed in yet: 401.
    #[error("identifier or password is wrong")]
    InvalidCredentials,
    /// The caller holds something valid already (a mailed token, a session): 400, so that clients keep it.
    #[error("password is wrong")]
    WrongPassword,
    #[error("locked out for {retry_after} s after failures")]
    TemporarilyLocked { retry_after: u64 },
    #[error("address is not confirmed")]
    EmailNotVerified,
    #[error("sign-in is refused for its risk")]
    SignInRefused,
    #[error("account is locked by an administrator")]
    AccountLocked,
    #[error("account is deactivated")]
    AccountDeactivated,
    #[error("refresh token is not valid")]
    InvalidRefreshToken,
    #[error("refresh token was used before; its session has ended")]
    RefreshTokenReused,
    /// Without it nobody could sign in to the account any more.
    #[error("the last sign-in method cannot be removed")]
    LastCredential,
}
