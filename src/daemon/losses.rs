//! What a link's losses and gains mean for its recovery: the bearer ended, it is dialled again,
//! the modem tells that something improved.

use super::Daemon;
use crate::cause::Cause;
use crate::fault::{Diagnosis, Fault, Health};
use crate::few::Listed;
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
        let sight = self.sight(name, Fault::NoBearer, false);
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        interface.recovery.diagnosis = Some(diagnosis);
        let watched = interface.config.as_ref().is_some_and(|config| config.watchdog.enabled);
        if watched && !self.is_taken(name) {
            self.climb(name, Event::Wrong(sight));
        }
    }

    /// The fault, with what stands against some rungs: links that work.
    pub(super) fn sight(&self, name: &str, fault: Fault, flows: bool) -> Sight {
        let modem = self.interfaces.get(name).and_then(|interface| interface.modem.as_ref());
        let mut sight = Sight { fault, flows, others_healthy: false, shared: false };
        for (other, interface) in self.interfaces.iter() {
            let health = interface.watch.as_ref().map(|watch| watch.dog.health());
            if other != name && health == Some(Health::Healthy) {
                sight.others_healthy = true;
                sight.shared |= interface.modem.as_ref() == modem;
            }
        }
        sight
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
            self.interfaces.iter().filter(|(_, i)| troubled(i)).map(|(name, _)| name.clone()).listed();
        for name in names {
            if !self.is_taken(&name) {
                self.climb(&name, Event::Changed);
            }
        }
    }
}
