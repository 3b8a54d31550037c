//! Machines that a store may be on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use component::{Fault, Result};
use tokio::net::lookup_host;
use url::{Host, Url};

/// Refuses addresses that only this machine or its network can reach, unless the store is said to
/// be there; link-local ones, where clouds keep the credentials of a machine, always.
///
/// A name that is not known here is left to whoever connects: a proxy may know it.
pub(crate) async fn check(endpoint: &Url, is_internal: bool) -> Result<()> {
    let found = match endpoint.host() {
        Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
        Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
        Some(Host::Domain(name)) => {
            let port = endpoint.port_or_known_default().unwrap_or_default();
            match lookup_host((name, port)).await {
                Ok(found) => found.map(|address| address.ip()).collect(),
                Err(_) => Vec::new(),
            }
        }
        None => Vec::new(),
    };
    for address in found {
        let reason = match reach(address.to_canonical()) {
            Reach::World => continue,
            Reach::Inside if is_internal => continue,
            Reach::Inside => {
                "is on this machine or its network; say internal: true if that is meant"
            }
            Reach::Link => "is where a cloud keeps the credentials of its machines",
        };
        return Err(Fault::fatal(format!("will not ask {endpoint}: {address} {reason}")));
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Reach {
    /// Anywhere.
    World,
    /// This machine, and the network that it is in.
    Inside,
    /// Not beyond the next cable.
    Link,
}

fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) if address.is_link_local() => Reach::Link,
        IpAddr::V6(address) if address.is_unicast_link_local() || is_metadata(address) => {
            Reach::Link
        }
        IpAddr::V4(address) if is_inside(address) => Reach::Inside,
        IpAddr::V6(address)
            if address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local() =>
        {
            Reach::Inside
        }
        IpAddr::V4(_) | IpAddr::V6(_) => Reach::World,
    }
}

fn is_inside(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // 100.64.0.0/10 is behind a carrier's translation of addresses (RFC 6598).
    let is_shared = first == 100 && (64..128).contains(&second);
    first == 0
        || is_shared
        || address.is_loopback()
        || address.is_private()
        || address.is_broadcast()
        || address.is_multicast()
}

/// Where machines at AWS find it over IPv6.
fn is_metadata(address: Ipv6Addr) -> bool {
    address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        for (address, expected) in [
            ("52.95.110.1", Reach::World),
            ("2600:1fa0::1", Reach::World),
            ("127.0.0.1", Reach::Inside),
            ("10.1.2.3", Reach::Inside),
            ("172.31.0.1", Reach::Inside),
            ("192.168.1.1", Reach::Inside),
            ("100.100.0.1", Reach::Inside),
            ("0.0.0.0", Reach::Inside),
            ("::1", Reach::Inside),
            ("fd12::1", Reach::Inside),
            ("169.254.169.254", Reach::Link),
            ("fe80::1", Reach::Link),
            ("fd00:ec2::254", Reach::Link),
            ("::ffff:169.254.169.254", Reach::Link),
            ("::ffff:127.0.0.1", Reach::Inside),
        ] {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!(reach(ip.to_canonical()), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn internal_machines_are_asked_only_where_that_is_meant() {
        for (endpoint, is_internal, is_refused) in [
            ("http://127.0.0.1:9000", false, true),
            ("http://127.0.0.1:9000", true, false),
            ("http://localhost:9000", false, true),
            ("http://[::1]:9000", false, true),
            ("http://2130706433:9000", false, true),
            ("http://169.254.169.254/", true, true),
            ("http://[::ffff:a9fe:a9fe]/", true, true),
        ] {
            let checked = check(&endpoint.parse().unwrap(), is_internal).await;
            assert_eq!(checked.is_err(), is_refused, "{endpoint} {is_internal}");
        }
    }
}
