//! What goes wrong with a simulated modem, by script: a fault says which messages of the
//! host it hits, how often, from when on and for how long, and what then happens.
//!
//! [`On`] and [`Effect`] are MBIM's; a modem of another protocol has its own in their place.

use std::time::Duration;

use tokio::time::Instant;
use uwand::mbim::messages::Message;
use uwand::mbim::{Content, Kind, ProtocolError, Service, Status};

/// Messages of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Anything,
    Open,
    Close,
    AnyCommand,
    Command(Service, u32),
    Set(Service, u32),
    Query(Service, u32),
}

impl On {
    /// Every COMMAND with the CID of this message.
    pub fn message<M: Message>() -> Self {
        On::Command(M::SERVICE, M::CID)
    }

    pub fn set<M: Message>() -> Self {
        On::Set(M::SERVICE, M::CID)
    }

    pub fn query<M: Message>() -> Self {
        On::Query(M::SERVICE, M::CID)
    }
}

/// Whether a message of the host is one of those that a fault names.
pub trait Hits<M> {
    fn hits(&self, message: &M) -> bool;
}

impl Hits<Content> for On {
    fn hits(&self, content: &Content) -> bool {
        match (*self, content) {
            (On::Anything, _)
            | (On::Open, Content::Open { .. })
            | (On::Close, Content::Close)
            | (On::AnyCommand, Content::Command { .. }) => true,
            (On::Command(service, cid), Content::Command { service: s, cid: c, .. }) => {
                (service, cid) == (*s, *c)
            }
            (On::Set(service, cid), Content::Command { service: s, cid: c, kind, .. }) => {
                (service, cid, Kind::Set) == (*s, *c, *kind)
            }
            (On::Query(service, cid), Content::Command { service: s, cid: c, kind, .. }) => {
                (service, cid, Kind::Query) == (*s, *c, *kind)
            }
            _ => false,
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
    /// These bytes come first.
    Before(Vec<u8>),
    /// These bytes come instead of the answer.
    Instead(Vec<u8>),
    /// The transfer ends after so many bytes; its header still promises all.
    Truncate(usize),
    /// So many bytes too many in the transfer, beyond what its header says.
    Overlong(usize),
    /// MessageLength is this, whatever it should be.
    FalseLength(u32),
    /// Nothing is done; the answer has this status and an empty buffer.
    Refuse(Status),
    /// Nothing is done; FUNCTION_ERROR is the answer.
    FunctionError(ProtocolError),
    /// CLOSE_DONE is the answer (to an OPEN: EM7345 with a stale session).
    CloseDone,
    /// So many OPEN_DONE (EM820W).
    Repeat(usize),
    /// So many signal indications come before the answer.
    Flood(usize),
    /// The modem leaves the bus before it answers.
    Vanish,
}

#[derive(Debug, Clone)]
pub struct Fault<O = On, E = Effect> {
    on: O,
    effect: E,
    skip: u32,
    times: u32,
    lasting: Option<Duration>,
    until: Option<Instant>,
}

impl<O, E> Fault<O, E> {
    /// Hits every such message, for ever.
    pub fn new(on: O, effect: E) -> Self {
        Fault { on, effect, skip: 0, times: u32::MAX, lasting: None, until: None }
    }

    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    pub fn once(self) -> Self {
        self.times(1)
    }

    /// The first so many messages are spared.
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// Ends so much later, counted from when it was given to the modem.
    pub fn lasting(mut self, lasting: Duration) -> Self {
        self.lasting = Some(lasting);
        self
    }
}

/// The script of one modem.
#[derive(Debug)]
pub struct Faults<O = On, E = Effect>(Vec<Fault<O, E>>);

impl<O, E> Default for Faults<O, E> {
    fn default() -> Self {
        Faults(Vec::new())
    }
}

impl<O, E: Clone> Faults<O, E> {
    pub fn add(&mut self, mut fault: Fault<O, E>) {
        fault.until = fault.lasting.map(|lasting| Instant::now() + lasting);
        self.0.push(fault);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What happens to this message, in the order in which the faults were given.
    pub fn strike<M>(&mut self, message: &M) -> Vec<E>
    where
        O: Hits<M>,
    {
        let now = Instant::now();
        self.0.retain(|fault| fault.times > 0 && fault.until.is_none_or(|until| now < until));
        let mut effects = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| fault.on.hits(message)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            effects.push(fault.effect.clone());
        }
        effects
    }
}
