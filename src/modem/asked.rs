//! What a person asks of a modem, whatever it speaks.
//!
//! Contract: as of `modem`, but it fails with [`Refused`], which is words for that person and
//! no state of a link.

use super::Modem;
use crate::answers::{Cells, Network, PinOrder, Refused, SimLock, Sink, Stored, UssdAnswer, UssdOrder};

impl Modem {
    /// The SIM and its locks, asked for now.
    pub async fn sim_lock(&self) -> Result<SimLock, Refused> {
        match self {
            Modem::Mbim(modem, _) => modem.sim_lock().await,
            Modem::Qmi(modem) => modem.sim_lock().await,
        }
    }

    /// Sends it once; whether it may be sent was decided before ([`PinOrder::may_be_sent`]).
    pub async fn send_pin(&self, order: &PinOrder) -> Result<(), Refused> {
        match self {
            Modem::Mbim(modem, _) => modem.send_pin(order).await,
            Modem::Qmi(modem) => modem.send_pin(order).await,
        }
    }

    /// Serving and neighbour cells; where the modem lists none, what it tells of its own.
    pub async fn cells(&self) -> Result<Cells, Refused> {
        match self {
            Modem::Mbim(modem, inside) => {
                let cells = modem.cells().await?;
                Ok(inside.better_cells(modem, cells).await)
            }
            Modem::Qmi(modem) => modem.cells().await,
        }
    }

    /// The networks around: minutes.
    pub async fn scan(&self) -> Result<Vec<Network>, Refused> {
        match self {
            Modem::Mbim(modem, _) => modem.scan().await,
            Modem::Qmi(modem) => modem.scan().await,
        }
    }

    /// One turn of a USSD dialogue; the network may take minutes.
    pub async fn ussd(&self, order: &UssdOrder) -> Result<UssdAnswer, Refused> {
        match self {
            Modem::Mbim(modem, _) => modem.ussd(order).await,
            Modem::Qmi(modem) => modem.ussd(order).await,
        }
    }

    /// All messages of the store, or the one at `index`.
    pub async fn messages(&self, index: Option<u32>) -> Result<Vec<Stored>, Refused> {
        match self {
            Modem::Mbim(modem, _) => modem.messages(index).await,
            Modem::Qmi(modem) => modem.messages(index).await,
        }
    }

    /// Sends an SMS-SUBMIT with the service centre in front; gives the reference that a status
    /// report will repeat.
    pub async fn send_message(&self, pdu: Vec<u8>) -> Result<u32, Refused> {
        match self {
            Modem::Mbim(modem, _) => modem.send_message(pdu).await,
            Modem::Qmi(modem) => modem.send_message(pdu).await,
        }
    }

    /// Has the network know that a message which is not stored was taken.
    pub async fn acknowledge(&self, transaction: u32) -> Result<(), Refused> {
        match self {
            // The function does it by itself.
            Modem::Mbim(..) => Ok(()),
            Modem::Qmi(modem) => modem.acknowledge(transaction).await,
        }
    }

    pub async fn delete_message(&self, index: u32) -> Result<(), Refused> {
        match self {
            Modem::Mbim(modem, _) => modem.delete_message(index).await,
            Modem::Qmi(modem) => modem.delete_message(index).await,
        }
    }

    /// Shows every control message to `sink`, masked, until the next call; nothing is spent on
    /// it with `None`.
    pub fn trace(&self, sink: Option<Sink>) {
        match self {
            Modem::Mbim(modem, _) => modem.trace(sink),
            Modem::Qmi(modem) => modem.trace(sink),
        }
    }
}
