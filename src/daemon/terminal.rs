//! AT commands for a person: which port of the modem takes them, one command, its answer.
//!
//! Contract: a port is opened for one command and given back, so that other programs have it
//! in between; one command a modem at a time. What may do harm is refused unless forced. The
//! control channel is not needed: a modem that is deaf there may still answer here. Neither
//! commands nor answers reach a log.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::Daemon;
use super::asks::{No, text};
use super::slot::Slot;
use crate::answers::Refused;
use crate::at::danger;
use crate::at::port::{self, Manner, SCAN_TIMEOUT, USUAL_TIMEOUT};
use crate::at::{codec::Reply, port::Port};
use crate::linux::channel::Io;
use crate::linux::serial;
use crate::linux::sysfs::{Found, TtyPort};
use crate::quirks;
use crate::ubus::{Request, Status};

const OPENING: Duration = Duration::from_secs(5);
/// A port that takes commands answers `AT` at once; one that does not never will.
const PROBE: Duration = Duration::from_secs(3);
/// Opening, asking each port, and the longest command.
const WHOLE: Duration = Duration::from_secs(360);

impl Daemon {
    pub(super) fn on_at(&self, request: Request) {
        match self.at_order(&request) {
            Ok((ports, command, occupied)) => {
                tokio::task::spawn_local(async move {
                    let answer = timeout(WHOLE, ask(ports, &command)).await;
                    drop(occupied);
                    match answer.unwrap_or_else(|_| Err(Refused::Silent.into())) {
                        Ok(reply) => request.reply(reply),
                        Err(No(status, data)) => request.fail_with(status, data),
                    }
                });
            }
            Err(No(status, data)) => request.fail_with(status, data),
        }
    }

    fn at_order(&self, request: &Request) -> Result<(Vec<PathBuf>, String, impl Sized + 'static), No> {
        let command = text(request, "command")
            .ok_or_else(|| No::new(Status::InvalidArgument, "argument command is missing"))?;
        let force = request.args.get("force").and_then(Value::as_bool) == Some(true);
        match danger::check(command) {
            Ok(()) => {}
            Err(danger::Refused::Dangerous { .. }) if force => {}
            Err(why @ danger::Refused::Dangerous { .. }) => {
                return Err(No::new(
                    Status::PermissionDenied,
                    &format!("{why}; force sends it all the same"),
                ));
            }
            Err(why) => return Err(No::new(Status::InvalidArgument, &why.to_string())),
        }
        let slot = self.named_slot(request)?;
        let ports = self.at_ports(&slot)?;
        let busy =
            || No::new(Status::InvalidCommand, "another AT command is under way; try again when it is done");
        let occupied = slot.occupy("at").ok_or_else(busy)?;
        Ok((ports, command.trim().to_string(), occupied))
    }

    /// The option of an interface on this modem counts first, then what is known of the model.
    fn at_ports(&self, slot: &Slot) -> Result<Vec<PathBuf>, No> {
        let named = self
            .interfaces
            .values()
            .filter(|interface| interface.modem.as_ref() == Some(&slot.id))
            .find_map(|interface| interface.config.as_ref()?.control_at.clone());
        match named.as_deref() {
            Some("none") => {
                return Err(No::new(
                    Status::NotSupported,
                    "option control_at 'none' leaves the AT port alone",
                ));
            }
            Some(path) => return Ok(vec![PathBuf::from(path)]),
            None => {}
        }
        let ports = slot.found().map(|found| candidates(&found)).unwrap_or_default();
        if ports.is_empty() {
            let why = "the modem shows no port that takes AT commands; option control_at can name one";
            return Err(No::new(Status::NotSupported, why));
        }
        Ok(ports)
    }
}

