//! The configuration, read once from the environment. All errors are reported at once, by the names of the variables.
//!
//! The core is for all functions; a function also gets the sections that it declares.
//!
//! Lambda limits the environment of a function to 4 KB. So names of tables, queues, buckets and secrets are derived from the name of
//! the stack, and the sources of the screening lists are in an S3 object (see [`crate::watchlists::sources`]).

pub mod names;
mod passkey_domain;
mod redirects;
mod section;
mod text_messages;

use std::fmt;

pub use section::{
    AccountSettings, MailBrand, MailSettings, PasskeySettings, ProviderSettings, ReviewSettings, RiskSettings,
    ScreeningSettings, Section, SmsSettings, SocialLoginSettings, TokenSettings,
};

use crate::{domain::webhook::Network, error::Internal};
use names::{Bucket, Queues, SecretNames, Tables};
use section::Sections;

/// The configuration of a deployment. Secrets are only named here.
#[derive(Debug, Clone)]
pub struct Config {
    /// `local`, `dev`, `staging` or `prod`; the sandbox provider is refused in `prod`.
    pub stage: Stage,
    /// Name of the `CloudFormation` stack, the prefix of all deployed names.
    pub stack_name: String,
    /// Base URL of the API for clients and for callbacks of providers, without a trailing slash.
    pub public_url: String,
    /// Where webhooks may be sent to: anywhere on a local stack, which the endpoint of AWS tells.
    pub network: Network,
    /// Allowed origins of browsers (CORS); never `*`.
    pub cors_origins: Vec<String>,
    /// Factor for throughput limits; limits against guessing are not scaled.
    pub rate_limit_scale: u32,
    pub tables: Tables,
    pub documents_bucket: String,
    /// Bucket of the published lists, their artifacts and their configuration.
    pub lists_bucket: String,
    /// Key of the object in the lists bucket that names the sources of the screening lists.
    pub list_sources_key: String,
    pub queues: Queues,
    /// ARN of the key that wraps key-encryption keys.
    pub kms_data_key: String,
    pub secrets: SecretNames,
    sections: Sections,
}

/// Key of the object in the lists bucket that names the sources of the screening lists.
pub const LIST_SOURCES_KEY: &str = "config/lists.json";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The local stack, where providers may be called without TLS.
    Local,
    Dev,
    Staging,
    Prod,
}

/// The errors of a configuration, one text per variable.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration: {}", self.0.join("; "))
    }
}

impl std::error::Error for ConfigErrors {}

impl Config {
    /// Reads the core and the declared sections from the environment.
    ///
    /// # Errors
    /// All missing and invalid variables, by name.
    pub fn from_env(declared: &[Section]) -> Result<Self, ConfigErrors> {
        Self::from_lookup(declared, |name| std::env::var(name).ok())
    }

    /// Reads the core and the declared sections. It reads all variables before it reports errors, so one deployment shows all of them.
    ///
    /// # Errors
    /// All missing and invalid variables, by name.
    pub fn from_lookup(declared: &[Section], lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut reader = VariableReader { lookup: &lookup, errors: Vec::new() };
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
            network: if endpoint.is_some() { Network::Local } else { Network::Public },
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
        if reader.errors.is_empty() { Ok(config) } else { Err(ConfigErrors(reader.errors)) }
    }

    /// # Errors
    /// [`Internal::Bug`] if the function did not declare the section; the same holds for the other sections.
    pub fn tokens(&self) -> Result<&TokenSettings, Internal> {
        declared(self.sections.tokens.as_ref(), Section::Tokens)
    }

    pub fn accounts(&self) -> Result<&AccountSettings, Internal> {
        declared(self.sections.accounts.as_ref(), Section::Accounts)
    }

    pub fn mail(&self) -> Result<&MailSettings, Internal> {
        declared(self.sections.mail.as_ref(), Section::Mail)
    }

    pub fn providers(&self) -> Result<&ProviderSettings, Internal> {
        declared(self.sections.providers.as_ref(), Section::Providers)
    }

    pub fn review(&self) -> Result<&ReviewSettings, Internal> {
        declared(self.sections.review.as_ref(), Section::Review)
    }

    pub fn social(&self) -> Result<&SocialLoginSettings, Internal> {
        declared(self.sections.social.as_ref(), Section::Social)
    }

    pub fn passkeys(&self) -> Result<&PasskeySettings, Internal> {
        declared(self.sections.passkeys.as_ref(), Section::Passkeys)
    }

    pub fn risk(&self) -> Result<&RiskSettings, Internal> {
        declared(self.sections.risk.as_ref(), Section::Risk)
    }

    pub fn sms(&self) -> Result<&SmsSettings, Internal> {
        declared(self.sections.sms.as_ref(), Section::Sms)
    }

    pub fn screening(&self) -> Result<&ScreeningSettings, Internal> {
        declared(self.sections.screening.as_ref(), Section::Screening)
    }
}

fn declared<T>(section: Option<&T>, name: Section) -> Result<&T, Internal> {
    section.ok_or_else(|| Internal::bug(format!("the function does not declare the configuration section {name:?}")))
}

struct VariableReader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    errors: Vec<String>,
}

