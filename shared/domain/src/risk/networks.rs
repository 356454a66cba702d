//! Networks: a list of them, such as those of anonymising proxies, and the one that an address belongs to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 and IPv6. An IPv4 address is kept as the IPv6 address that maps it (RFC 4291 §2.5.5.2), so that it is
/// found in either form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkList {
    /// First and last address of each range: sorted, and neither overlapping nor adjacent.
    ranges: Vec<(u128, u128)>,
}

/// The network by which a person's places are told apart: the /24 of an IPv4 address, and the /48 of an IPv6 address, which is what a site
/// gets (RFC 6177). Within them addresses change by themselves: privacy extensions (RFC 8981), leases, gateways of mobile carriers.
pub fn familiar_network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("{}/24", Ipv4Addr::from_bits(address.to_bits() & !0xff)),
        IpAddr::V6(address) => format!("{}/48", Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 48))),
    }
}

/// Prefixes shorter than these hold so much of the Internet that they are a mistake.
const SHORTEST_V4: u32 = 8;
const SHORTEST_V6: u32 = 16;

impl NetworkList {
    /// Reads one network (`192.0.2.0/24`, `2001:db8::/32`) or address a line; `#` begins a comment.
    ///
    /// # Errors
    /// Every line that is not a network, by its number.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let (mut ranges, mut faults) = (Vec::new(), Vec::new());
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            match parse_network(entry) {
                Ok(range) => ranges.push(range),
                Err(fault) => faults.push(format!("line {}: {fault}", index + 1)),
            }
        }
        if faults.is_empty() { Ok(Self { ranges: merged(ranges) }) } else { Err(faults) }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = number(address);
        let after = self.ranges.partition_point(|(first, _)| *first <= address);
        after.checked_sub(1).is_some_and(|at| self.ranges[at].1 >= address)
    }

    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn parse_network(entry: &str) -> Result<(u128, u128), &'static str> {
    let (address, prefix) = entry.split_once('/').map_or((entry, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().map_err(|_| "is not an address")?;
    let (bits, shortest) = if address.is_ipv4() { (32, SHORTEST_V4) } else { (128, SHORTEST_V6) };
    let prefix = match prefix {
        None => bits,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map_err(|_| "has no prefix length")?
        }
        Some(_) => return Err("has no prefix length"),
    };
    if prefix > bits {
        return Err("has a prefix that is longer than the address");
    }
    if prefix < shortest {
        return Err("is too large a network");
    }
    let hosts = u128::MAX.checked_shr(prefix + 128 - bits).unwrap_or(0);
    let first = number(address);
    if first & hosts != 0 {
        return Err("is an address within its network, not the network's first address");
    }
    Ok((first, first | hosts))
}

fn merged(mut ranges: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if before.1.checked_add(1).is_none_or(|next| first <= next) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}
