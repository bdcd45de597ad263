//! A simulated MBIM modem as a program of its own, for trying things by hand on a machine or a
//! router that runs the real netifd.
//!
//! ```text
//! cargo run --example modem -- /tmp/modem               a control channel without packets
//! cargo run --example modem -- /tmp/modem --tun wwan0   … and a network device whose pings are answered
//! ```
//!
//! `option device '/tmp/modem'` and `option netdev 'wwan0'` in an interface section make it the
//! modem of that interface. Orders come on standard input, one a line; `help` lists them.
//!
//! Contract: it ends with its input or with `quit`; the device goes with it. It answers pings for
//! addresses that an active session has, and carries nothing else.

#[path = "../demo/packet.rs"]
mod packet;
#[path = "../sim/mod.rs"]
mod sim;
#[path = "../demo/tun.rs"]
mod tun;

use std::cell::Cell;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Setup, Sim, SimModem};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::{LocalSet, spawn_local};
use uwand::mbim::messages::enums::Register;

const USE: &str = "modem SOCKET [--tun NAME]\n";

const ORDERS: &str = "\
stall        packets die until the host activates a session anew
dead         packets die whatever the host does
flow         packets pass
cut          the network ends session 0 (ESM 38)
deny         the network denies the registration (EMM 15)
allow        the network takes the registration
deaf, hear   the control channel does not answer, and does again
eject, sim   the SIM is taken out, and put in
leave, come  the modem leaves the bus, and comes back
status       sessions, activations, pings
quit
";

/// Whether packets pass.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    Passes,
    /// Until there have been more activations than these.
    DiesUntil(usize),
    Dies,
}

struct Stand {
    modem: SimModem,
    flow: Cell<Flow>,
    answered: Cell<u32>,
}

impl Stand {
    fn passes(&self) -> bool {
        match self.flow.get() {
            Flow::Passes => true,
            Flow::Dies => false,
            Flow::DiesUntil(activations) => {
                let over = self.modem.activations().len() > activations;
                if over {
                    self.flow.set(Flow::Passes);
                }
                over
            }
        }
    }

    /// The network behind the device.
    async fn serve(self: Rc<Self>, tun: tun::Tun) {
        loop {
            match tun.read().await {
                Ok(packet) => self.carry(&tun, &packet),
                // The device is down; it may come up again.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            }
        }
    }

    fn carry(&self, tun: &tun::Tun, packet: &[u8]) {
        let Some(from) = packet::source(packet) else { return };
        let given = self.modem.sessions().iter().any(|(_, session)| match from {
            IpAddr::V4(from) => session.ip.v4.iter().any(|(address, _)| *address == from),
            IpAddr::V6(from) => session.ip.v6.iter().any(|(address, _)| *address == from),
        });
        if !given || !self.passes() {
            return;
        }
        if let Some(reply) = packet::echo_reply(packet) {
            if tun.write(&reply).is_ok() {
                self.answered.set(self.answered.get() + 1);
            }
        }
    }

    /// `false`: that was all.
    fn obey(&self, order: &str) -> io::Result<bool> {
        let modem = &self.modem;
        match order.trim() {
            "" => {}
            "stall" => self.flow.set(Flow::DiesUntil(modem.activations().len())),
            "dead" => self.flow.set(Flow::Dies),
            "flow" => self.flow.set(Flow::Passes),
            "cut" => modem.network_disconnect(0, 38),
            "deny" => modem.set_registration(Register::Denied, 15),
            "allow" => modem.allow_registration(),
            "deaf" => modem.fault(Fault::new(On::Anything, Effect::Deaf)),
            "hear" => modem.clear_faults(),
            "eject" => modem.remove_sim(),
            "sim" => modem.insert_sim(Sim::default()),
            "leave" => modem.vanish(),
            "come" => modem.come_back()?,
            "status" => println!(
                "sessions {}, activations {}, pings {}, packets {}",
                modem.sessions().len(),
                modem.activations().len(),
                self.answered.get(),
                if self.passes() { "pass" } else { "die" },
            ),
            "quit" => return Ok(false),
            _ => print!("{ORDERS}"),
        }
        Ok(true)
    }
}

async fn run(socket: &Path, device: Option<&str>) -> Result<(), String> {
    let modem =
        SimModem::at(socket, Setup::default()).map_err(|error| format!("{}: {error}", socket.display()))?;
    let stand = Rc::new(Stand { modem, flow: Cell::new(Flow::Passes), answered: Cell::new(0) });
    if let Some(device) = device {
        spawn_local(stand.clone().serve(tun::Tun::new(device)?));
    }
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(order)) = orders.next_line().await {
        match stand.obey(&order) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => println!("{order}: {error}"),
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (socket, device) = match words.as_slice() {
        [socket] if !socket.starts_with('-') => (Path::new(*socket), None),
        [socket, "--tun", device] => (Path::new(*socket), Some(*device)),
        _ => {
            eprint!("{USE}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("modem: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = LocalSet::new().block_on(&runtime, run(socket, device));
    // A read of standard input that still waits is no reason to stay.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("modem: {why}");
            ExitCode::FAILURE
        }
    }
}
