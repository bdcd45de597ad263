//! QMI inside a simulated MBIM modem: the simulated QMI modem behind one CID, as Qualcomm's
//! firmware has it. Each frame is answered within its MBIM command; what QMI says unasked comes as
//! an indication of the same CID.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::mpsc::unbounded_channel;
use tokio::task::{AbortHandle, spawn_local};
use uwand::mbim::messages::{Message, Raw, qmi::QmiMessage};
use uwand::mbim::{Content, Frame, Service};
use uwand::qmi::frame::{Frame as QmiFrame, Kind, Splitter};

use super::super::qmi::QmiModem;
use super::SimModem;
use super::state::done;

/// Service, client and transaction of a request, and the MBIM transaction that it came in.
type Waiting = ((u8, u8, u16), u32);

pub struct Inside {
    modem: QmiModem,
    waiting: RefCell<Vec<Waiting>>,
    task: AbortHandle,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SimModem {
    /// The QMI modem inside, to give it faults and to look at its client ids.
    pub fn inside(&self) -> QmiModem {
        let mut inside = self.0.inside.borrow_mut();
        inside.get_or_insert_with(|| self.build()).modem.clone()
    }

    fn build(&self) -> Inside {
        let setup = self.0.state.borrow().setup.inside.clone().expect("a modem with QMI inside");
        let modem = QmiModem::new(*setup);
        let (out, mut frames) = unbounded_channel();
        modem.carry_to(out);
        let inner = Rc::downgrade(&self.0);
        let task = spawn_local(async move {
            while let Some(bytes) = frames.recv().await {
                let Some(inner) = inner.upgrade() else { return };
                SimModem(inner).answer_inside(bytes);
            }
        });
        Inside { modem, waiting: RefCell::default(), task: task.abort_handle() }
    }

    /// A frame of the host; whether this modem takes them.
    pub(super) fn take_inside(&self, transaction: u32, bytes: &[u8]) -> bool {
        if self.0.state.borrow().setup.inside.is_none() {
            return false;
        }
        let modem = self.inside();
        for frame in Splitter::default().push(bytes).into_iter().flatten() {
            let place = (frame.service.into(), frame.client, frame.transaction);
            if let Some(inside) = &*self.0.inside.borrow() {
                inside.waiting.borrow_mut().push((place, transaction));
            }
        }
        modem.carried(bytes);
        // The lock that keeps the radio off is one for both.
        let unlocked = modem.fcc_is_open();
        self.act(|state| state.fcc_locked &= !unlocked);
        true
    }

    fn answer_inside(&self, bytes: Vec<u8>) {
        let frame = Splitter::default().push(&bytes).into_iter().flatten().next();
        let place =
            frame.as_ref().map(|frame: &QmiFrame| (u8::from(frame.service), frame.client, frame.transaction));
        let told = frame.is_some_and(|frame| frame.kind == Kind::Indication);
        let transaction = self.0.inside.borrow().as_ref().and_then(|inside| {
            let mut waiting = inside.waiting.borrow_mut();
            let mine = waiting.iter().position(|(asked, _)| Some(*asked) == place);
            // What is no frame answers whoever waits longest.
            let at = mine.or((place.is_none() && !waiting.is_empty()).then_some(0));
            at.map(|at| waiting.remove(at).1)
        });
        let body = QmiMessage { qmux: Raw(bytes) };
        let (service, cid) = (Service::Qmi, QmiMessage::CID);
        match transaction {
            Some(transaction) => self.act(|state| state.answer(transaction, service, cid, done(&body))),
            None if told => {
                let content = Content::Indication { service, cid, body: body.emit() };
                self.act(|state| state.out.push(Frame::new(0, content)));
            }
            None => {}
        }
    }
}

impl QmiModem {
    /// Whether nothing keeps the radio off any more.
    fn fcc_is_open(&self) -> bool {
        self.act(|state| state.fcc.is_none())
    }
}
