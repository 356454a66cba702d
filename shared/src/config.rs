//! Configuration: typed, read once from the environment, all faults reported at once by name.
//!
//! Lambda allows 4 KB of environment per function, so names of tables, queues, buckets and secrets are derived from the
//! stack's name, and the screening lists stand in an object (see [`crate::watchlists::sources`]).

pub mod names;

use std::fmt;

use crate::domain::password::PasswordPolicy;
use names::{Queues, SecretNames, Tables};

/// What a deployment is told by its template. Secrets come only by name.
#[derive(Debug, Clone)]
pub struct Config {
    /// `local`, `dev`, `staging` or `prod`; the sandbox provider is refused in `prod`.
    pub stage: Stage,
    /// Name of the `CloudFormation` stack, which all deployed names begin with.
    pub stack_name: String,
    /// Where clients reach the API, without a trailing slash; callbacks of providers come here.
    pub public_url: String,
    /// `iss` of access tokens; the public URL unless told otherwise.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// The company's own front end; links in mails are `{app_url}/<page>?token=…`.
    pub app_url: String,
    pub mail_from: String,
    /// Origins that browsers may call from; never `*`.
    pub cors_origins: Vec<String>,
    /// Register answers the same whether the address is taken or not.
    pub enumeration_protection: bool,
    pub password_policy: PasswordPolicy,
    /// High risk, and clearing a sanctions hit, need a second reviewer.
    pub four_eyes: bool,
    /// A listed entity that scores at least this against the person of a check is a hit (0 to 1).
    pub screening_threshold: f64,
    /// While a list is older than it may be, or missing, finding nothing clears nobody.
    pub stale_lists_clear_nobody: bool,
    /// Multiplies throughput limits, never security counters.
    pub rate_limit_scale: u32,
    pub tables: Tables,
    pub documents_bucket: String,
    /// Published lists, what they were compiled to, and which lists there are.
    pub lists_bucket: String,
    /// Key of the object in the lists' bucket that says which lists are screened against.
    pub list_sources_key: String,
    pub queues: Queues,
    /// ARN of the key that wraps key-encryption keys.
    pub kms_data_key: String,
    pub secrets: SecretNames,
    /// Base URL of the sandbox provider; `None` where there is none.
    pub sandbox_url: Option<String>,
}

/// The object of the lists' bucket that says which lists are screened against.
pub const LIST_SOURCES_KEY: &str = "config/lists.json";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The local stack: providers may be reached without TLS.
    Local,
    Dev,
    Staging,
    Prod,
}

/// All that is wrong with the environment, one line per variable.
#[derive(Debug)]
pub struct ConfigFaults(pub Vec<String>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration: {}", self.0.join("; "))
    }
}

impl std::error::Error for ConfigFaults {}

