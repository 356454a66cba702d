//! Test persons: each test makes its own.

use serde_json::{Value, json};
use verinym::crypto::random;

use crate::{ApiResponse, Client, Stack, picture, until};

/// The data of a person who signs up. Every value is unique.
#[derive(Debug, Clone)]
pub struct Draft {
    pub email: String,
    pub password: String,
    pub given_name: String,
    pub family_name: String,
    pub date_of_birth: String,
    pub national_id: String,
}

impl Draft {
    pub fn new() -> Self {
        let tag = tag();
        let digits: String = random::bytes::<9>().iter().map(|byte| char::from(b'0' + byte % 10)).collect();
        Self {
            email: format!("person.{tag}@example.org"),
            password: format!("correct horse {}", self::tag()),
            given_name: format!("Given{}", letters()),
            family_name: format!("Family{}", letters()),
            date_of_birth: format!(
                "19{}-{:02}-{:02}",
                50 + random::bytes::<1>()[0] % 49,
                1 + digits.as_bytes()[0] % 12,
                1 + digits.as_bytes()[1] % 28
            ),
            national_id: digits,
        }
    }

    pub fn form(&self) -> Value {
        json!({
            "email": self.email, "password": self.password,
            "given_name": self.given_name, "family_name": self.family_name, "date_of_birth": self.date_of_birth,
        })
    }
}

impl Default for Draft {
    fn default() -> Self {
        Self::new()
    }
}

/// Somebody who signed up, confirmed the address and signed in.
#[derive(Debug, Clone)]
pub struct Person {
    pub draft: Draft,
    pub id: String,
    /// Signed in.
    pub api: Client,
}

/// 16 random hex digits.
pub fn tag() -> String {
    format!("{:016x}", u64::from_be_bytes(random::bytes()))
}

/// Random lower-case letters.
fn letters() -> String {
    random::bytes::<10>().iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

impl Stack {
    /// Signs up; the address is not confirmed yet.
    pub async fn registered(&self, draft: &Draft) -> Value {
        self.client().post("/v1/auth/register").json(&draft.form()).send().await.expect(201).json()["user"].clone()
    }

    /// Confirms the address by the mailed link.
    pub async fn verified(&self, draft: &Draft) -> Value {
        let token = self.link(&draft.email, "verify", None).await.token().unwrap();
        let form = json!({"token": token, "password": draft.password});
        self.client().post("/v1/auth/verify-email").json(&form).send().await.expect(200).json()["user"].clone()
    }

    /// A new person, signed in.
    pub async fn person(&self) -> Person {
        self.person_of(Draft::new()).await
    }

    pub async fn person_of(&self, draft: Draft) -> Person {
        let user = self.registered(&draft).await;
        self.verified(&draft).await;
        let api = self.client().login(&draft.email, &draft.password).await;
        Person { id: user["id"].as_str().unwrap().to_owned(), draft, api }
    }
}

impl Person {
    /// Uploads a passport with this number; returns its id.
    pub async fn passport(&self, number: &str) -> String {
        let document = self.upload("passport", number, &picture::page(number)).await.expect(201).json();
        document["id"].as_str().unwrap().to_owned()
    }

    pub async fn upload(&self, kind: &str, number: &str, file: &[u8]) -> ApiResponse {
        let fields = [("document_type", kind), ("document_number", number)];
        self.api.post("/v1/kyc/documents").form(&fields, file).send().await
    }

    /// Uploads a passport and submits a check with it.
    pub async fn check(&self, number: &str) -> Value {
        let document = self.passport(number).await;
        self.api.post("/v1/kyc/checks").json(&json!({"document_ids": [document]})).send().await.expect(201).json()
    }

    /// The check, once its person sees this status.
    pub async fn check_once(&self, id: &str, status: &str) -> Value {
        let path = format!("/v1/kyc/checks/{id}");
        until(&format!("check {id} to be {status}"), async || {
            let check = self.api.get(&path).send().await.expect(200).json();
            (check["status"] == status).then_some(check)
        })
        .await
    }
}

impl Client {
    /// The check as staff sees it, once it is in this state.
    pub async fn staff_check_once(&self, id: &str, state: &str) -> Value {
        let path = format!("/v1/admin/kyc/checks/{id}");
        until(&format!("check {id} to be {state}"), async || {
            let check = self.get(&path).send().await.expect(200).json();
            (check["state"] == state).then_some(check)
        })
        .await
    }

    /// Ids of a list of events, checks or documents at this path, all pages.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = match &cursor {
                None => self.get(path).send().await,
                Some(cursor) => self.get(&format!("{path}{joint}cursor={cursor}")).send().await,
            };
            let page = page.expect(200).json();
            items.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return items,
            }
        }
    }
}
