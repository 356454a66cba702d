//! The text of notifications.
//!
//! `templates/<channel>/<notification>/<locale>` has the templates of one text. A mail has `subject.txt`, `body.txt` and
//! `body.html`; the bodies say the same. The only remote content of a
//! mail is the logo, where the deployment has one; its address is the same in all mails.

mod device;
mod templates;
mod zones;

use minijinja::{Value, context};

pub use templates::{TemplateFault, Templates};

use crate::{
    config::MailBrand,
    domain::{
        check::{Reason, ReasonCode},
        event::EventType,
        factor::CODE_LIFE,
        mailed_token::TokenPurpose,
        notification::{Channel, Notification},
        person::{Country, Locale},
        secret::SecretText,
        time::Timestamp,
    },
    error::{Internal, Result},
    store::event::EventRecord,
};

/// A mail, ready to be sent. It holds personal data and may hold a token, so it is not printed.
pub struct RenderedMail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl std::fmt::Debug for RenderedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RenderedMail").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// What every text shows of its recipient and its sender.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    pub name: Option<&'a str>,
    pub locale: Option<&'a Locale>,
    /// The address of the app.
    pub app_url: &'a str,
    pub brand: &'a MailBrand,
}

impl std::fmt::Debug for Recipient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipient").field("app_url", &self.app_url).finish_non_exhaustive()
    }
}

/// The values of the variables that [`TextData`](crate::domain::notification::TextData) names.
pub struct TextValues(Value);

impl std::fmt::Debug for TextValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextValues").finish_non_exhaustive()
    }
}

impl TextValues {
    pub fn nothing() -> Self {
        Self(context! {})
    }

    /// A link to the page of the app that uses the token.
    pub fn link(app_url: &str, purpose: TokenPurpose, token: &SecretText) -> Self {
        let page = match purpose {
            TokenPurpose::VerifyEmail => "verify-email",
            TokenPurpose::ResetPassword | TokenPurpose::FirstPassword => "reset-password",
            TokenPurpose::Invitation => "accept-invitation",
            TokenPurpose::ConfirmEmailChange => "confirm-email",
            TokenPurpose::UndoEmailChange => "undo-email-change",
            TokenPurpose::EndSession => "end-session",
            TokenPurpose::MagicLink => "magic-link",
        };
        let link = format!("{app_url}/{page}?token={}", token.expose());
        let minutes = purpose.lifetime().as_secs() / 60;
        Self(context! { link => url(link), hours => minutes / 60, minutes })
    }

    /// The time of an event, as in `2026-03-01 09:30 UTC`, and the device of the person's browser or app. A country with several
    /// time zones has no local time.
    pub fn circumstances(at: Timestamp, country: Option<&Country>, user_agent: Option<&str>) -> Self {
        let utc = at.to_string();
        Self(context! {
            at => format!("{} {} UTC", &utc[..10], &utc[11..16]),
            local_at => country.and_then(|country| local_time(at, country)),
            device => user_agent.and_then(device::describe),
        })
    }

    /// A code in a text message. A browser fills it in only on the page of the app, which `host` names (WICG, "Origin-bound
    /// one-time codes delivered via SMS").
    pub fn text_code(code: &SecretText, app_url: &str) -> Self {
        let host = url::Url::parse(app_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        Self(context! { code => code.expose(), minutes => CODE_LIFE.as_secs() / 60, host })
    }

    /// A code that is typed within [`CODE_LIFE`].
    pub fn code(code: &SecretText) -> Self {
        Self(context! { code => code.expose(), minutes => CODE_LIFE.as_secs() / 60 })
    }

    /// The values of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(context! { ..self.0, ..other.0 })
    }

    /// The reasons of a check's event. The event also holds codes for staff: an applicant gets the public ones.
    pub fn reasons(event: &EventRecord) -> Self {
        Self::of_reasons(&event.reason_codes(), event.r#type == EventType::CheckRejected)
    }

    fn of_reasons(codes: &[ReasonCode], at_least_one: bool) -> Self {
        let reasons = ReasonCode::for_applicant(codes, at_least_one);
        let try_again = !reasons.is_empty() && reasons.iter().all(|reason| reason.code.is_removable());
        let reasons: Vec<_> =
            reasons.into_iter().map(|Reason { code, message }| context! { code => code.as_str(), message }).collect();
        Self(context! { reasons, try_again })
    }
}

/// A time in the zone of a country, as in `2026-03-01 15:00 IST`.
fn local_time(at: Timestamp, country: &Country) -> Option<String> {
    let row = zones::ZONES.binary_search_by_key(&country.as_str(), |(country, _)| country).ok()?;
    let zone = jiff::tz::TimeZone::get(zones::ZONES[row].1).ok()?;
    let at = jiff::Timestamp::from_second(at.unix_seconds()).ok()?;
    Some(at.to_zoned(zone).strftime("%Y-%m-%d %H:%M %Z").to_string())
}

/// A URL of the configuration and of our tokens, which needs no escapes in HTML.
fn url(url: String) -> Value {
    Value::from_safe_string(url)
}

/// A notification as a mail, in the recipient's language if there is a text in it.
pub fn render_mail(
    templates: &Templates,
    notification: Notification,
    to: Recipient<'_>,
    values: &TextValues,
) -> Result<RenderedMail> {
    let directory = templates.directory(Channel::Mail, notification, to.locale);
    let brand = to.brand;
    let values = context! {
        name => to.name,
        app_url => url(to.app_url.to_owned()),
        product => &brand.product,
        support => &brand.support,
        logo => &brand.logo_url,
        color => &brand.color,
        ..values.0.clone()
    };
    let render = |file: &str, values: &Value| -> Result<String> {
        Ok(templates.render(&format!("{directory}/{file}"), values).map_err(Internal::bug)?)
    };
    let subject = render("subject.txt", &values)?;
    let text = render("body.txt", &values)?;
    let html = render("body.html", &context! { subject => &subject, ..values })?;
    Ok(RenderedMail { subject, text, html })
}

/// A notification as a text message, in the recipient's language if there is a text in it.
pub fn render_text_message(notification: Notification, to: Recipient<'_>, values: &TextValues) -> Result<String> {
    let templates = Templates::ours();
    let directory = templates.directory(Channel::Sms, notification, to.locale);
    let values = context! { product => &to.brand.product, ..values.0.clone() };
    Ok(templates.render(&format!("{directory}/body.txt"), &values).map_err(Internal::bug)?.trim().to_owned())
}

#[cfg(test)]
mod tests;
