//! The address of the person on whose behalf a machine client calls.
//!
//! A customer's backend calls for many people from one address. With the permission `clients:forward_address` it hands on the address of
//! the person in `X-Client-Address`. That address then counts for limits, lock-outs, sessions and events. From anybody else the header is
//! ignored, and the log line of the call says so.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::OnceLock,
};

use http::{HeaderMap, header};

use super::{
    call::Incoming,
    headers,
    route::{By, Route},
};
use crate::{
    app::App,
    crypto::access::{Expected, TokenClaims},
    domain::{
        client::Client,
        field::{FieldFault, InvalidField},
        id::ClientId,
        role::ClientsForwardAddress,
        role::RequiredPermission,
        session::CLOCK_LEEWAY_SECONDS,
        time::Timestamp,
    },
    error::{RequestError, Result},
};

/// The address of the person.
const ADDRESS: &str = "x-client-address";
/// The access token of the client, where `Authorization` holds that of the person.
const AUTHORIZATION: &str = "x-client-authorization";

const INVALID_ADDRESS: FieldFault =
    FieldFault::new("invalid_address", "Must be one IPv4 or IPv6 address of one sender, without a port.");

/// What the log line of a call says beyond its route.
#[derive(Debug, Default)]
pub(super) struct CallNotes {
    /// The id of the caller.
    pub(super) caller: OnceLock<String>,
    /// What became of the header `X-Client-Address`.
    pub(super) client_address: OnceLock<&'static str>,
    /// The id of the client whose address of a person was used.
    pub(super) forwarded_by: OnceLock<String>,
}

/// An address that a machine client hands on. The client's token is verified; whether the client still lives and has the permission is
/// not known yet.
#[derive(Debug)]
pub(super) struct ForwardedAddress {
    pub(super) client: ClientId,
    scope: String,
    /// `None` if the header does not hold exactly one address.
    address: Option<IpAddr>,
}

impl Route {
    /// Whether calls of the route are counted by their network, so that the address of the sender matters without a person.
    pub(super) fn counts_networks(&self) -> bool {
        self.limits_in_force().iter().any(|limited| limited.by != By::Submitted)
    }

    /// Whether the harness counts the network before it knows the caller.
    pub(super) fn counts_networks_first(&self) -> bool {
        self.limits_in_force().iter().any(|limited| limited.by == By::Ip)
    }
}

impl ForwardedAddress {
    /// The address that the call hands on, if its client's token permits that. `None` without the header, and from anybody else.
    pub(super) async fn of(
        app: &App,
        incoming: &Incoming,
        authenticated: bool,
        notes: &CallNotes,
    ) -> Result<Option<Self>> {
        if !incoming.headers.contains_key(ADDRESS) {
            return Ok(None);
        }
        let beside = incoming.headers.contains_key(AUTHORIZATION);
        let token = match (beside, authenticated) {
            (true, _) => headers::bearer(&incoming.headers, AUTHORIZATION),
            // Where nobody else authenticates, `Authorization` is free for the client.
            (false, false) => headers::bearer(&incoming.headers, header::AUTHORIZATION.as_str()),
            (false, true) => None,
        };
        let Some(token) = token else {
            let _ = notes.client_address.set("ignored: no token of a client");
            return Ok(None);
        };
        let keys = app.verification_keys().await?;
        let claims = keys.verify_any(token, &expected(app, incoming.meta.now)?);
        let Ok(TokenClaims::Client(claims)) = claims else {
            let _ = notes.client_address.set("ignored: not a valid token of a client");
            return Ok(None);
        };
        if !claims.scope.split(' ').any(|scope| scope == ClientsForwardAddress::PERMISSION) {
            let _ = notes.client_address.set("ignored: not permitted");
            return Ok(None);
        }
        Ok(Some(Self { client: claims.sub, scope: claims.scope, address: address(&incoming.headers) }))
    }

    /// Makes it the address of the call, if the client lives and has the permission now. `client` is what is stored. A client that may
    /// hand on addresses and sends no proper one is told so: otherwise all its people would count as one.
    pub(super) fn apply(self, client: Option<&Client>, incoming: &mut Incoming, notes: &CallNotes) -> Result<()> {
        if !client.is_some_and(|client| client.permissions(&self.scope).meets::<ClientsForwardAddress>()) {
            let _ = notes.client_address.set("ignored: not permitted");
            return Ok(());
        }
        let Some(address) = self.address else {
            let _ = notes.client_address.set("refused");
            return Err(RequestError::Invalid(vec![InvalidField::new("X-Client-Address", INVALID_ADDRESS)]).into());
        };
        let _ = notes.client_address.set("used");
        let _ = notes.forwarded_by.set(self.client.to_string());
        incoming.meta.ip = address.to_string();
        Ok(())
    }
}

/// The one address that the headers hold. Private addresses are taken, since people of a company's own network may have them; an address
/// that no sender can have is not.
fn address(headers: &HeaderMap) -> Option<IpAddr> {
    let mut values = headers.get_all(ADDRESS).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return None };
    let ip = only.to_str().ok()?.trim().parse::<IpAddr>().ok()?.to_canonical();
    let of_a_sender = !ip.is_unspecified() && !ip.is_multicast() && ip != Ipv4Addr::BROADCAST;
    of_a_sender.then_some(ip)
}

/// What an access token of a call must be for.
pub(super) fn expected(app: &App, now: Timestamp) -> Result<Expected<'_>> {
    let tokens = app.config.tokens()?;
    Ok(Expected { issuer: &tokens.issuer, audience: &tokens.audience, now, leeway: CLOCK_LEEWAY_SECONDS })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ADDRESS, value.parse().unwrap());
        }
        address(&headers).map(|ip| ip.to_string())
    }

    #[test]
    fn one_address_of_a_sender_is_taken() {
        for (value, taken) in [
            ("198.51.100.7", "198.51.100.7"),
            (" 198.51.100.7 ", "198.51.100.7"),
            ("10.1.2.3", "10.1.2.3"),
            ("2001:DB8::1", "2001:db8::1"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("fd00::1", "fd00::1"),
        ] {
            assert_eq!(read(&[value]).as_deref(), Some(taken), "{value}");
        }
    }

    #[test]
    fn what_is_not_one_address_of_a_sender_is_not_taken() {
        for value in [
            "",
            "unknown",
            "_hidden",
            "198.51.100.7, 203.0.113.1",
            "198.51.100.7:443",
            "[2001:db8::1]",
            "fe80::1%eth0",
            "198.51.100.007",
            "198.51.100",
            "3325256711",
            "198.51.100.0/24",
            "for=198.51.100.7",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "224.0.0.1",
            "ff02::1",
            "::ffff:0.0.0.0",
        ] {
            assert_eq!(read(&[value]), None, "{value}");
        }
        assert_eq!(read(&["198.51.100.7", "198.51.100.7"]), None);
    }
}
