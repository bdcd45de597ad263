//! What may cure a modem, whatever it speaks. Each ends the sessions of every link on it.
//!
//! Contract: as of `modem`. A restart that was taken makes the modem leave the bus and come
//! back; that is told by the kernel, not here.

use super::Modem;
use super::inside::Inside;
use crate::cause::Why;
use crate::{mbim, qmi};

impl Modem {
    /// Radio off and on.
    pub async fn reregister(&self) -> Result<(), Why> {
        match self {
            Modem::Mbim(modem, _) => modem.reregister().await,
            Modem::Qmi(modem) => modem.reregister().await,
        }
    }

    /// Tells the modem to restart; `false` where it has no message for it, or refuses it.
    pub async fn reset(&self) -> Result<bool, Why> {
        match self {
            Modem::Mbim(modem, inside) => Ok(modem.reset().await? || restart_inside(modem, inside).await?),
            Modem::Qmi(modem) => modem.reset().await,
        }
    }
}

/// By QMI inside MBIM, which Qualcomm's modems carry (MC7455, EM7565).
async fn restart_inside(modem: &mbim::modem::Modem, inside: &Inside) -> Result<bool, Why> {
    match inside.client(modem).await? {
        Some(client) => qmi::modem::restart_by(&client).await,
        None => Ok(false),
    }
}
