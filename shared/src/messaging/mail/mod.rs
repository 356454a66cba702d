//! Mails: what they say, and their way out.
//!
//! Each has a text and an HTML template in `templates/mail` that say the same. They hold no remote content and nothing
//! that tells who opened what.

mod send;

pub use send::Sent;

use std::time::Duration;

use askama::Template;

use crate::{
    domain::{
        check::{Reason, ReasonCode},
        event::EventType,
        mail::TokenPurpose,
        secret::SecretText,
        time::Timestamp,
    },
    error::{Internal, Result},
    store::event::EventRecord,
};

/// A mail, ready to be sent. Holds personal data and may hold a token: not printed.
pub struct Letter {
    pub subject: &'static str,
    pub text: String,
    pub html: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// What a mail is about.
#[derive(Debug)]
pub enum Content<'a> {
    Verify { token: &'a SecretText },
    Welcome,
    Reset { token: &'a SecretText },
    Decision(Decision),
    SecurityNotice { what: EventType, at: Timestamp },
    AddressAlreadyRegistered,
}

/// What a person is told of their check: nothing of machines, reviewers, risk or internal reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Approved,
    Rejected(Vec<Reason>),
    ActionNeeded(Vec<Reason>),
}

impl Decision {
    /// What an event of a check tells its person; `None` for an event that is no decision. `data.reasons` holds codes for
    /// staff too: only public ones are passed on.
    pub fn of(event: &EventRecord) -> Option<Self> {
        let codes = event.reason_codes();
        match event.r#type {
            EventType::CheckApproved => Some(Self::Approved),
            EventType::CheckRejected => Some(Self::Rejected(ReasonCode::for_applicant(&codes, true))),
            EventType::CheckActionNeeded => Some(Self::ActionNeeded(ReasonCode::for_applicant(&codes, false))),
            _ => None,
        }
    }
}

/// Renders a letter from both of its templates, which see the same fields.
macro_rules! letter {
    ($text:tt, $html:tt, $subject:expr, $to:expr, { $($field:ident: $type:ty = $value:expr),* $(,)? }) => {{
        #[derive(Template)]
        #[template(path = $text)]
        struct Text<'a> { name: Option<&'a str>, app_url: &'a str, $($field: $type,)* }
        #[derive(Template)]
        #[template(path = $html)]
        struct Html<'a> { subject: &'a str, name: Option<&'a str>, app_url: &'a str, $($field: $type,)* }
        let To { name, app_url } = $to;
        let subject: &'static str = $subject;
        let text = Text { name, app_url, $($field: $value,)* }.render().map_err(Internal::bug)?;
        let html = Html { subject, name, app_url, $($field: $value,)* }.render().map_err(Internal::bug)?;
        Ok(Letter { subject, text, html })
    }};
}

/// To whom, as the letter calls them, and where their account is.
#[derive(Clone, Copy)]
pub struct To<'a> {
    pub name: Option<&'a str>,
    pub app_url: &'a str,
}

impl std::fmt::Debug for To<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("To").field("app_url", &self.app_url).finish_non_exhaustive()
    }
}

impl Content<'_> {
    /// The mail in both forms.
    pub fn letter(&self, to: To<'_>) -> Result<Letter> {
        let link = |page: &str, token: &SecretText| format!("{}/{page}?token={}", to.app_url, token.expose());
        match self {
            Self::Verify { token } => {
                let (link, life) = (link("verify-email", token), spelt(TokenPurpose::VerifyEmail.life()));
                letter!("mail/verify.txt", "mail/verify.html", "Please confirm your address", to, { link: &'a str = &link, life: &'a str = &life })
            }
            Self::Welcome => letter!("mail/welcome.txt", "mail/welcome.html", "Your address is confirmed", to, {}),
            Self::Reset { token } => {
                let (link, life) = (link("reset-password", token), spelt(TokenPurpose::ResetPassword.life()));
                letter!("mail/reset.txt", "mail/reset.html", "Set a new password", to, { link: &'a str = &link, life: &'a str = &life })
            }
            Self::Decision(decision) => decision.letter(to),
            Self::SecurityNotice { what, at } => notice(*what, *at, to),
            Self::AddressAlreadyRegistered => {
                letter!(
                    "mail/address_already_registered.txt",
                    "mail/address_already_registered.html",
                    "Somebody tried to sign up with your address",
                    to,
                    {}
                )
            }
        }
    }
}

impl Decision {
    fn letter(&self, to: To<'_>) -> Result<Letter> {
        let (subject, sentence, next_step, reasons): (_, _, _, &[Reason]) = match self {
            Self::Approved => (
                "Your identity is verified",
                "Your identity check was successful: your identity is verified.",
                "You need not do anything more.",
                &[],
            ),
            Self::Rejected(reasons) => (
                "Your identity could not be verified",
                "Your identity check was not successful.",
                "You can start a new check at any time.",
                reasons,
            ),
            Self::ActionNeeded(reasons) => (
                "Your identity check needs something from you",
                "Your identity check cannot go on without you.",
                "Please sign in and hand in what is missing; the check goes on from there.",
                reasons,
            ),
        };
        letter!("mail/decision.txt", "mail/decision.html", subject, to, {
            sentence: &'a str = sentence,
            next_step: &'a str = next_step,
            reasons: &'a [Reason] = reasons,
        })
    }
}

const NOT_YOU: &str = "If this was not you, choose \"Forgot password\" at the sign-in page right away to set a new \
                       password. That signs everybody out.";

fn notice(what: EventType, at: Timestamp, to: To<'_>) -> Result<Letter> {
    let (subject, sentence, advice) = match what {
        EventType::PasswordChanged => (
            "Your password was changed",
            "The password of your account was changed, and all other sessions were signed out.",
            NOT_YOU,
        ),
        EventType::PasswordReset => (
            "A new password was set",
            "A new password was set for your account through a mailed link, and all sessions were signed out.",
            NOT_YOU,
        ),
        EventType::SessionRefreshReused => (
            "A session of yours was ended",
            "A token of one of your sessions was used twice, which can mean that somebody copied it. The session was \
             ended.",
            "Please sign in again. If you use the account from an unknown or shared device, set a new password as well.",
        ),
        EventType::UserLocked => (
            "Your account was locked",
            "An administrator locked your account, and all sessions were signed out.",
            "If you think that this is a mistake, please get in touch with support.",
        ),
        EventType::UserRolesChanged => (
            "Your roles were changed",
            "An administrator changed what your account may do.",
            "If you did not expect this, please get in touch with support.",
        ),
        other => return Err(Internal::bug(format!("no notice for {other}")).into()),
    };
    let at = at.to_string();
    // `2026-03-01T09:30:00.000Z` in a form for people.
    let at = format!("{} {} UTC", &at[..10], &at[11..16]);
    letter!("mail/security_notice.txt", "mail/security_notice.html", subject, to, {
        sentence: &'a str = sentence,
        at: &'a str = &at,
        advice: &'a str = advice,
    })
}

/// A token's life in whole hours.
fn spelt(life: Duration) -> String {
    match life.as_secs() / 3600 {
        1 => "1 hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}

#[cfg(test)]
mod tests;
