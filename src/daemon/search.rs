//! Which modem an interface means, and what follows while it is not there.

use std::rc::Rc;
use std::time::Duration;

use super::Daemon;
use super::carrier;
use super::links::{Interface, JobResult};
use super::slot::Slot;
use crate::cause::Cause;
use crate::device::{DeviceSpec, same_imei};
use crate::link::Event;
use crate::linux::sysfs::{Found, NotFound};
use crate::words::ModemState;

/// A simulator's socket has no uevents: look again this often.
const SOCKET_AGAIN: Duration = Duration::from_secs(1);

impl Daemon {
    /// Which modem an interface means, if it is there, and its network device with it.
    pub(super) fn locate(&self, interface: &Interface) -> Result<Found, NotFound> {
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
        Event::ModemWent { cause: Cause::NoModem(sought), again }
    }

    /// For an interface that waits for its modem: the event, if it still is not there.
    pub(super) fn still_away(&self, name: &str) -> Option<Event> {
        let interface = self.interfaces.get(name).filter(|interface| interface.awaits_modem())?;
        match self.locate(interface) {
            Err(NotFound::Missing(text)) => Some(self.away(interface, text)),
            Ok(_) | Err(NotFound::AskImei(_) | NotFound::Several(_)) => None,
        }
    }

    /// Opens modems until one has the IMEI that is looked for.
    pub(super) fn ask_imei(&mut self, name: &str, candidates: Vec<Found>) {
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        // Where it was is another one's place by now, perhaps.
        interface.modem = None;
        let wanted = interface.spec.clone();
        let slots: Vec<Rc<Slot>> = candidates.into_iter().map(|found| self.slot(found)).collect();
        // An open one is somebody's; one that an earlier process had open may hold a session,
        // which to close it would end.
        let keep = |slot: &Rc<Slot>| self.memory.channel(&slot.id).is_some();
        let kept: Vec<String> = slots.iter().filter(|slot| keep(slot)).map(|slot| slot.id.clone()).collect();
        self.start_job(name, async move {
            let mut spare = Vec::new();
            for slot in slots {
                let asked = async { slot.open(None).await?.identify().await };
                if let Err(cause) = asked.await {
                    log::debug!("{}: not asked for its IMEI: {cause}", slot.id);
                }
                let is_wanted = slot.imei().is_some_and(
                    |told| matches!(&wanted, Some(DeviceSpec::Imei(wanted)) if same_imei(wanted, &told)),
                );
                if !kept.contains(&slot.id) {
                    spare.push(slot);
                }
                if is_wanted {
                    break;
                }
            }
            JobResult::Asked(spare)
        });
    }

    /// Dials at once where one of them was the one; an adopted session would not survive a wait.
    pub(super) fn on_asked(&mut self, name: &str, spare: &[Rc<Slot>]) {
        let Some(interface) = self.interfaces.get(name) else { return };
        match (self.locate(interface), interface.config.clone()) {
            (Ok(found), Some(config)) => self.dial(name, &config, found),
            (Err(NotFound::Missing(text)), _) => {
                let event = self.away(interface, text);
                self.handle(name, event);
            }
            _ => {
                let cause = Cause::NoModem("looking for the modem with that IMEI".into());
                self.handle(name, Event::Failed(cause));
                self.consider(name);
            }
        }
        for slot in spare {
            let used = |interface: &Interface| interface.modem.as_ref() == Some(&slot.id);
            if slot.state() != ModemState::Missing && !self.interfaces.values().any(used) {
                slot.close(ModemState::Seen);
            }
        }
    }
}