/// The ports that may take commands, the likeliest first.
fn candidates(found: &Found) -> Vec<PathBuf> {
    let quirks = quirks::of(found.vendor, found.product);
    if quirks.no_at {
        return Vec::new();
    }
    let mut ports: Vec<&TtyPort> = found.ports.iter().collect();
    ports.sort_by_key(|port| {
        (Some(port.interface) != quirks.at_interface, unlikely(port.class), port.interface)
    });
    ports.iter().map(|port| PathBuf::from("/dev").join(&port.name)).collect()
}

/// How far a port's class is from what AT ports have: ff/00/00 and ff/xx/40 mostly, cdc-acm;
/// ff/ff/30 is diagnostics and ff/ff/ff anything.
fn unlikely(class: (u8, u8, u8)) -> u8 {
    match class {
        (0xff, 0xff, 0x30) => 3,
        (0xff, 0xff, 0xff) => 2,
        (0xff, _, 0x40) | (0xff, 0, 0) | (0x02, 0x02, _) => 0,
        _ => 1,
    }
}

/// Sends the command through the first port that answers `AT`.
async fn ask(ports: Vec<PathBuf>, command: &str) -> Result<Value, No> {
    let mut last = String::new();
    for path in ports {
        let port = match open(&path).await {
            Ok(port) => port,
            Err(error) => {
                last = error.to_string();
                continue;
            }
        };
        if port.command("AT", PROBE).await.is_err() {
            last = format!("{} does not answer AT", path.display());
            continue;
        }
        let limit =
            if command.to_ascii_uppercase().contains("+COPS=?") { SCAN_TIMEOUT } else { USUAL_TIMEOUT };
        let reply: Reply =
            port.command(command, limit).await.map_err(|error| Refused::Said(error.to_string()))?;
        return Ok(json!({
            "port": path.display().to_string(),
            "lines": reply.lines,
            "result": reply.result.to_string(),
        }));
    }
    Err(Refused::Said(format!("no port takes AT commands: {last}")).into())
}

async fn open(path: &std::path::Path) -> std::io::Result<Port> {
    let fd = serial::open(path, OPENING).await?;
    let io = Io::stream(fd, port::chunks)?.close_with(serial::close);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // What the port says by itself is nobody's who asks one question.
    let (port, _unsolicited) = port::start(io, Manner::new(name));
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, interface: u8, class: (u8, u8, u8)) -> TtyPort {
        TtyPort { name: name.into(), driver: "option".into(), interface, class }
    }

    fn found(vendor: u16, product: u16, ports: Vec<TtyPort>) -> Found {
        Found {
            id: "1-1".into(),
            usb_path: Some("1-1".into()),
            dir: PathBuf::new(),
            vendor,
            product,
            serial: None,
            manufacturer: String::new(),
            product_name: String::new(),
            driver: "qmi_wwan".into(),
            control: None,
            wdm: PathBuf::new(),
            netdev: None,
            interface: 4,
            ports,
            speed: None,
            alias: Vec::new(),
        }
    }

    #[test]
    fn the_port_of_a_known_model_comes_first_and_diagnostics_last() {
        let ports = vec![
            port("ttyUSB0", 0, (0xff, 0xff, 0x30)),
            port("ttyUSB1", 1, (0xff, 0, 0x40)),
            port("ttyUSB2", 2, (0xff, 0, 0)),
        ];
        let known = candidates(&found(0x2c7c, 0x0800, ports.clone()));
        assert_eq!(known, ["/dev/ttyUSB2", "/dev/ttyUSB1", "/dev/ttyUSB0"].map(PathBuf::from));
        let unknown = candidates(&found(0x1234, 0x0800, ports));
        assert_eq!(unknown, ["/dev/ttyUSB1", "/dev/ttyUSB2", "/dev/ttyUSB0"].map(PathBuf::from));
    }

    #[test]
    fn a_model_whose_ports_never_answer_is_not_asked() {
        assert!(candidates(&found(0x1199, 0x9013, vec![port("ttyUSB0", 1, (0xff, 0xff, 0xff))])).is_empty());
    }
}
