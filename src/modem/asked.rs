//! What a person asks of a modem, whatever it speaks.
//!
//! Contract: as of `modem`, but it fails with [`Refused`], which is words for that person and
//! no state of a link.

use super::Modem;
use crate::answers::{Cells, Network, PinOrder, Refused, SimLock};

impl Modem {
    /// The SIM and its locks, asked for now.
    pub async fn sim_lock(&self) -> Result<SimLock, Refused> {
        match self {
            Modem::Mbim(modem) => modem.sim_lock().await,
            Modem::Qmi(_) => Err(Refused::Unsupported),
        }
    }

    /// Sends it once; whether it may be sent was decided before ([`PinOrder::may_be_sent`]).
    pub async fn send_pin(&self, order: &PinOrder) -> Result<(), Refused> {
        match self {
            Modem::Mbim(modem) => modem.send_pin(order).await,
            Modem::Qmi(_) => Err(Refused::Unsupported),
        }
    }

    /// Serving and neighbour cells; where the modem lists none, what it tells of its own.
    pub async fn cells(&self) -> Result<Cells, Refused> {
        match self {
            Modem::Mbim(modem) => modem.cells().await,
            Modem::Qmi(_) => Err(Refused::Unsupported),
        }
    }

    /// The networks around: minutes.
    pub async fn scan(&self) -> Result<Vec<Network>, Refused> {
        match self {
            Modem::Mbim(modem) => modem.scan().await,
            Modem::Qmi(_) => Err(Refused::Unsupported),
        }
    }
}
