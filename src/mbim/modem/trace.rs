//! What passes on the control channel, for a person who watches.

use std::cell::RefCell;
use std::rc::Rc;

use super::Modem;
use crate::answers::{Sink, Traced};
use crate::mbim::client::Direction;
use crate::mbim::describe::describe;
use crate::mbim::fragment::{Joined, Joiner};

impl Modem {
    /// Shows every message to `sink`, masked, until the next call; costs nothing with `None`.
    pub fn trace(&self, sink: Option<Sink>) {
        let Some(sink) = sink else { return self.client.clear_tap() };
        let joiners = RefCell::new([Joiner::default(), Joiner::default()]);
        let board = Rc::downgrade(&self.board);
        self.client.set_tap(move |direction, transfer| {
            let to_modem = direction == Direction::ToModem;
            let [to, from] = &mut *joiners.borrow_mut();
            let joiner = if to_modem { to } else { from };
            match joiner.push(transfer) {
                Ok(Joined::Whole(message)) => {
                    let extensions = board.upgrade().map_or(1, |board| board.read().extensions.max(1));
                    let described = describe(&message, extensions);
                    sink(Traced { to_modem, text: described.text, bytes: message, shown: described.shown });
                }
                // Its rest comes.
                Ok(Joined::Partial | Joined::Ignored) => {}
                Ok(Joined::Fault { .. }) | Err(_) => {
                    let text = format!("{} bytes that are no message", transfer.len());
                    let shown = vec![false; transfer.len()];
                    sink(Traced { to_modem, text, bytes: transfer.to_vec(), shown });
                }
            }
        });
    }
}
