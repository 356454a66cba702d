//! Mails that were sent, as the emulator keeps them.

use serde_json::Value;

use crate::{Stack, until};

/// A mail that was sent.
#[derive(Debug, Clone)]
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Mail {
    /// The token of the link in the text part.
    pub fn token(&self) -> Option<String> {
        token(&self.text)
    }

    /// The token of the link in the HTML part.
    pub fn html_token(&self) -> Option<String> {
        token(&self.html)
    }

    /// The link in the text part up to its token: which page it leads to.
    pub fn page(&self) -> Option<&str> {
        let end = self.text.find("?token=")?;
        let start = self.text[..end].rfind(char::is_whitespace).map_or(0, |at| at + 1);
        Some(&self.text[start..end])
    }
}

fn token(text: &str) -> Option<String> {
    let rest = text.split("token=").nth(1)?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"._~-".contains(c)).unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches('.').to_owned())
}

impl Stack {
    /// All mails to an address, oldest first.
    pub async fn mails(&self, address: &str) -> Vec<Mail> {
        let answer = self.http().get(self.var("MAILBOX_URL")).send().await.expect("the mailbox answers");
        let all: Value = answer.json().await.expect("the mailbox answers JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let messages = match &all["messages"] {
            // MiniStack keeps them by account.
            Value::Object(accounts) => accounts.values().filter_map(Value::as_array).flatten().cloned().collect(),
            Value::Array(messages) => messages.clone(),
            _ => vec![],
        };
        let to = |message: &Value| {
            let list = if message["To"].is_array() { &message["To"] } else { &message["Destination"]["ToAddresses"] };
            list.as_array().is_some_and(|list| list.iter().any(|one| one == address))
        };
        messages
            .iter()
            .filter(|message| to(message))
            .map(|message| Mail {
                subject: text(&message["Subject"]),
                text: text(if message["BodyText"].is_null() {
                    &message["Body"]["text_part"]
                } else {
                    &message["BodyText"]
                }),
                html: text(if message["BodyHtml"].is_null() {
                    &message["Body"]["html_part"]
                } else {
                    &message["BodyHtml"]
                }),
            })
            .collect()
    }

    /// Waits for a mail to an address that meets the condition, and returns the newest one.
    pub async fn mail(&self, address: &str, what: &str, wanted: impl Fn(&Mail) -> bool) -> Mail {
        until(&format!("a mail to {address}: {what}"), async || {
            self.mails(address).await.into_iter().rev().find(|mail| wanted(mail))
        })
        .await
    }

    /// The newest mail whose subject contains this.
    pub async fn mail_about(&self, address: &str, subject: &str) -> Mail {
        self.mail(address, subject, |mail| mail.subject.contains(subject)).await
    }

    /// The newest mail with a link to a page whose name contains `page`, and with another token than `known`.
    pub async fn link(&self, address: &str, page: &str, known: Option<&str>) -> Mail {
        self.mail(address, &format!("a link to {page}"), |mail| {
            mail.page().is_some_and(|link| link.contains(page)) && mail.token().as_deref() != known
        })
        .await
    }
}
