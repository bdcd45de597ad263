//! What goes wrong with a simulated QMI modem: which messages, and what then happens. How
//! often and for how long is [`super::super::fault`]'s.

use std::time::Duration;

use uwand::qmi::error::QmiError;
use uwand::qmi::frame::{Frame, Service};
use uwand::qmi::messages::call_end::{CallEndReason, VerboseType};
use uwand::qmi::tlv::Request;

use super::super::fault::{Fault, Hits};

/// Messages of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Anything,
    /// Everything but CTL.
    AnyService,
    Service(Service),
    Message(Service, u16),
}

impl On {
    pub fn message<R: Request>() -> Self {
        On::Message(R::SERVICE, R::ID)
    }
}

impl Hits<Frame> for On {
    fn hits(&self, frame: &Frame) -> bool {
        match *self {
            On::Anything => true,
            On::AnyService => frame.service != Service::Ctl,
            On::Service(service) => frame.service == service,
            On::Message(service, id) => (frame.service, frame.message) == (service, id),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The message was never heard.
    Deaf,
    /// It is dealt with so much later.
    Slow(Duration),
    /// It is dealt with; the answer gets lost, indications do not.
    DropAnswer,
    DuplicateAnswer,
    /// The answer carries a transaction that was never asked.
    WrongTransaction,
    /// The answer goes to a client that this host does not have.
    WrongClient,
    /// These bytes come first, as a read of their own.
    Before(Vec<u8>),
    /// These bytes come instead of the answer.
    Instead(Vec<u8>),
    /// The read ends after so many bytes; its header still promises all.
    Truncate(usize),
    /// So many indications come in one read with the answer, one of them behind it.
    Glue(usize),
    /// So many signal indications come before the answer.
    Flood(usize),
    /// Nothing is done; this is the answer.
    Refuse(QmiError),
    /// A start of the network fails with these reasons.
    CallEnds(CallEndReason, VerboseType, i16),
    /// The modem starts anew before it answers: all client ids are gone, SYNC is indicated.
    Reset,
    /// The modem leaves the bus before it answers.
    Vanish,
}

pub type QmiFault = Fault<On, Effect>;
