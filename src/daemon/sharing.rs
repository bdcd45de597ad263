//! Several interfaces on one modem: what they have to agree on.
//!
//! Contract: each has a session of its own. On a QMI modem either one interface goes without
//! option `session`, or all have one above 0 and go by QMAP channels: the modem puts a channel's
//! number before every packet or before none. The interface that comes second is told so and
//! nothing of the first one changes; it is tried again when the other one goes.
//!
//! Why not move session 0 into a channel of its own, once there is a second interface? That
//! would take a running link down because another one came, and give it another device.

use super::Daemon;
use super::links::Interface;
use crate::cause::Cause;
use crate::config::Config;
use crate::few::Listed;
use crate::link::Event;
use crate::linux::sysfs::Found;
use crate::words::{Control, LinkState};

const SESSION: &str = "session";

impl Daemon {
    /// Why an interface cannot have this modem beside those that have it already.
    pub(super) fn clash(&self, name: &str, config: &Config, found: &Found) -> Option<Cause> {
        let modem = self.slots.get(&found.id).and_then(|slot| slot.modem());
        let control = modem.map(|modem| modem.control()).or(config.control).or(found.control);
        // One whose modem left has only been here: another modem is in its place now.
        let is_away = |i: &Interface| {
            i.link.state() == LinkState::Waiting && matches!(i.link.cause(), Some(Cause::NoModem(_)))
        };
        let others = self.interfaces.iter().filter(|(other, i)| {
            let on_it = i.modem.as_deref() == Some(found.id.as_str()) && i.link.wanted() && !is_away(i);
            other.as_str() != name && on_it
        });
        for (other, interface) in others {
            let theirs = interface.session();
            let remedy = if theirs == config.session {
                format!("{other} has this session of the modem; give each interface another one")
            } else if control == Some(Control::Qmi) && theirs == 0 {
                format!("{other} uses this QMI modem without a session; give it one above 0 as well")
            } else if control == Some(Control::Qmi) && config.session == 0 {
                format!("{other} uses this QMI modem with session {theirs}; give this one another above 0")
            } else {
                continue;
            };
            let value = config.session.to_string();
            return Some(Cause::BadConfig { option: SESSION.into(), value, remedy });
        }
        None
    }

    /// An interface gave its session up: those that were told to wait for that are tried again.
    pub(super) fn after_leaving(&mut self) {
        let clashed = |i: &Interface| {
            i.link.state() == LinkState::Blocked
                && matches!(i.link.cause(), Some(Cause::BadConfig { option, .. }) if option == SESSION)
        };
        let names: Vec<String> =
            self.interfaces.iter().filter(|(_, i)| clashed(i)).map(|(name, _)| name.clone()).listed();
        for name in names {
            self.handle(&name, Event::Wanted { changed: true, delay: std::time::Duration::ZERO });
        }
    }

    /// Resolves when nobody's disconnect is under way on this modem.
    pub(super) fn disconnected(&self, modem: &str) -> impl Future<Output = ()> + 'static {
        let on_it = self.interfaces.values().filter(|i| i.modem.as_deref() == Some(modem));
        let ends: Vec<_> = on_it.map(Interface::disconnected).listed();
        async move {
            for end in ends {
                end.await;
            }
        }
    }
}
