//! netifd's view and ours, brought together after one of us was away: a restart of netifd, of
//! ubusd or of this daemon.
//!
//! Contract: what netifd wants counts. An interface that it shows up or pending is wanted, one
//! that it shows down for good is not; a link that is up is told again and never dialled again.

use std::time::Duration;

use tokio::time::Instant;

use super::links::Interface;
use super::{Daemon, Letter, outbox};
use crate::link::Event;
use crate::netifd;
use crate::task::sleep;
use crate::ubus::Notice;
use crate::words::{LinkState, ModemState};

/// netifd ends the teardown and then takes the interface out, all in milliseconds.
const TAKEN_OUT: Duration = Duration::from_secs(2);

impl Daemon {
    /// netifd is there, for the first time or again.
    pub(super) fn on_netifd(&mut self, notice: Notice) {
        if notice != Notice::Attached {
            return;
        }
        let (client, letters) = (self.client.clone(), self.letters.clone());
        let since = Instant::now();
        crate::task::spawn(async move {
            let shown = outbox::dump(&client).await.unwrap_or_default();
            let _ = letters.send(Letter::Netifd(since, shown));
        });
    }

    /// What netifd answered when it was asked at `since`.
    pub(super) fn on_shown(&mut self, since: Instant, shown: &[outbox::Shown]) {
        for theirs in shown {
            if theirs.up || theirs.pending {
                self.on_wanted_by_netifd(theirs);
            } else if !theirs.autostart {
                self.on_down_in_netifd(&theirs.interface, since);
            }
        }
    }

    fn on_wanted_by_netifd(&mut self, theirs: &outbox::Shown) {
        let ours = self.interfaces.get(&theirs.interface).filter(|interface| interface.link.wanted());
        match ours.map(|interface| interface.link.bearer().cloned()) {
            // We were restarted: netifd has the configuration.
            None => {
                let interface = self.interfaces.or_insert_with(&theirs.interface, Interface::new);
                interface.inherited_up = theirs.up;
                self.outbox.renew(&theirs.interface);
            }
            Some(Some(bearer)) => self.link_up(&theirs.interface, bearer.into()),
            Some(None) if theirs.up => self.outbox.notify(netifd::link_down(&theirs.interface)),
            Some(None) => {}
        }
    }

    /// An `ifdown` that could not reach us. A link-up would put addresses on the device of an
    /// interface that is down, and nobody would take them off.
    fn on_down_in_netifd(&mut self, name: &str, since: Instant) {
        let ours = self.interfaces.get(name).filter(|interface| interface.link.wanted());
        // An `ifup` since then is newer than what netifd answered.
        if ours.is_some_and(|interface| interface.asked < since) {
            self.handle(name, Event::Unwanted);
        }
    }

    /// An interface that came down may be no more: netifd takes it out of its list when its
    /// section is gone from the configuration, and says no word of that to its handler.
    pub(super) fn look_after_down(&self, name: &str, ended: impl Future<Output = ()> + 'static) {
        let (client, letters, name) = (self.client.clone(), self.letters.clone(), name.to_string());
        crate::task::spawn(async move {
            ended.await;
            sleep(TAKEN_OUT).await;
            let Some(shown) = outbox::dump(&client).await else { return };
            if !shown.iter().any(|theirs| theirs.interface == name) {
                let _ = letters.send(Letter::Removed(name));
            }
        });
    }

    /// netifd has no such interface any more. A modem that no other one names is given back.
    pub(super) fn on_removed(&mut self, name: &str) {
        let down = |interface: &Interface| interface.link.state() == LinkState::Down;
        if !self.interfaces.get(name).is_some_and(down) {
            return;
        }
        log::debug!("{name}: removed from the configuration");
        let Some(modem) = self.interfaces.remove(name).and_then(|interface| interface.modem) else { return };
        let named = self.interfaces.values().any(|other| other.modem.as_ref() == Some(&modem));
        if let Some(slot) = self.slots.get(&modem).filter(|_| !named) {
            if slot.state() != ModemState::Missing {
                slot.close(ModemState::Seen);
            }
        }
    }
}
