//! The address of an endpoint, as its owner gives it.

use std::net::IpAddr;

use url::{Host, Url};

use super::address;
use crate::{field::FieldFault, secret::Masked};

/// Where deliveries may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// By TLS to public addresses only.
    Public,
    /// Also without TLS and to any address: a local stack, whose developer owns the machine.
    Local,
}

const LONGEST: usize = 2_048;
const INVALID: FieldFault = FieldFault::new(
    "invalid_url",
    "Must be an https URL of a public host, without user name, password and fragment, of at most 2048 characters.",
);

/// Names that never mean a host of the public internet: the last part of the name.
const INTERNAL_NAMES: &[&str] =
    &["localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "localdomain", "arpa"];

/// A URL that deliveries may be sent to. It may hold a token of its owner, so `Debug` prints `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUrl(Masked<String>);

impl EndpointUrl {
    /// Parses a URL. Numeric hosts in any form (decimal, hex, octal, with fewer parts) are read as the address that a client
    /// would connect to. What a name resolves to is checked when a delivery connects.
    pub fn parse(text: &str, network: Network) -> Result<Self, FieldFault> {
        let text = text.trim_matches(' ');
        if text.len() > LONGEST {
            return Err(INVALID);
        }
        let url = Url::parse(text).map_err(|_| INVALID)?;
        let scheme = match network {
            Network::Public => url.scheme() == "https",
            Network::Local => matches!(url.scheme(), "https" | "http"),
        };
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let host = match (network, url.host().ok_or(INVALID)?) {
            (Network::Local, _) => true,
            (Network::Public, Host::Ipv4(host)) => address::is_public(IpAddr::V4(host)),
            (Network::Public, Host::Ipv6(host)) => address::is_public(IpAddr::V6(host)),
            (Network::Public, Host::Domain(name)) => is_public_name(name),
        };
        if scheme && bare && host && url.port() != Some(0) && url.as_str().len() <= LONGEST {
            Ok(Self(Masked(url.into())))
        } else {
            Err(INVALID)
        }
    }

    /// A URL that was parsed before it was stored.
    pub fn stored(text: String) -> Self {
        Self(Masked(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a name may be one of the public internet: it has several parts, and its last one is not for internal use.
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    match name.rsplit_once('.') {
        Some((rest, last)) => !rest.is_empty() && !last.is_empty() && !INTERNAL_NAMES.contains(&last),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_https_urls_pass() {
        for text in [
            "https://hooks.example.com/in?token=1",
            "https://hooks.example.com:8443/",
            "https://8.8.8.8/in",
            "https://[2606:4700:4700::1111]/in",
            "https://bücher.example/in",
        ] {
            assert!(EndpointUrl::parse(text, Network::Public).is_ok(), "{text}");
        }
    }

    #[test]
    fn every_form_of_an_internal_address_is_refused() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "127.1",
            "0",
            "0.0.0.0",
            "127.0.0.1.",
            "１２７.０.０.１",
            "10.0.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "0251.0376.0251.0376",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "api.localhost",
            "metadata.google.internal",
            "printer.local",
            "intranet",
            "1.0.0.127.in-addr.arpa",
        ] {
            for port in ["", ":443", ":8080"] {
                let text = format!("https://{host}{port}/latest/meta-data");
                assert!(EndpointUrl::parse(&text, Network::Public).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn other_schemes_and_urls_with_credentials_are_refused() {
        for text in [
            "",
            "hooks.example.com",
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "file:///etc/passwd",
            "gopher://hooks.example.com/",
            "https://user@hooks.example.com/",
            "https://user:password@hooks.example.com/",
            "https://8.8.8.8@127.0.0.1/",
            "https://hooks.example.com/#part",
            "https://hooks.example.com:0/",
            "https://",
            &format!("https://hooks.example.com/{}", "a".repeat(LONGEST)),
        ] {
            assert!(EndpointUrl::parse(text, Network::Public).is_err(), "{text}");
        }
    }

    #[test]
    fn a_local_stack_allows_http_and_loopback() {
        assert!(EndpointUrl::parse("http://127.0.0.1:3000/hooks", Network::Local).is_ok());
        assert!(EndpointUrl::parse("ftp://127.0.0.1/", Network::Local).is_err());
    }

    #[test]
    fn urls_are_not_printed() {
        let url = EndpointUrl::parse("https://hooks.example.com/?token=1", Network::Public).unwrap();
        assert_eq!(format!("{url:?}"), "EndpointUrl(***)");
    }
}