impl Config {
    pub fn from_env() -> Result<Self, ConfigFaults> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads every variable before it reports, so that one deployment shows all that is missing.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigFaults> {
        let mut reader = Reader { lookup: &lookup, faults: Vec::new() };
        let r = &mut reader;
        let stack_name = r.text("STACK_NAME");
        let account = r.text("ACCOUNT_ID");
        let region = r.text("AWS_REGION");
        let url_suffix = r.optional("URL_SUFFIX").unwrap_or_else(|| "amazonaws.com".to_owned());
        let endpoint = r.optional_url("AWS_ENDPOINT_URL");
        let queue_base = names::queue_base(endpoint.as_deref(), &region, &url_suffix, &account);
        let public_url = r.url("PUBLIC_URL");
        let config = Self {
            stage: r.one_of(
                "STAGE",
                &[("local", Stage::Local), ("dev", Stage::Dev), ("staging", Stage::Staging), ("prod", Stage::Prod)],
            ),
            issuer: r.optional_url("ISSUER").unwrap_or_else(|| public_url.clone()),
            public_url,
            audience: r.text("AUDIENCE"),
            app_url: r.url("APP_URL"),
            mail_from: r.text("MAIL_FROM"),
            cors_origins: r.origins("CORS_ORIGINS"),
            enumeration_protection: r.one_of("ENUMERATION_PROTECTION", &[("true", true), ("false", false)]),
            password_policy: r
                .one_of("PASSWORD_POLICY", &[("nist", PasswordPolicy::Nist), ("classes", PasswordPolicy::Classes)]),
            four_eyes: r.one_of("FOUR_EYES", &[("true", true), ("false", false)]),
            screening_threshold: r.share("SCREENING_THRESHOLD"),
            stale_lists_clear_nobody: r.one_of("STALE_LISTS_CLEAR_NOBODY", &[("true", true), ("false", false)]),
            rate_limit_scale: r.positive("RATE_LIMIT_SCALE"),
            tables: Tables::of_stack(&stack_name),
            documents_bucket: names::bucket(&stack_name, "documents", &account, &region),
            lists_bucket: names::bucket(&stack_name, "lists", &account, &region),
            list_sources_key: LIST_SOURCES_KEY.to_owned(),
            queues: Queues::of_stack(&queue_base, &stack_name),
            kms_data_key: r.text("KMS_DATA_KEY"),
            secrets: SecretNames::of_stack(&stack_name),
            sandbox_url: r.optional_url("SANDBOX_URL"),
            stack_name,
        };
        if reader.faults.is_empty() { Ok(config) } else { Err(ConfigFaults(reader.faults)) }
    }
}

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn text(&mut self, name: &str) -> String {
        match (self.lookup)(name) {
            Some(value) if !value.trim().is_empty() => value,
            _ => {
                self.faults.push(format!("{name} is missing"));
                String::new()
            }
        }
    }

    /// `None` when the variable is absent or empty: a template passes an empty parameter as an empty string.
    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn url(&mut self, name: &str) -> String {
        let value = self.text(name);
        if value.is_empty() { value } else { self.checked_url(name, &value) }
    }

    fn optional_url(&mut self, name: &str) -> Option<String> {
        self.optional(name).map(|value| self.checked_url(name, &value))
    }

    fn checked_url(&mut self, name: &str, value: &str) -> String {
        if !url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            self.faults.push(format!("{name} is not an http(s) URL"));
        }
        value.trim_end_matches('/').to_owned()
    }

    fn one_of<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> T {
        let value = self.text(name);
        if let Some((_, choice)) = choices.iter().find(|(text, _)| *text == value) {
            return *choice;
        }
        if !value.is_empty() {
            let allowed: Vec<_> = choices.iter().map(|(text, _)| *text).collect();
            self.faults.push(format!("{name} must be one of {}", allowed.join(", ")));
        }
        choices[0].1
    }

    fn positive(&mut self, name: &str) -> u32 {
        let value = self.text(name);
        match value.parse() {
            Ok(number) if number > 0 => number,
            _ => {
                if !value.is_empty() {
                    self.faults.push(format!("{name} must be a whole number above 0"));
                }
                1
            }
        }
    }

    /// A number above 0 and at most 1.
    fn share(&mut self, name: &str) -> f64 {
        let value = self.text(name);
        match value.parse() {
            Ok(number) if number > 0.0 && number <= 1.0 => number,
            _ => {
                if !value.is_empty() {
                    self.faults.push(format!("{name} must be a number above 0 and at most 1"));
                }
                1.0
            }
        }
    }

    /// A comma-separated list, possibly empty (no browser calls); each an origin as browsers send it.
    fn origins(&mut self, name: &str) -> Vec<String> {
        let value = (self.lookup)(name).unwrap_or_default();
        let origins: Vec<String> =
            value.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        for origin in &origins {
            let exact = url::Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == *origin);
            if !exact {
                self.faults.push(format!("{name} holds '{origin}', which is not an origin"));
            }
        }
        origins
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A complete environment for tests of other modules.
    #[expect(clippy::unnecessary_wraps, reason = "the shape of a look-up")]
    pub(crate) fn sample(name: &str) -> Option<String> {
        Some(
            match name {
                "STAGE" => "dev",
                "CORS_ORIGINS" => "https://app.example, http://localhost:5173",
                "ENUMERATION_PROTECTION" => "false",
                "PASSWORD_POLICY" => "nist",
                "FOUR_EYES" | "STALE_LISTS_CLEAR_NOBODY" => "true",
                "SCREENING_THRESHOLD" => "0.85",
                "RATE_LIMIT_SCALE" => "1",
                "STACK_NAME" => "verinym",
                "ACCOUNT_ID" => "123456789012",
                "AWS_REGION" => "eu-central-1",
                "URL_SUFFIX" => "amazonaws.com",
                "AWS_ENDPOINT_URL" => "",
                name if name.ends_with("_URL") || name == "ISSUER" => "https://id.example/",
                _ => "value",
            }
            .to_owned(),
        )
    }

    #[test]
    fn a_complete_environment_reads() {
        let config = Config::from_lookup(sample).unwrap();
        assert_eq!(config.public_url, "https://id.example");
        assert_eq!(config.cors_origins.len(), 2);
        assert_eq!(config.sandbox_url.as_deref(), Some("https://id.example"));
    }

    /// The template passes parameters that nobody set as empty strings.
    #[test]
    fn what_is_optional_may_be_absent_or_empty() {
        for given in [None, Some(String::new()), Some(" ".to_owned())] {
            let config = Config::from_lookup(|name| match name {
                "SANDBOX_URL" | "ISSUER" | "CORS_ORIGINS" | "URL_SUFFIX" | "AWS_ENDPOINT_URL" => given.clone(),
                "PUBLIC_URL" => Some("https://api.example/".to_owned()),
                other => sample(other),
            })
            .unwrap();
            assert_eq!(config.sandbox_url, None);
            assert_eq!(config.issuer, "https://api.example");
            assert_eq!(config.queues.lists, "https://sqs.eu-central-1.amazonaws.com/123456789012/verinym-lists");
        }
    }

    #[test]
    fn an_optional_value_that_is_given_is_still_checked() {
        for name in ["SANDBOX_URL", "ISSUER", "AWS_ENDPOINT_URL"] {
            let faults =
                Config::from_lookup(|asked| if asked == name { Some("id.example".into()) } else { sample(asked) });
            assert!(faults.unwrap_err().to_string().contains(name));
        }
    }

    #[test]
    fn all_faults_are_reported_at_once_by_name() {
        let faults = Config::from_lookup(|name| match name {
            "STAGE" => Some("production".into()),
            "STACK_NAME" => None,
            "RATE_LIMIT_SCALE" => Some("0".into()),
            "SCREENING_THRESHOLD" => Some("85".into()),
            "PUBLIC_URL" => Some("id.example".into()),
            "CORS_ORIGINS" => Some("*".into()),
            other => sample(other),
        })
        .unwrap_err()
        .to_string();
        let wrong = ["STAGE", "STACK_NAME", "RATE_LIMIT_SCALE", "SCREENING_THRESHOLD", "PUBLIC_URL", "CORS_ORIGINS"];
        for name in wrong {
            assert!(faults.contains(name), "{name} in {faults}");
        }
    }
}
