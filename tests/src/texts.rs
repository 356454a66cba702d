//! Text messages that were sent, as the emulator keeps them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::{Stack, people::tag, until};

impl Stack {
    /// The texts that were sent to a number, oldest first.
    pub async fn texts(&self, number: &str) -> Vec<String> {
        let url = format!("{}/_ministack/sns/sms-messages", self.var("AWS_ENDPOINT_URL"));
        let answer: Value = self.http().get(url).send().await.expect("the emulator").json().await.expect("JSON");
        let messages = answer["sms_messages"][number].as_array().cloned().unwrap_or_default();
        messages.iter().filter_map(|message| Some(message["Message"].as_str()?.to_owned())).collect()
    }

    /// The codes that were sent to a number.
    pub async fn texted_codes(&self, number: &str) -> Vec<String> {
        self.texts(number).await.iter().filter_map(|text| code_in(text)).collect()
    }

    /// The code of the newest text message to a number, which is none of the known ones.
    pub async fn texted_code(&self, number: &str, known: &[String]) -> String {
        until(&format!("a text message to {number}"), async || {
            let codes = self.texts(number).await.into_iter().filter_map(|text| code_in(&text));
            codes.rev().find(|code| !known.contains(code))
        })
        .await
    }
}

/// The code after the last `#`, which is for the browser.
fn code_in(text: &str) -> Option<String> {
    let code = text.rsplit('#').next()?.trim();
    (code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())).then(|| code.to_owned())
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A German mobile number that no other test has.
pub fn number() -> String {
    let salt = tag()
        .bytes()
        .fold(NEXT.fetch_add(1, Ordering::SeqCst), |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("+491512{:07}", salt % 10_000_000)
}

/// Another code of six digits.
pub fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().expect("digits") + 1) % 1_000_000)
}
