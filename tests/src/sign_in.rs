//! A browser that signs in at the identity providers of the local stack.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Url, header, redirect};
use serde_json::{Value, json};

use crate::{ApiResponse, Client, Stack, people::tag};

/// Somebody at a provider.
#[derive(Debug, Clone)]
pub struct Identity {
    pub subject: String,
    pub email: String,
    pub verified: bool,
    /// What the provider does wrong; see `localstack/sign_in_provider.mjs`.
    pub fault: Option<&'static str>,
}

impl Identity {
    /// Somebody whom no account knows.
    pub fn new() -> Self {
        Self::at(&format!("social.{}@example.org", tag()))
    }

    /// Somebody new with this address.
    pub fn at(email: &str) -> Self {
        let number = u64::from_str_radix(&tag(), 16).unwrap_or_default() >> 12;
        Self { subject: number.to_string(), email: email.to_owned(), verified: true, fault: None }
    }

    fn hint(&self) -> String {
        let who = json!({"sub": self.subject, "email": self.email, "email_verified": self.verified, "fault": self.fault,
                         "given_name": "Ada", "family_name": "Lovelace", "locale": "en_GB"});
        URL_SAFE_NO_PAD.encode(who.to_string())
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

/// What a browser has after the provider sent it back.
#[derive(Debug, Clone)]
pub struct Returned {
    pub provider: String,
    /// `code` and `state`, or `error` and `state`.
    pub query: Vec<(String, String)>,
    pub binding: String,
}

impl Returned {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body of the exchange.
    pub fn form(&self) -> Value {
        json!({"code": self.get("code"), "state": self.get("state"), "binding": self.binding})
    }

    pub async fn exchanged(&self, client: &Client) -> ApiResponse {
        client.post(&format!("/v1/oauth/{}/exchange", self.provider)).json(&self.form()).send().await
    }
}

/// The address that the local stack allows.
pub const REDIRECT_URI: &str = "http://localhost:3000/callback";

impl Stack {
    /// Begins at our API; the answer of `authorize`.
    pub async fn authorization(&self, client: &Client, provider: &str, link: bool) -> ApiResponse {
        let redirect_uri = REDIRECT_URI.replace(':', "%3A").replace('/', "%2F");
        client.get(&format!("/v1/oauth/{provider}/authorize?redirect_uri={redirect_uri}&link={link}")).send().await
    }

    /// Signs in at the provider: `code` and `state` as the provider sends them to our callback.
    pub async fn code_at_provider(&self, authorization_url: &str, who: &Identity) -> (String, String) {
        let http = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let AtProvider::Redirects(path) = at_provider(&http, authorization_url, who, self.var("API_URL")).await else {
            panic!("the provider posts a form");
        };
        let url: Url = format!("http://api{path}").parse().unwrap();
        let of = |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        (of("code").unwrap(), of("state").unwrap())
    }

    /// Walks from our API through the provider and our callback back to the application.
    pub async fn returned(&self, client: &Client, provider: &str, who: &Identity, link: bool) -> Returned {
        let begun = self.authorization(client, provider, link).await.expect(200).json();
        let http = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let callbacks = Client::new(http.clone(), self.var("API_URL"));
        let answer = at_provider(&http, begun["authorization_url"].as_str().unwrap(), who, self.var("API_URL")).await;
        let answer = match answer {
            AtProvider::Redirects(path) => callbacks.get(&path).send().await,
            AtProvider::Posts(path, body) => {
                callbacks.post(&path).body("application/x-www-form-urlencoded", body).send().await
            }
        };
        let answer = answer.expect(303);
        let location: Url = answer.header("location").unwrap().parse().unwrap();
        assert!(location.as_str().starts_with(&format!("{REDIRECT_URI}?")), "{location}");
        let query: Vec<_> = location.query_pairs().into_owned().collect();
        let returned =
            Returned { provider: provider.to_owned(), query, binding: begun["binding"].as_str().unwrap().to_owned() };
        assert_eq!(returned.get("state"), begun["state"].as_str());
        returned
    }

    /// Signs in through a provider; the answer of `exchange`.
    pub async fn signed_in_by(&self, provider: &str, who: &Identity) -> ApiResponse {
        let client = self.client();
        self.returned(&client, provider, who, false).await.exchanged(&client).await
    }

    /// Signs in through a provider on a device; the answer of `exchange`.
    pub async fn signed_in_by_on(&self, provider: &str, who: &Identity, device: &Value) -> ApiResponse {
        let client = self.client();
        let returned = self.returned(&client, provider, who, false).await;
        let mut form = returned.form();
        form["device"] = device.clone();
        client.post(&format!("/v1/oauth/{provider}/exchange")).json(&form).send().await
    }
}

/// How the provider sends the browser to our callback: paths below the API's address.
enum AtProvider {
    Redirects(String),
    Posts(String, String),
}

/// Signs in at the provider: follows its redirects with its cookies, until it sends the browser to our API.
async fn at_provider(http: &reqwest::Client, authorization_url: &str, who: &Identity, api: &str) -> AtProvider {
    let mut url: Url = authorization_url.parse().unwrap();
    url.query_pairs_mut().append_pair("login_hint", &who.hint());
    let mut cookies: Vec<(String, String)> = Vec::new();
    for _ in 0..10 {
        let cookie: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = http.get(url.clone()).header(header::COOKIE, cookie.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        if let Some(location) = answer.headers().get(header::LOCATION) {
            url = url.join(location.to_str().unwrap()).unwrap();
            if let Some(path) = url.as_str().strip_prefix(api) {
                return AtProvider::Redirects(path.to_owned());
            }
            continue;
        }
        let status = answer.status();
        let page = answer.text().await.unwrap();
        let action = between(&page, "action=\"", "\"").and_then(|action| action.strip_prefix(api).map(str::to_owned));
        let Some(action) = action else { panic!("the provider answered {status}: {page}") };
        let inputs = page.split("<input").skip(1).filter(|input| input.contains("name=\""));
        let fields: Vec<_> = inputs
            .map(|input| (between(input, "name=\"", "\"").unwrap(), between(input, "value=\"", "\"").unwrap()))
            .map(|(name, value)| {
                format!("{name}={}", value.replace('%', "%25").replace('+', "%2B").replace('&', "%26"))
            })
            .collect();
        return AtProvider::Posts(action, fields.join("&"));
    }
    panic!("the provider redirects without end");
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}
