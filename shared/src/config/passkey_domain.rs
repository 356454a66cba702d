//! The domain of passkeys.

use super::VariableReader;

impl VariableReader<'_> {
    /// The domain that passkeys are bound to; the host of the application if it is empty. An application may only use its own
    /// host or a domain above it (WebAuthn Level 3 §5.1.3), so another value would make every passkey fail.
    pub(super) fn passkey_domain(&mut self, name: &str, app_url: &str) -> String {
        let host = url::Url::parse(app_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let Some(domain) = self.optional(name) else { return host };
        if host != domain && !host.ends_with(&format!(".{domain}")) {
            self.errors
                .push(format!("{name} is '{domain}', which is not the host of the application or a domain above it"));
        }
        domain
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Section, tests::sample};

    fn domain(value: &'static str) -> Result<String, String> {
        let config = Config::from_lookup(&[Section::Passkeys], |name| match name {
            "PASSKEY_RP_ID" => Some(value.to_owned()),
            "APP_URL" => Some("https://app.example.org/start".to_owned()),
            _ => sample(name),
        });
        config.map(|config| config.passkeys().unwrap().rp_id.clone()).map_err(|errors| errors.to_string())
    }

    #[test]
    fn it_is_the_host_of_the_application_or_a_domain_above_it() {
        assert_eq!(domain("").unwrap(), "app.example.org");
        for right in ["app.example.org", "example.org"] {
            assert_eq!(domain(right).unwrap(), right);
        }
        for wrong in ["example.com", "xample.org", "api.example.org", "www.app.example.org"] {
            assert!(domain(wrong).unwrap_err().contains("PASSKEY_RP_ID"), "{wrong}");
        }
    }
}
