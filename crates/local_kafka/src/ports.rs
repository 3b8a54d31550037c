//! Which ports a broker listens on.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use crate::error::Error;
use crate::options::Options;

const FILE: &str = "ports";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub clients: u16,
    pub controller: u16,
}

/// The ports asked for, else those this folder had before, else free ones.
pub(crate) fn choose(options: &Options, dir: &Path) -> Result<Ports, Error> {
    let before = remembered(dir);
    // Both are held until both are chosen, so that they differ.
    let clients = reserve(options.port, before.map(|ports| ports.clients))?;
    let controller = reserve(options.controller_port, before.map(|ports| ports.controller))?;
    Ok(Ports { clients: number(&clients)?, controller: number(&controller)? })
}

pub(crate) fn remember(ports: Ports, dir: &Path) -> Result<(), Error> {
    let path = dir.join(FILE);
    std::fs::write(&path, format!("{} {}\n", ports.clients, ports.controller))
        .map_err(Error::io("write", &path))
}

/// Forgetting is harmless: the next start takes other ports.
fn remembered(dir: &Path) -> Option<Ports> {
    let text = std::fs::read_to_string(dir.join(FILE)).ok()?;
    let (clients, controller) = text.trim().split_once(' ')?;
    Some(Ports { clients: clients.parse().ok()?, controller: controller.parse().ok()? })
}

fn reserve(asked: Option<u16>, before: Option<u16>) -> Result<TcpListener, Error> {
    if let Some(port) = asked {
        return listen(port).map_err(|_| Error::PortTaken { port });
    }
    before
        .map_or_else(|| listen(0), |port| listen(port).or_else(|_| listen(0)))
        .map_err(|source| Error::Io { attempt: "find a free port".to_owned(), source })
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

fn number(listener: &TcpListener) -> Result<u16, Error> {
    let address = listener
        .local_addr()
        .map_err(|source| Error::Io { attempt: "find a free port".to_owned(), source })?;
    Ok(address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_its_ports_while_they_are_free() {
        let dir = tempfile::tempdir().unwrap();
        let first = choose(&Options::default(), dir.path()).unwrap();
        remember(first, dir.path()).unwrap();
        assert_eq!(choose(&Options::default(), dir.path()).unwrap(), first);

        let _taken = listen(first.clients).unwrap();
        let second = choose(&Options::default(), dir.path()).unwrap();
        assert_ne!(second.clients, first.clients);
        assert_eq!(second.controller, first.controller);

        let asked = Options { port: Some(first.clients), ..Options::default() };
        let error = choose(&asked, dir.path()).unwrap_err().to_string();
        assert_eq!(error, format!("port {} on 127.0.0.1 is taken", first.clients));
    }
}
