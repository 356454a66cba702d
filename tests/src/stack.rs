//! The stack under test; `make up` writes where it is.

use std::{
    collections::BTreeMap,
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::Mutex;

use crate::{Client, second_factor::Authenticator, workspace::root};

/// The variables of a stack. Each test makes its own connections.
#[derive(Clone)]
pub struct Stack {
    variables: &'static BTreeMap<String, String>,
    http: reqwest::Client,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stack")
    }
}

static VARIABLES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let file = std::env::var("STACK_ENV").unwrap_or_else(|_| "target/stack.env".to_owned());
    let file = root().join(file);
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; start a stack first (make up)", file.display()));
    text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
});

impl Stack {
    pub fn get() -> Self {
        Self { variables: &VARIABLES, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub fn var(&self, name: &str) -> &'static str {
        self.variables.get(name).unwrap_or_else(|| panic!("the stack's variables lack {name}"))
    }

    /// A variable that not every stack has.
    pub fn optional(&self, name: &str) -> Option<&'static str> {
        self.variables.get(name).map(String::as_str)
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Whether this stack runs on an emulator (`ministack`, `localstack`) that lacks what a test needs, so that the test is skipped. The
    /// reason is printed, so that a skipped test is not mistaken for one that ran.
    pub fn lacks(&self, emulator: &str, reason: &str) -> bool {
        let lacks = self.var("EMULATOR") == emulator;
        if lacks {
            eprintln!("skipped on {emulator}: {reason}");
        }
        lacks
    }

    /// A client without an access token.
    pub fn client(&self) -> Client {
        Client::new(self.http.clone(), self.var("API_URL"))
    }

    /// The deployed name of a function, queue or table.
    pub fn named(&self, name: &str) -> String {
        format!("{}-{name}", self.var("STACK_NAME"))
    }

    /// A member of staff. All tests of this process share a sign-in for some minutes, because more than 20 sessions of one person end
    /// each other.
    async fn staff(&self, role: &'static str) -> Client {
        const FRESH: Duration = Duration::from_mins(4);
        static SIGNED_IN: LazyLock<Mutex<BTreeMap<&str, (Instant, Value)>>> = LazyLock::new(Mutex::default);
        let mut signed_in = SIGNED_IN.lock().await;
        if let Some((at, tokens)) = signed_in.get(role)
            && at.elapsed() < FRESH
        {
            return self.client().holding(tokens.clone());
        }
        let (email, password) = (self.var(&format!("{role}_EMAIL")), self.var(&format!("{role}_PASSWORD")));
        let client = match self.optional(&format!("{role}_TOTP_SECRET")) {
            Some(secret) => self.client().staff_login(email, password, &Authenticator::new(secret)).await,
            None => self.client().login(email, password).await,
        };
        signed_in.insert(role, (Instant::now(), client.tokens.clone()));
        client
    }

    pub async fn admin(&self) -> Client {
        self.staff("ADMIN").await
    }

    pub async fn moderator(&self) -> Client {
        self.staff("MODERATOR").await
    }

    pub async fn auditor(&self) -> Client {
        self.staff("AUDITOR").await
    }
}