impl VariableReader<'_> {
    fn text(&mut self, name: &str) -> String {
        match (self.lookup)(name) {
            Some(value) if !value.trim().is_empty() => value,
            _ => {
                self.errors.push(format!("{name} is missing"));
                String::new()
            }
        }
    }

    /// `None` if the variable is absent or empty: the template passes an empty parameter as an empty string.
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
            self.errors.push(format!("{name} is not an http(s) URL"));
        }
        value.trim_end_matches('/').to_owned()
    }

    /// A colour as `#rrggbb`.
    fn color(&mut self, name: &str) -> String {
        let value = self.text(name);
        let digits = value.strip_prefix('#').unwrap_or_default();
        let is_color = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !value.is_empty() && !is_color {
            self.errors.push(format!("{name} is not a colour as #rrggbb"));
        }
        value
    }

    fn one_of<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> T {
        let value = self.text(name);
        if let Some((_, choice)) = choices.iter().find(|(text, _)| *text == value) {
            return *choice;
        }
        if !value.is_empty() {
            let allowed: Vec<_> = choices.iter().map(|(text, _)| *text).collect();
            self.errors.push(format!("{name} must be one of {}", allowed.join(", ")));
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
                    self.errors.push(format!("{name} must be an integer greater than 0"));
                }
                1
            }
        }
    }

    /// A number greater than 0 and at most 1.
    fn fraction(&mut self, name: &str) -> f64 {
        let value = self.text(name);
        match value.parse() {
            Ok(number) if number > 0.0 && number <= 1.0 => number,
            _ => {
                if !value.is_empty() {
                    self.errors.push(format!("{name} must be a number greater than 0 and at most 1"));
                }
                1.0
            }
        }
    }

    /// A comma-separated list of origins as browsers send them. It may be empty.
    fn origins(&mut self, name: &str) -> Vec<String> {
        let value = (self.lookup)(name).unwrap_or_default();
        let origins: Vec<String> =
            value.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        for origin in &origins {
            let exact = url::Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == *origin);
            if !exact {
                self.errors.push(format!("{name} holds '{origin}', which is not an origin"));
            }
        }
        origins
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A complete environment for tests of other modules.
    #[expect(clippy::unnecessary_wraps, reason = "the signature of a lookup")]
    pub(crate) fn sample(name: &str) -> Option<String> {
        Some(
            match name {
                "STAGE" => "dev",
                "CORS_ORIGINS" => "https://app.example, http://localhost:5173",
                "REDIRECT_URIS" => {
                    "https://app.example/callback, http://localhost:3000/callback, net.example.app:/callback"
                }
                "PASSKEY_RP_ID" => "",
                "SMS_COUNTRIES" => "DE,IN",
                "ENUMERATION_PROTECTION" | "STAFF_MFA" => "false",
                "PASSWORD_POLICY" => "nist",
                "FOUR_EYES" | "STALE_LISTS_CLEAR_NOBODY" => "true",
                "SCREENING_THRESHOLD" => "0.85",
                "RATE_LIMIT_SCALE" => "1",
                "MAIL_COLOR" => "#1f4fd8",
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
    fn a_complete_environment_is_read() {
        let config = Config::from_lookup(&Section::ALL, sample).unwrap();
        assert_eq!(config.public_url, "https://id.example");
        assert_eq!(config.cors_origins.len(), 2);
        assert_eq!(config.providers().unwrap().sandbox_url.as_deref(), Some("https://id.example"));
    }

    #[test]
    fn an_undeclared_section_is_not_read_and_using_it_is_a_bug() {
        let without_mail = |name: &str| if name.starts_with("MAIL_") { None } else { sample(name) };
        let config = Config::from_lookup(&[Section::Tokens], without_mail).unwrap();
        assert!(config.tokens().is_ok());
        let error = config.mail().unwrap_err().to_string();
        assert!(error.contains("Mail"), "{error}");
        assert!(Config::from_lookup(&[Section::Mail], without_mail).is_err());
    }

    #[test]
    fn each_section_reads_only_its_variables() {
        let core = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let read = |declared: &[Section], core: &std::cell::RefCell<std::collections::BTreeSet<String>>| {
            Config::from_lookup(declared, |name| {
                core.borrow_mut().insert(name.to_owned());
                sample(name)
            })
            .unwrap();
        };
        read(&[], &core);
        for section in Section::ALL {
            let all = std::cell::RefCell::default();
            read(&[section], &all);
            let own: std::collections::BTreeSet<_> = all.borrow().difference(&core.borrow()).cloned().collect();
            let named = section.variables().iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(own, named, "{section:?}");
        }
    }

    #[test]
    fn a_colour_that_could_be_markup_is_refused() {
        for wrong in ["blue", "#1f4fd", "#1f4fd8;background:url(x)", "\"><script>"] {
            let config = Config::from_lookup(&[Section::Mail], |name| match name {
                "MAIL_COLOR" => Some(wrong.to_owned()),
                other => sample(other),
            });
            assert!(config.unwrap_err().to_string().contains("MAIL_COLOR"), "{wrong}");
        }
    }

    /// The template passes unset parameters as empty strings.
    #[test]
    fn optional_variables_may_be_absent_or_empty() {
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
    fn a_given_optional_value_is_checked() {
        for name in ["SANDBOX_URL", "ISSUER", "AWS_ENDPOINT_URL"] {
            let errors = Config::from_lookup(&Section::ALL, |variable| {
                if variable == name { Some("id.example".into()) } else { sample(variable) }
            });
            assert!(errors.unwrap_err().to_string().contains(name));
        }
    }

    #[test]
    fn all_errors_are_reported_at_once_by_name() {
        let errors = Config::from_lookup(&Section::ALL, |name| match name {
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
            assert!(errors.contains(name), "{name} in {errors}");
        }
    }
}
