//! The configuration, read once from the environment. All errors are reported at once, by the names of the variables.

use verinym::config::ConfigErrors;

use crate::scenario::Odds;

/// The configuration of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxConfig {
    /// Deployed name of the tasks table.
    pub table: String,
    /// URL of the queue of delayed callbacks.
    pub queue_url: String,
    /// ARN of the secret with the credentials of the customer and the key that signs callbacks.
    pub secret: String,
    /// Odds of the decision for documents that name no scenario.
    pub odds: Odds,
}

impl SandboxConfig {
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads all variables before it reports errors, so one deployment shows all of them.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let mut text = |name: &str| {
            let value = lookup(name).filter(|value| !value.trim().is_empty());
            value.unwrap_or_else(|| {
                errors.push(format!("{name} is missing"));
                String::new()
            })
        };
        let table = text("SANDBOX_TABLE");
        let queue_url = text("SANDBOX_QUEUE");
        let secret = text("SANDBOX_SECRET");
        let percentages = ["SANDBOX_APPROVE_PERCENT", "SANDBOX_REJECT_PERCENT"].map(|name| (name, text(name)));

        if !queue_url.is_empty() && !url::Url::parse(&queue_url).is_ok_and(|url| url.has_host()) {
            errors.push("SANDBOX_QUEUE is not a URL".to_owned());
        }
        let [approve, reject] = percentages.map(|(name, value)| {
            let percent = value.trim().parse::<u8>().ok().filter(|percent| *percent <= 100);
            if percent.is_none() && !value.is_empty() {
                errors.push(format!("{name} must be an integer from 0 to 100"));
            }
            percent.unwrap_or_default()
        });
        let odds = Odds::new(approve, reject);
        if odds.is_err() {
            errors.push("SANDBOX_APPROVE_PERCENT and SANDBOX_REJECT_PERCENT add up to more than 100".to_owned());
        }
        match odds {
            Ok(odds) if errors.is_empty() => Ok(Self { table, queue_url, secret, odds }),
            _ => Err(ConfigErrors(errors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> Option<String> {
        let value = match name {
            "SANDBOX_TABLE" => "tasks",
            "SANDBOX_QUEUE" => "http://127.0.0.1:4566/000000000000/callbacks",
            "SANDBOX_SECRET" => "arn:aws:secretsmanager:eu-central-1:000000000000:secret:credentials",
            "SANDBOX_APPROVE_PERCENT" => "70",
            "SANDBOX_REJECT_PERCENT" => "20",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_complete_environment_is_read() {
        let config = SandboxConfig::from_lookup(sample).unwrap();
        assert_eq!(config.table, "tasks");
        assert_eq!(config.odds, Odds::new(70, 20).unwrap());
    }

    #[test]
    fn all_errors_are_reported_at_once_by_name() {
        let errors = SandboxConfig::from_lookup(|name| match name {
            "SANDBOX_QUEUE" => Some("callbacks".into()),
            "SANDBOX_APPROVE_PERCENT" => Some("101".into()),
            "SANDBOX_REJECT_PERCENT" => Some("few".into()),
            _ => None,
        })
        .unwrap_err()
        .to_string();
        for name in
            ["SANDBOX_TABLE", "SANDBOX_QUEUE", "SANDBOX_SECRET", "SANDBOX_APPROVE_PERCENT", "SANDBOX_REJECT_PERCENT"]
        {
            assert!(errors.contains(name), "{name} in {errors}");
        }
    }

    #[test]
    fn percentages_that_add_up_to_more_than_100_are_refused() {
        let errors = SandboxConfig::from_lookup(|name| match name {
            "SANDBOX_REJECT_PERCENT" => Some("31".into()),
            other => sample(other),
        });
        assert!(errors.unwrap_err().to_string().contains("more than 100"));
    }
}
