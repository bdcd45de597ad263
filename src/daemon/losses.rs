//! What a link's losses and gains mean for its recovery: the bearer ended, it is dialled again,
//! the modem tells that something improved.

use super::Daemon;
use crate::cause::Cause;
use crate::fault::{Diagnosis, Fault, Health};
use crate::ladder::{Event, Sight};
use crate::link;

impl Daemon {
    /// The bearer ended under the link, or its modem left.
    pub(super) fn fell(&mut self, name: &str, cause: &Cause) {
        self.outage_begins(name, 0);
        if matches!(cause, Cause::NoModem(_)) {
            return self.consider(name);
        }
        let diagnosis = Diagnosis { fault: Fault::NoBearer, evidence: cause.details() };
        self.outage_is(name, &diagnosis);
        self.place_outage(name);
        let others_healthy = self.slot_of(name).is_some_and(|slot| self.others(name, &slot).healthy > 0);
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        interface.recovery.diagnosis = Some(diagnosis);
        let watched = interface.config.as_ref().is_some_and(|config| config.watchdog.enabled);
        if watched && !self.is_taken(name) {
            self.climb(name, Event::Wrong(Sight { fault: Fault::NoBearer, flows: false, others_healthy }));
        }
    }

    /// The link is dialled, or taken over.
    pub(super) fn connected(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let watched = interface.watch.is_some();
        if let Some(modem) = interface.modem.clone() {
            self.ledger(&modem).sim_was_ready();
        }
        if !watched {
            // Nobody else will say that it is over.
            self.handle(name, link::Event::Health(Health::Off));
            self.proved(name);
        }
    }

    /// Something that held the links of this modem up is gone.
    pub(super) fn changed(&mut self, modem: &str) {
        let troubled =
            |i: &super::links::Interface| i.modem.as_deref() == Some(modem) && i.recovery.diagnosis.is_some();
        let names: Vec<String> =
            self.interfaces.iter().filter(|(_, i)| troubled(i)).map(|(name, _)| name.clone()).collect();
        for name in names {
            if !self.is_taken(&name) {
                self.climb(&name, Event::Changed);
            }
        }
    }
}
