//! AT commands for a person: which ports of the modem may take them, one command, its answer.
//!
//! Contract: the port is opened for the first command and kept (see `side`); commands wait for
//! each other. What may do harm is refused unless forced. The control channel is not needed: a
//! modem that is deaf there may still answer here. Neither commands nor answers reach a log.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::asks::{Answer, No, flag, text, within};
use super::slot::Slot;
use super::{Daemon, side};
use crate::answers::Refused;
use crate::at::danger;
use crate::at::port::{SCAN_TIMEOUT, USUAL_TIMEOUT};
use crate::few::Listed;
use crate::json::{Value, json};
use crate::linux::sysfs::{Found, TtyPort};
use crate::quirks;
use crate::ubus::{Request, Status};

/// Opening, asking each port, waiting for others, and the longest command.
const WHOLE: Duration = Duration::from_secs(360);

impl Daemon {
    pub(super) fn on_at(&self, request: &Request) -> Answer {
        let (slot, ports, command) = self.at_order(request)?;
        Ok(within(WHOLE, None, Box::pin(async move { ask(&slot, &ports, &command).await })))
    }

    fn at_order(&self, request: &Request) -> Result<(Rc<Slot>, Vec<PathBuf>, String), No> {
        let command = text(request, "command")
            .ok_or_else(|| No::new(Status::InvalidArgument, "argument command is missing"))?;
        let force = flag(request, "force");
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
        Ok((slot, ports, command.trim().to_string()))
    }

    /// The ports that may take commands, the likeliest first, as they are named now. The
    /// option of an interface on this modem counts first, then what is known of the model.
    pub(super) fn at_ports(&self, slot: &Slot) -> Result<Vec<PathBuf>, No> {
        match self.control_at(slot).as_deref() {
            Some("none") => {
                let why = "option control_at 'none' leaves the AT port alone";
                return Err(No::new(Status::NotSupported, why));
            }
            Some(path) => return Ok(vec![PathBuf::from(path)]),
            None => {}
        }
        // Ports come back under other names while the control device keeps its own.
        let now = self.sysfs.modems().into_iter().find(|found| found.id == slot.id);
        let ports = now.map(|found| candidates(&found)).unwrap_or_default();
        if ports.is_empty() {
            let why = "the modem shows no port that takes AT commands; option control_at can name one";
            return Err(No::new(Status::NotSupported, why));
        }
        Ok(ports.iter().map(|name| self.sysfs.node(name)).listed())
    }

    fn control_at(&self, slot: &Slot) -> Option<String> {
        self.interfaces
            .values()
            .filter(|interface| interface.modem.as_ref() == Some(&slot.id))
            .find_map(|interface| interface.config.as_ref()?.control_at.clone())
    }

    /// A new configuration may take the port away, or name another one.
    pub(super) fn review_port(&self, slot: &Rc<Slot>) {
        slot.side.close_unless(&self.at_ports(slot).unwrap_or_default());
        self.keep_port(slot);
    }

    /// Opens the port of a modem that needs it for more than commands, where there is one.
    pub(super) fn keep_port(&self, slot: &Rc<Slot>) {
        if !slot.side.wants_port() {
            return;
        }
        if let Ok(ports) = self.at_ports(slot) {
            crate::task::spawn(side::keep(slot.clone(), ports));
        }
    }
}

/// The names of the ports that may take commands, the likeliest first.
fn candidates(found: &Found) -> Vec<String> {
    let quirks = quirks::of(found.vendor, found.product);
    if quirks.no_at {
        return Vec::new();
    }
    let mut ports: Vec<&TtyPort> = found.ports.iter().listed();
    ports.sort_by_key(|port| {
        (Some(port.interface) != quirks.at_interface, unlikely(port.class), port.interface)
    });
    ports.iter().map(|port| port.name.clone()).listed()
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

/// Sends the command through the modem's port.
async fn ask(slot: &Rc<Slot>, ports: &[PathBuf], command: &str) -> Result<Value, No> {
    let port = side::port(slot, ports).await?;
    let limit = if command.to_ascii_uppercase().contains("+COPS=?") { SCAN_TIMEOUT } else { USUAL_TIMEOUT };
    let path = slot.side.path().unwrap_or_default();
    let reply = port.command(command, limit).await.map_err(|error| Refused::Said(error.to_string()))?;
    Ok(json!({
        "port": path.display().to_string(),
        "lines": reply.lines,
        "result": reply.result.to_string(),
    }))
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
        assert_eq!(known, ["ttyUSB2", "ttyUSB1", "ttyUSB0"]);
        let unknown = candidates(&found(0x1234, 0x0800, ports));
        assert_eq!(unknown, ["ttyUSB1", "ttyUSB2", "ttyUSB0"]);
    }

    #[test]
    fn a_model_whose_ports_never_answer_is_not_asked() {
        assert!(candidates(&found(0x1199, 0x9013, vec![port("ttyUSB0", 1, (0xff, 0xff, 0xff))])).is_empty());
    }
}
