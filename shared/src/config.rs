//! Configuration: typed, read once from the environment, all faults reported at once by name.
//!
//! The core is for all functions; the rest is in sections, of which a function gets those that it declares.
//!
//! Lambda allows 4 KB of environment per function, so names of tables, queues, buckets and secrets are derived from the
//! stack's name, and the screening lists stand in an object (see [`crate::watchlists::sources`]).

pub mod names;
mod section;

use std::fmt;

pub use section::{Accounts, Mail, Providers, Review, Screening, Section, Tokens};

use crate::error::Internal;
use names::{Bucket, Queues, SecretNames, Tables};
use section::Sections;

/// What a deployment is told by its template. Secrets come only by name.
#[derive(Debug, Clone)]
pub struct Config {
    /// `local`, `dev`, `staging` or `prod`; the sandbox provider is refused in `prod`.
    pub stage: Stage,
    /// Name of the `CloudFormation` stack, which all deployed names begin with.
    pub stack_name: String,
    /// Where clients reach the API, without a trailing slash; callbacks of providers come here.
    pub public_url: String,
    /// Origins that browsers may call from; never `*`.
    pub cors_origins: Vec<String>,
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
    sections: Sections,
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
    /// Reads the core and the declared sections.
    ///
    /// # Errors
    /// All that is missing or wrong, by the names of the variables.
    pub fn from_env(declared: &[Section]) -> Result<Self, ConfigFaults> {
        Self::from_lookup(declared, |name| std::env::var(name).ok())
    }

    /// Reads every variable before it reports, so that one deployment shows all that is missing.
    ///
    /// # Errors
    /// All that is missing or wrong, by the names of the variables.
    pub fn from_lookup(declared: &[Section], lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigFaults> {
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
            cors_origins: r.origins("CORS_ORIGINS"),
            rate_limit_scale: r.positive("RATE_LIMIT_SCALE"),
            tables: Tables::of_stack(&stack_name),
            documents_bucket: names::bucket_name(&stack_name, Bucket::Documents, &account, &region),
            lists_bucket: names::bucket_name(&stack_name, Bucket::Lists, &account, &region),
            list_sources_key: LIST_SOURCES_KEY.to_owned(),
            queues: Queues::of_stack(&queue_base, &stack_name),
            kms_data_key: r.text("KMS_DATA_KEY"),
            secrets: SecretNames::of_stack(&stack_name),
            sections: Sections::read(r, declared, &public_url),
            public_url,
            stack_name,
        };
        if reader.faults.is_empty() { Ok(config) } else { Err(ConfigFaults(reader.faults)) }
    }

    /// # Errors
    /// [`Internal::Bug`] if the function did not declare the section; so for each of these.
    pub fn tokens(&self) -> Result<&Tokens, Internal> {
        declared(self.sections.tokens.as_ref(), Section::Tokens)
    }

    pub fn accounts(&self) -> Result<&Accounts, Internal> {
        declared(self.sections.accounts.as_ref(), Section::Accounts)
    }

    pub fn mail(&self) -> Result<&Mail, Internal> {
        declared(self.sections.mail.as_ref(), Section::Mail)
    }

    pub fn providers(&self) -> Result<&Providers, Internal> {
        declared(self.sections.providers.as_ref(), Section::Providers)
    }

    pub fn review(&self) -> Result<&Review, Internal> {
        declared(self.sections.review.as_ref(), Section::Review)
    }

    pub fn screening(&self) -> Result<&Screening, Internal> {
        declared(self.sections.screening.as_ref(), Section::Screening)
    }
}

fn declared<T>(section: Option<&T>, name: Section) -> Result<&T, Internal> {
    section.ok_or_else(|| Internal::bug(format!("the function does not declare the configuration section {name:?}")))
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

    fn switch(&mut self, name: &str) -> bool {
        self.one_of(name, &[("true", true), ("false", false)])
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
        let config = Config::from_lookup(&Section::ALL, sample).unwrap();
        assert_eq!(config.public_url, "https://id.example");
        assert_eq!(config.cors_origins.len(), 2);
        assert_eq!(config.providers().unwrap().sandbox_url.as_deref(), Some("https://id.example"));
    }

    #[test]
    fn a_section_that_is_not_declared_is_not_read_and_is_a_bug_where_it_is_asked_for() {
        let needs_no_mail = |name: &str| if name.starts_with("MAIL_") { None } else { sample(name) };
        let config = Config::from_lookup(&[Section::Tokens], needs_no_mail).unwrap();
        assert!(config.tokens().is_ok());
        let told = config.mail().unwrap_err().to_string();
        assert!(told.contains("Mail"), "{told}");
        assert!(Config::from_lookup(&[Section::Mail], needs_no_mail).is_err());
    }

    #[test]
    fn each_section_reads_just_its_variables() {
        let core = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let asked = |declared: &[Section], core: &std::cell::RefCell<std::collections::BTreeSet<String>>| {
            Config::from_lookup(declared, |name| {
                core.borrow_mut().insert(name.to_owned());
                sample(name)
            })
            .unwrap();
        };
        asked(&[], &core);
        for section in Section::ALL {
            let all = std::cell::RefCell::default();
            asked(&[section], &all);
            let own: std::collections::BTreeSet<_> = all.borrow().difference(&core.borrow()).cloned().collect();
            let named = section.variables().iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(own, named, "{section:?}");
        }
    }

    /// The template passes parameters that nobody set as empty strings.
    #[test]
    fn what_is_optional_may_be_absent_or_empty() {
        for given in [None, Some(String::new()), Some(" ".to_owned())] {
            let config = Config::from_lookup(&Section::ALL, |name| match name {
                "SANDBOX_URL" | "ISSUER" | "CORS_ORIGINS" | "URL_SUFFIX" | "AWS_ENDPOINT_URL" => given.clone(),
                "PUBLIC_URL" => Some("https://api.example/".to_owned()),
                other => sample(other),
            })
            .unwrap();
            assert_eq!(config.providers().unwrap().sandbox_url, None);
            assert_eq!(config.tokens().unwrap().issuer, "https://api.example");
            assert_eq!(
                config.queues.url(names::Queue::Lists),
                "https://sqs.eu-central-1.amazonaws.com/123456789012/verinym-lists"
            );
        }
    }

    #[test]
    fn an_optional_value_that_is_given_is_still_checked() {
        for name in ["SANDBOX_URL", "ISSUER", "AWS_ENDPOINT_URL"] {
            let faults = Config::from_lookup(&Section::ALL, |asked| {
                if asked == name { Some("id.example".into()) } else { sample(asked) }
            });
            assert!(faults.unwrap_err().to_string().contains(name));
        }
    }

    #[test]
    fn all_faults_are_reported_at_once_by_name() {
        let faults = Config::from_lookup(&Section::ALL, |name| match name {
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
