//! Two modems of one model: each interface has its own, whichever way it is named and however
//! the kernel counts them after a reset. A wrong modem would be refused by its network, which
//! knows one APN only.

use crate::sim;

use sim::modem::{Network, Setup, SimModem};
use sim::world::{MINUTE, SECOND, World};

use uwand::json::json;

const PORTS: [&str; 2] = ["1-1.2", "1-1.3"];
const SERIALS: [&str; 2] = ["0A1B", "0A1C"];
/// Alike up to the fourteenth digit but one.
const IMEIS: [&str; 2] = ["350000000000006", "350000000000014"];
const APNS: [&str; 2] = ["first", "second"];
const INTERFACES: [&str; 2] = ["wan", "wan2"];

fn twin(which: usize) -> Setup {
    let network = Network { apn: Some(APNS[which].into()), ..Network::default() };
    Setup { imei: IMEIS[which].into(), network, ..Setup::default() }
}

struct Twins<'a> {
    world: &'a World,
    other: SimModem,
    serials: bool,
}

impl Twins<'_> {
    fn modem(&self, which: usize) -> &SimModem {
        if which == 0 { &self.world.modem } else { &self.other }
    }

    /// Plugged into this port, counted so by the kernel.
    fn plug(&self, which: usize, port: usize, number: u8) {
        let serial = Some(SERIALS[which]).filter(|_| self.serials);
        self.world.plug_at(PORTS[port], number, serial, self.modem(which));
    }

    fn unplug(&self, which: usize, port: usize, number: u8) {
        self.world.unplug_at(PORTS[port], number, self.modem(which));
    }

    /// Each interface is up on its own modem and network device.
    async fn both_up(&self, netdevs: [&str; 2]) {
        let netifd = &self.world.netifd;
        let up = netifd.until(3 * MINUTE, |netifd| {
            (0..2).all(|which| {
                let status = netifd.status(INTERFACES[which]);
                netifd.is_up(INTERFACES[which]) && status["l3_device"] == netdevs[which]
            })
        });
        assert!(up.await, "{}", self.world.story().await);
        self.world.pass(5).await;
        for (which, interface) in INTERFACES.iter().enumerate() {
            assert_eq!(self.modem(which).sessions().len(), 1, "{interface}");
            assert!(netifd.is_up(interface), "{}", self.world.story().await);
        }
    }
}

/// Two modems, an interface each with this option `device`; both come up.
fn twins(device: impl Fn(usize) -> String, serials: bool, scenario: impl AsyncFnOnce(&Twins)) {
    World::run(twin(0), async |world| {
        world.unplug();
        let twins = Twins { world, other: SimModem::new(twin(1)), serials };
        for which in 0..2 {
            twins.plug(which, which, u8::try_from(which).unwrap());
        }
        for which in 0..2 {
            let section = json!({ "proto": "uwand", "device": device(which), "apn": APNS[which] });
            world.netifd.configure(INTERFACES[which], Some(section));
            world.netifd.ifup(INTERFACES[which]);
        }
        twins.both_up(["wwan0", "wwan1"]).await;
        scenario(&twins).await;
    });
}

/// Both reset, and the kernel counts them the other way round.
async fn count_anew(twins: &Twins<'_>) {
    for which in 0..2 {
        twins.unplug(which, which, u8::try_from(which).unwrap());
    }
    twins.world.pass(8).await;
    twins.plug(1, 1, 0);
    twins.world.pass(2).await;
    twins.plug(0, 0, 1);
    twins.both_up(["wwan1", "wwan0"]).await;
}

/// A person changes the plugs.
async fn change_ports(twins: &Twins<'_>) {
    for which in 0..2 {
        twins.unplug(which, which, u8::try_from(which).unwrap());
    }
    twins.world.pass(20).await;
    twins.plug(1, 0, 0);
    twins.plug(0, 1, 1);
    twins.both_up(["wwan1", "wwan0"]).await;
}

#[test]
fn by_usb_path_each_keeps_its_modem_when_the_kernel_counts_anew() {
    twins(|which| PORTS[which].into(), false, count_anew);
}

#[test]
fn by_serial_number_each_keeps_its_modem_when_the_kernel_counts_anew() {
    twins(|which| format!("serial:{}", SERIALS[which]), true, count_anew);
}

#[test]
fn by_serial_number_each_follows_its_modem_to_another_port() {
    twins(|which| format!("serial:{}", SERIALS[which]), true, change_ports);
}

#[test]
fn by_imei_each_keeps_its_modem_when_the_kernel_counts_anew() {
    twins(|which| format!("imei:{}", IMEIS[which]), false, count_anew);
}

#[test]
fn by_imei_each_follows_its_modem_to_another_port() {
    twins(|which| format!("imei:{}", IMEIS[which]), false, change_ports);
}

#[test]
fn one_that_is_not_named_apart_is_refused_with_the_names() {
    World::run(twin(0), async |world| {
        let other = SimModem::new(twin(1));
        world.plug_at(PORTS[1], 1, None, &other);
        world.ifup(json!({ "apn": "first" }));
        world.error_within("BAD_CONFIG", 10 * SECOND).await;
        let words = world.error_words();
        assert!(PORTS.iter().all(|port| words.contains(port)), "{words}");
        assert_eq!(world.status().await["modems"].as_array().map(Vec::len), Some(2));
        assert_eq!(world.modem.requests() + other.requests(), 0, "neither was opened");
    });
}
