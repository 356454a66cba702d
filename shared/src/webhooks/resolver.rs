//! The resolver of the sender: a name is resolved once, the addresses are checked, and the connection is made to them.
//!
//! No second lookup follows the check, so a name that resolves to another address a moment later changes nothing.

use std::{io, net::SocketAddr, sync::Arc};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::webhook::{Network, address::is_public};

/// Looks up the addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Resolves names to addresses that deliveries may go to.
#[derive(Clone)]
pub struct CheckedResolver {
    network: Network,
    lookup: Lookup,
}

impl CheckedResolver {
    pub fn new(network: Network, lookup: Lookup) -> Self {
        Self { network, lookup }
    }

    /// With the resolver of the system.
    pub fn of_system(network: Network) -> Self {
        Self::new(
            network,
            Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })),
        )
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { network, lookup } = self.clone();
        Box::pin(async move {
            let addresses = lookup(name.as_str().to_owned()).await?;
            // A name with one address inside and one outside is refused as a whole: the client could connect to either.
            let allowed = network == Network::Local || addresses.iter().all(|address| is_public(address.ip()));
            if allowed && !addresses.is_empty() {
                let addresses: Addrs = Box::new(addresses.into_iter());
                Ok(addresses)
            } else {
                Err(io::Error::other("no address that a delivery may go to").into())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    async fn resolved(addresses: &[&str], network: Network) -> Option<Vec<String>> {
        let addresses: Vec<SocketAddr> = addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
        let lookups = Arc::new(AtomicUsize::new(0));
        let counted = lookups.clone();
        let lookup: Lookup = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            let addresses = addresses.clone();
            Box::pin(async move { Ok(addresses) })
        });
        let resolver = CheckedResolver::new(network, lookup);
        let found = resolver.resolve("hooks.example.com".parse().unwrap()).await;
        assert_eq!(lookups.load(Ordering::Relaxed), 1);
        Some(found.ok()?.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn the_addresses_that_were_checked_are_the_ones_that_are_connected_to() {
        let found = resolved(&["8.8.8.8", "2606:4700:4700::1111"], Network::Public).await;
        assert_eq!(found.unwrap(), ["8.8.8.8", "2606:4700:4700::1111"]);
    }

    #[tokio::test]
    async fn a_name_with_any_address_that_is_not_public_is_refused() {
        for addresses in [
            &["127.0.0.1"][..],
            &["169.254.169.254"],
            &["8.8.8.8", "10.0.0.1"],
            &["8.8.8.8", "::1"],
            &["::ffff:169.254.169.254"],
            &["64:ff9b::a9fe:a9fe"],
            &["fd00:ec2::254"],
            &[],
        ] {
            assert_eq!(resolved(addresses, Network::Public).await, None, "{addresses:?}");
        }
        assert!(resolved(&["127.0.0.1"], Network::Local).await.is_some());
    }
}
