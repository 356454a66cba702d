//! Configuration: typed, read once from the environment, all faults reported at once by name.

use std::fmt;

use crate::{
    domain::password::PasswordPolicy,
    watchlists::source::{self, ListSource},
};

/// What a deployment is told by its template. Secrets come only as ARNs.
#[derive(Debug, Clone)]
pub struct Config {
    /// `local`, `dev`, `staging` or `prod`; the sandbox provider is refused in `prod`.
    pub stage: Stage,
    /// Where clients reach the API, without a trailing slash; callbacks of providers come here.
    pub public_url: String,
    /// `iss` of access tokens.
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
    /// Published lists and what they were compiled to.
    pub lists_bucket: String,
    /// The lists to screen against; `None` in functions that are told nothing of them.
    pub screening_lists: Option<Vec<ListSource>>,
    pub queues: Queues,
    pub kms_data_key: String,
    pub kms_national_id_key: String,
    pub secrets: SecretArns,
    /// Base URL of the sandbox provider; `None` where there is no sandbox.
    pub sandbox_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The local stack: providers may be reached without TLS.
    Local,
    Dev,
    Staging,
    Prod,
}

impl Stage {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        }
    }
}

/// Deployed names of the tables.
#[derive(Debug, Clone)]
pub struct Tables {
    pub identity: String,
    pub keys: String,
    pub kyc: String,
    pub events: String,
    pub outbound: String,
    pub ephemeral: String,
}

/// URLs of the queues.
#[derive(Debug, Clone)]
pub struct Queues {
    pub verification: String,
    pub screening: String,
    pub callbacks: String,
    pub notification: String,
    pub documents: String,
    pub lists: String,
}

#[derive(Debug, Clone)]
pub struct SecretArns {
    /// Private token-signing keys.
    pub signing: String,
    /// The public half, a JWKS, so that functions which only verify cannot read the private half.
    pub verification: String,
    /// Keys of refresh tokens, mailed tokens and cursors.
    pub tokens: String,
    /// Keys of blind indexes and digests.
    pub indexes: String,
    /// The sandbox provider's credentials and callback secret.
    pub sandbox: String,
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
        let config = Self {
            stage: r.one_of(
                "STAGE",
                &[("local", Stage::Local), ("dev", Stage::Dev), ("staging", Stage::Staging), ("prod", Stage::Prod)],
            ),
            public_url: r.url("PUBLIC_URL"),
            issuer: r.url("ISSUER"),
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
            tables: Tables {
                identity: r.text("TABLE_IDENTITY"),
                keys: r.text("TABLE_KEYS"),
                kyc: r.text("TABLE_KYC"),
                events: r.text("TABLE_EVENTS"),
                outbound: r.text("TABLE_OUTBOUND"),
                ephemeral: r.text("TABLE_EPHEMERAL"),
            },
            documents_bucket: r.text("BUCKET_DOCUMENTS"),
            lists_bucket: r.text("BUCKET_LISTS"),
            screening_lists: r.lists("SCREENING_LISTS"),
            queues: Queues {
                verification: r.url("QUEUE_VERIFICATION"),
                screening: r.url("QUEUE_SCREENING"),
                callbacks: r.url("QUEUE_CALLBACKS"),
                notification: r.url("QUEUE_NOTIFICATION"),
                documents: r.url("QUEUE_DOCUMENTS"),
                lists: r.url("QUEUE_LISTS"),
            },
            kms_data_key: r.text("KMS_DATA_KEY"),
            kms_national_id_key: r.text("KMS_NATIONAL_ID_KEY"),
            secrets: SecretArns {
                signing: r.text("SECRET_SIGNING"),
                verification: r.text("SECRET_VERIFICATION"),
                tokens: r.text("SECRET_TOKENS"),
                indexes: r.text("SECRET_INDEXES"),
                sandbox: r.text("SECRET_SANDBOX"),
            },
            sandbox_url: r.optional_url("SANDBOX_URL"),
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

    fn url(&mut self, name: &str) -> String {
        let value = self.text(name);
        if !value.is_empty() && !url::Url::parse(&value).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            self.faults.push(format!("{name} is not an http(s) URL"));
        }
        value.trim_end_matches('/').to_owned()
    }

    /// A variable that is absent or empty is no fault.
    fn optional_url(&mut self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty()).map(|_| self.url(name))
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

    fn lists(&mut self, name: &str) -> Option<Vec<ListSource>> {
        let value = (self.lookup)(name)?;
        let local = (self.lookup)("STAGE").as_deref() == Some("local");
        match source::parse(&value, local) {
            Ok(sources) => Some(sources),
            Err(faults) => {
                self.faults.extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
                None
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
                "SCREENING_LISTS" => {
                    r#"[{"id": "un", "name": "UN", "kind": "sanctions", "format": "un_xml",
                         "urls": ["https://lists.example/un.xml"], "max_age_hours": 48}]"#
                }
                name if name.ends_with("_URL") || name.starts_with("QUEUE_") || name == "ISSUER" => {
                    "https://id.example/"
                }
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
    }

    #[test]
    fn all_faults_are_reported_at_once_by_name() {
        let faults = Config::from_lookup(|name| match name {
            "STAGE" => Some("production".into()),
            "TABLE_KYC" => None,
            "RATE_LIMIT_SCALE" => Some("0".into()),
            "SCREENING_THRESHOLD" => Some("85".into()),
            "PUBLIC_URL" => Some("id.example".into()),
            "CORS_ORIGINS" => Some("*".into()),
            "SCREENING_LISTS" => Some("{}".into()),
            other => sample(other),
        })
        .unwrap_err()
        .to_string();
        let wrong = [
            "STAGE",
            "TABLE_KYC",
            "RATE_LIMIT_SCALE",
            "SCREENING_THRESHOLD",
            "PUBLIC_URL",
            "CORS_ORIGINS",
            "SCREENING_LISTS",
        ];
        for name in wrong {
            assert!(faults.contains(name), "{name} in {faults}");
        }
    }
}
