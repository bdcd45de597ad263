//! What lies on both sides of wwan0: netifd's settings above it, the modem below it.
//!
//! Contract: [`Carrier::apply`] puts on the device what netifd would put there, in netifd's
//! order (new before old goes); [`Carrier::serve`] is the modem and all behind it: it carries a
//! packet only for an address that the network gave to an active session, and answers pings.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;

use uwand::json::Value;
use uwand::linux::netdev;

use super::packet::{echo_reply, source};
use super::pair::Pair;
use super::rtnl::{Device, Route};
use super::sim::bed::NETDEV;
use super::sim::modem::SimModem;
use super::tun::Tun;

#[derive(Default, Clone, PartialEq)]
struct Settings {
    addresses: BTreeSet<(IpAddr, u8)>,
    routes: BTreeSet<Route>,
}

/// What the kernel's device leads to.
enum Cable {
    Tun(Tun),
    Pair(Pair),
}

impl Cable {
    /// A TUN device; where none is to be had (no module, no access), a pair of Ethernet devices.
    fn new() -> Result<Cable, String> {
        let tun = Tun::new(NETDEV).map(Cable::Tun);
        tun.or_else(|why| Pair::new(NETDEV).map(Cable::Pair).map_err(|other| format!("{why}; {other}")))
    }

    async fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Cable::Tun(tun) => tun.read().await,
            Cable::Pair(pair) => pair.read().await,
        }
    }

    fn write(&self, packet: &[u8]) -> io::Result<()> {
        match self {
            Cable::Tun(tun) => tun.write(packet),
            Cable::Pair(pair) => pair.write(packet),
        }
    }
}

pub struct Carrier {
    cable: Cable,
    device: Device,
    settings: RefCell<Settings>,
    /// What the kernel refused.
    pub refused: RefCell<Vec<String>>,
    pub answered: Cell<u32>,
    /// Packets that no session carries.
    pub dropped: Cell<u32>,
}

impl Carrier {
    pub fn new() -> Result<Rc<Carrier>, String> {
        let cable = Cable::new()?;
        let device = Device::new(NETDEV).map_err(|error| format!("netlink: {error}"))?;
        Ok(Rc::new(Carrier {
            cable,
            device,
            settings: RefCell::default(),
            refused: RefCell::default(),
            answered: Cell::new(0),
            dropped: Cell::new(0),
        }))
    }

    /// netifd's part, for the link-up message that holds now, or for none.
    pub fn apply(&self, link: Option<&Value>) {
        let new = link.map(wanted).unwrap_or_default();
        let old = self.settings.replace(new.clone());
        self.check("up", netdev::set_up(NETDEV, true));
        for address in new.addresses.difference(&old.addresses) {
            self.check(&format!("address {address:?}"), self.device.add_address(*address));
        }
        // netifd sets the longest prefix first: a gateway may need a route of its own.
        let mut routes: Vec<&Route> = new.routes.difference(&old.routes).collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.target.1));
        for route in routes {
            self.check(&format!("route {route:?}"), self.add_route(route));
        }
        // The kernel takes the routes of an address away with it, so these may be gone.
        for route in old.routes.difference(&new.routes) {
            let _ = self.device.remove_route(route);
        }
        for address in old.addresses.difference(&new.addresses) {
            self.check(&format!("no address {address:?}"), self.device.remove_address(*address));
        }
        if link.is_none() {
            self.check("down", netdev::set_up(NETDEV, false));
        }
    }

    /// Routes by source want CONFIG_IPV6_SUBTREES, which every OpenWrt has and not every machine.
    fn add_route(&self, route: &Route) -> io::Result<()> {
        match self.device.add_route(route) {
            Err(_) if route.source.is_some() => {
                self.device.add_route(&Route { source: None, ..route.clone() })
            }
            result => result,
        }
    }

    fn check(&self, what: &str, result: io::Result<()>) {
        if let Err(error) = result {
            self.refused.borrow_mut().push(format!("{what}: {error}"));
        }
    }

    /// The modem's part, as long as there is a device.
    pub async fn serve(self: Rc<Self>, modem: SimModem) {
        while let Ok(packet) = self.cable.read().await {
            self.carry(&modem, &packet);
        }
    }

    fn carry(&self, modem: &SimModem, packet: &[u8]) {
        let sessions = modem.sessions();
        let is_given = |from: IpAddr| {
            sessions.iter().any(|(_, session)| match from {
                IpAddr::V4(from) => session.ip.v4.iter().any(|(address, _)| *address == from),
                IpAddr::V6(from) => session.ip.v6.iter().any(|(address, _)| *address == from),
            })
        };
        // What the kernel says to its neighbours (MLD, router solicitations) comes from elsewhere.
        if !modem.carries() || !source(packet).is_some_and(is_given) {
            self.dropped.set(self.dropped.get() + 1);
        } else if let Some(reply) = echo_reply(packet) {
            if self.cable.write(&reply).is_ok() {
                self.answered.set(self.answered.get() + 1);
            }
        }
    }
}

/// What a link-up message asks for.
fn wanted(link: &Value) -> Settings {
    let list = |key: &str| link[key].as_array().cloned().unwrap_or_default();
    let addresses = ["ipaddr", "ip6addr"].iter().flat_map(|key| list(key)).filter_map(|entry| {
        let address: IpAddr = entry["ipaddr"].as_str()?.parse().ok()?;
        Some((address, entry["mask"].as_str()?.parse().ok()?))
    });
    let routes = ["routes", "routes6"].iter().flat_map(|key| list(key)).filter_map(|entry| {
        Some(Route {
            target: (entry["target"].as_str()?.parse().ok()?, entry["netmask"].as_str()?.parse().ok()?),
            gateway: entry["gateway"].as_str().and_then(|gateway| gateway.parse().ok()),
            source: entry["source"].as_str().and_then(prefix),
            mtu: entry["mtu"].as_u64().and_then(|mtu| u32::try_from(mtu).ok()),
        })
    });
    Settings { addresses: addresses.collect(), routes: routes.collect() }
}

fn prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    Some((address.parse().ok()?, length.parse().ok()?))
}
