//! The one network of all routers: what it covers, carries and grants, and when.

use std::time::Duration;

use uwand::cause::{Cause, Reason};

/// What happens to the network between `from` and `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The cell is gone: no modem finds a network.
    Radio,
    /// The core refuses new connections as out of order, and packets die.
    Refusing,
    /// Connections are granted at once, and packets die all the same.
    Silent,
}

pub struct Network {
    pub trouble: Trouble,
    pub from: Duration,
    pub to: Duration,
    /// Connections granted a second; what comes beyond it is refused (ESM cause 26).
    pub capacity: u32,
    /// Of each second: requests for a connection.
    pub requests: Vec<u32>,
    pub refused: u32,
}

impl Network {
    pub fn new(trouble: Trouble, from: Duration, to: Duration, end: Duration, capacity: u32) -> Network {
        let seconds = usize::try_from(end.as_secs()).expect("an hour at most") + 60;
        Network { trouble, from, to, capacity, requests: vec![0; seconds], refused: 0 }
    }

    pub fn is_out(&self, at: Duration) -> bool {
        (self.from..self.to).contains(&at)
    }

    pub fn covers(&self, at: Duration) -> bool {
        self.trouble != Trouble::Radio || !self.is_out(at)
    }

    pub fn carries(&self, at: Duration) -> bool {
        !self.is_out(at)
    }

    /// How much of the time until now it carried packets.
    pub fn carried(&self, at: Duration) -> Duration {
        at.min(self.from) + at.saturating_sub(self.to)
    }

    /// A router asks for a connection.
    pub fn ask(&mut self, at: Duration) -> Result<(), Cause> {
        let second = usize::try_from(at.as_secs()).expect("an hour at most");
        let count = &mut self.requests[second];
        *count += 1;
        let reason = match self.trouble {
            Trouble::Refusing if self.from <= at && at < self.to => 38,
            _ if *count > self.capacity => 26,
            _ => return Ok(()),
        };
        self.refused += 1;
        Err(Cause::ConnectFailed(Some(Reason::esm(reason))))
    }

    /// The most requests in a second of this span.
    pub fn peak(&self, from: Duration, to: Duration) -> u32 {
        self.span(from, to).iter().copied().max().unwrap_or_default()
    }

    fn span(&self, from: Duration, to: Duration) -> &[u32] {
        let index = |at: Duration| usize::try_from(at.as_secs()).expect("an hour at most");
        &self.requests[index(from)..index(to)]
    }
}
