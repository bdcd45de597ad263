//! The end of a link's job, and what follows from it.

use std::rc::Rc;

use tokio::time::Instant;

use super::links::{Done, Interface, JobResult};
use super::slot::Slot;
use super::{Daemon, memory};
use crate::cause::Cause;
use crate::dial::Note;
use crate::link::Event;
use crate::linux::text;
use crate::words::ModemState;

impl Daemon {
    pub(super) fn read_settings(&mut self, slot: &Rc<Slot>, session: u32) {
        let Some(modem) = slot.modem() else { return };
        let of_it = |i: &&Interface| i.modem.as_ref() == Some(&slot.id) && i.session() == session;
        let Some((name, bearer)) = self
            .interfaces
            .iter()
            .find(|(_, i)| of_it(i))
            .and_then(|(name, i)| Some((name.clone(), i.link.bearer()?.clone())))
        else {
            return;
        };
        self.start_job(&name, async move { JobResult::Settings(modem.settings(&bearer).await) });
    }

    pub(super) fn on_done(&mut self, done: Done) {
        let Some(interface) = self.interfaces.get_mut(&done.interface) else { return };
        if interface.jobs != done.job {
            return;
        }
        text::let_go_soon();
        interface.job = None;
        let slot = interface.modem.as_ref().and_then(|id| self.slots.get(id)).cloned();
        let hung = match &done.result {
            JobResult::Connected(Err(cause)) | JobResult::Settings(Err(cause)) => **cause == Cause::ModemHung,
            _ => false,
        };
        if let (true, Some(slot)) = (hung, &slot) {
            // A fresh OPEN is the first thing that may cure it.
            slot.close(ModemState::Hung);
        }
        match done.result {
            JobResult::Connected(Ok(bearer)) => {
                self.keep_session(&done.interface, memory::since_boot());
                if let Some(slot) = &slot {
                    slot.remember();
                }
                self.down_where_inherited(&done.interface, &bearer);
                self.handle(&done.interface, Event::Connected(bearer));
                self.connected(&done.interface);
                slot.inspect(introduce);
            }
            JobResult::Adopted(bearer, since) => {
                let ago = memory::since_boot().saturating_sub(since);
                let now = Instant::now().into_std();
                let since = now.checked_sub(ago).unwrap_or(now);
                self.handle(&done.interface, Event::Adopted { bearer, since });
                self.connected(&done.interface);
                slot.inspect(introduce);
            }
            JobResult::Connected(Err(cause)) => {
                self.handle(&done.interface, Event::Failed(cause));
                self.consider(&done.interface);
            }
            JobResult::Repaired(result) => self.on_repaired(&done.interface, result),
            JobResult::Settings(Ok(bearer)) => {
                self.handle(&done.interface, Event::Changed(bearer));
                self.renewed(&done.interface);
            }
            JobResult::Settings(Err(cause)) => self.handle(&done.interface, Event::Lost(cause)),
        }
    }
}

/// Asks, beside the link, what is nice to know.
fn introduce(slot: &Rc<Slot>) {
    let Some(modem) = slot.modem() else { return };
    let slot = slot.clone();
    crate::task::spawn(async move {
        modem.introduce().await;
        // It may have got a client id that a successor has to know of.
        if slot.modem().is_some_and(|now| Rc::ptr_eq(&now, &modem)) {
            slot.remember();
        }
        text::let_go_soon();
        if !modem.tells_messages() {
            slot.side.need();
            slot.tell(Note::PortWanted);
        }
    });
}
