//! Which modem an interface means, and what follows while it is not there.

use std::rc::Rc;
use std::time::Duration;

use super::Daemon;
use super::carrier;
use super::links::Interface;
use crate::cause::Cause;
use crate::device::DeviceSpec;
use crate::link::Event;
use crate::linux::sysfs::{Found, NotFound};

/// A simulator's socket has no uevents: look again this often.
const SOCKET_AGAIN: Duration = Duration::from_secs(1);

impl Daemon {
    /// Which modem an interface means, if it is there, and its network device with it.
    pub(super) fn locate(&self, interface: &Interface) -> Result<Rc<Found>, NotFound> {
        let Some(spec) = &interface.spec else { return Err(NotFound::Missing("no configuration".into())) };
        let known = |found: &Found| self.slots.get(&found.id).and_then(|slot| slot.imei());
        let found = self.sysfs.find(spec, &known)?;
        // netifd has no error for a device that is not there: its link would stay down in silence.
        match interface.config.as_ref().and_then(|config| config.netdev.as_ref()) {
            Some(netdev) if !carrier::is_there(&self.sysfs, netdev) => {
                Err(NotFound::Missing(format!("the network device {netdev} of option netdev is not there")))
            }
            _ => Ok(found),
        }
    }

    /// Its modem is there, or one that has to be asked whether it is the one.
    pub(super) fn may_be_there(&self, interface: &Interface) -> bool {
        matches!(self.locate(interface), Ok(_) | Err(NotFound::AskImei(_)))
    }

    pub(super) fn away(&self, interface: &Interface, sought: String) -> Event {
        let socket = matches!(interface.spec, Some(DeviceSpec::Socket(_)));
        let again = (socket || !self.hears_kernel).then_some(SOCKET_AGAIN);
        Event::ModemWent { cause: Cause::NoModem(sought).into(), again }
    }

    /// For an interface that waits for its modem: the event, if it still is not there.
    pub(super) fn still_away(&self, name: &str) -> Option<Event> {
        let interface = self.interfaces.get(name).filter(|interface| interface.awaits_modem())?;
        match self.locate(interface) {
            Err(NotFound::Missing(text)) => Some(self.away(interface, text)),
            Ok(_) | Err(NotFound::AskImei(_) | NotFound::Several(_)) => None,
        }
    }
}
