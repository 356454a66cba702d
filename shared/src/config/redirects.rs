//! The addresses of an application to which a browser may return.

use super::VariableReader;

impl VariableReader<'_> {
    /// A comma-separated list of addresses that a browser is sent to: https, http on this machine (RFC 8252 §7.3), or an
    /// application's own scheme, which has a dot (§7.1). It may be empty.
    pub(super) fn redirect_uris(&mut self, name: &str) -> Vec<String> {
        let value = (self.lookup)(name).unwrap_or_default();
        let uris: Vec<String> =
            value.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        for uri in &uris {
            let fits = url::Url::parse(uri).is_ok_and(|url| {
                let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
                let scheme = match url.scheme() {
                    "https" => true,
                    "http" => local,
                    other => other.contains('.'),
                };
                scheme && url.fragment().is_none() && url.username().is_empty()
            });
            if !fits {
                self.errors.push(format!("{name} holds '{uri}', which is not an address to return to"));
            }
        }
        uris
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Section, tests::sample};

    #[test]
    fn a_browser_returns_only_to_addresses_of_an_application() {
        for wrong in [
            "http://app.example/callback",
            "https://app.example/#part",
            "https://user@app.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "/callback",
            "*",
        ] {
            let config = Config::from_lookup(&[Section::Social], |name| match name {
                "REDIRECT_URIS" => Some(format!("https://app.example/callback,{wrong}")),
                other => sample(other),
            });
            assert!(config.unwrap_err().to_string().contains("REDIRECT_URIS"), "{wrong}");
        }
        let config = Config::from_lookup(&[Section::Social], sample).unwrap();
        assert_eq!(config.social().unwrap().redirect_uris.len(), 3);
    }
}
