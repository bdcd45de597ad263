//! Where a modem's word is posted: what it told so far, for procedures to read and wait on.
//!
//! Contract: answers and indications are posted alike, so a procedure that waits for
//! something needs no second code path for "it was so already". Every post wakes all who
//! wait; facts that changed are noted to the daemon, with whether they improved.
//!
//! Why not a channel for each? A value that is known before somebody asks would be lost in
//! one, and two who wait for the same would need two.

use std::cell::{Ref, RefCell};
use std::pin::Pin;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::dial::Note;
use crate::task::timeout_at;
use crate::words::{Facts, Registration, SimState};

pub type Notify = Box<dyn Fn(Note)>;

/// Protocol-specific knowledge, with the facts in it that everybody understands.
pub trait Known {
    fn facts(&self) -> &Facts;
}

pub struct Board<K> {
    known: RefCell<K>,
    /// Counts the posts.
    changes: watch::Sender<u32>,
    notify: Notify,
}

impl<K: Known> Board<K> {
    pub fn new(known: K, notify: Notify) -> Board<K> {
        Board { known: RefCell::new(known), changes: watch::channel(0).0, notify }
    }

    pub fn read(&self) -> Ref<'_, K> {
        self.known.borrow()
    }

    /// Changes what is known; `change` gives the notes that follow from it.
    pub fn post(&self, change: impl FnOnce(&mut K) -> Vec<Note>) {
        let mut change = Some(change);
        self.post_by(&mut |known| change.take().map(|change| change(known)).unwrap_or_default());
    }

    /// Once for all changes.
    fn post_by(&self, change: &mut dyn FnMut(&mut K) -> Vec<Note>) {
        let before = self.known.borrow().facts().clone();
        let notes = change(&mut self.known.borrow_mut());
        let (changed, improved) = {
            let known = self.known.borrow();
            let after = known.facts();
            (*after != before, Readiness::of(after).improves_on(&Readiness::of(&before)))
        };
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        if changed {
            self.note(Note::Facts { improved });
        }
        notes.into_iter().for_each(|note| self.note(note));
    }

    /// A procedure's own mark, of which nobody has to hear.
    pub fn mark<T>(&self, change: impl FnOnce(&mut K) -> T) -> T {
        change(&mut self.known.borrow_mut())
    }

    pub fn note(&self, note: Note) {
        (self.notify)(note);
    }

    /// Waits until `done` says so of what is known, at the latest until the deadline.
    pub async fn until<T>(&self, deadline: Instant, mut done: impl FnMut(&K) -> Option<T>) -> Option<T> {
        let mut value = None;
        let mut is_done = || {
            value = done(&self.known.borrow());
            value.is_some()
        };
        until_done(&self.changes, deadline, &mut is_done).await;
        value
    }
}

/// One wait for all that is waited for.
fn until_done<'a>(
    changes: &'a watch::Sender<u32>,
    deadline: Instant,
    is_done: &'a mut dyn FnMut() -> bool,
) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    Box::pin(async move {
        let mut changes = changes.subscribe();
        loop {
            changes.borrow_and_update();
            if is_done() || !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                return;
            }
        }
    })
}

/// How far a modem is on its way to a connection; more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Readiness {
    sim: u8,
    radio: u8,
    registration: u8,
    attached: u8,
}

impl Readiness {
    fn of(facts: &Facts) -> Readiness {
        let on = |switch: Option<bool>| u8::from(switch == Some(true));
        Readiness {
            sim: match facts.sim {
                None | Some(SimState::Unknown | SimState::Absent | SimState::Failed) => 0,
                Some(SimState::NotReady) => 1,
                Some(SimState::PukRequired) => 2,
                Some(SimState::PinRequired) => 3,
                Some(SimState::NotActivated) => 4,
                Some(SimState::Ready) => 5,
            },
            radio: on(facts.radio_hardware) + on(facts.radio_software),
            registration: match facts.registration {
                Some(Registration::Home) => 3,
                Some(Registration::Roaming | Registration::Partner) => 2,
                Some(Registration::Searching) => 1,
                None | Some(Registration::Unknown | Registration::NotRegistered | Registration::Denied) => 0,
            },
            attached: on(facts.attached),
        }
    }

    fn improves_on(&self, before: &Readiness) -> bool {
        self.sim > before.sim
            || self.radio > before.radio
            || self.registration > before.registration
            || self.attached > before.attached
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    impl Known for Facts {
        fn facts(&self) -> &Facts {
            self
        }
    }

    #[test]
    fn only_what_helps_a_link_counts_as_better() {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let ear = heard.clone();
        let board = Board::new(Facts::default(), Box::new(move |note| ear.borrow_mut().push(note)));
        let post = |change: &dyn Fn(&mut Facts)| {
            board.post(|facts| {
                change(facts);
                Vec::new()
            });
            heard.borrow_mut().pop()
        };
        assert_eq!(post(&|facts| facts.sim = Some(SimState::Ready)), Some(Note::Facts { improved: true }));
        assert_eq!(post(&|facts| facts.signal.rssi_dbm = Some(-70)), Some(Note::Facts { improved: false }));
        assert_eq!(post(&|_| {}), None);
        assert_eq!(post(&|facts| facts.sim = Some(SimState::Absent)), Some(Note::Facts { improved: false }));
    }
}
