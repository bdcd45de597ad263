//! What may cure a modem, whatever it speaks. Each ends the sessions of every link on it.
//!
//! Contract: as of `modem`. A restart that was taken makes the modem leave the bus and come
//! back; that is told by the kernel, not here.

use super::Modem;
use crate::cause::Cause;
use crate::qmi::client::{Client, Link, Tunnel};
use crate::{mbim, qmi};

impl Modem {
    /// Radio off and on.
    pub async fn reregister(&self) -> Result<(), Cause> {
        match self {
            Modem::Mbim(modem) => modem.reregister().await,
            Modem::Qmi(modem) => modem.reregister().await,
        }
    }

    /// Tells the modem to restart; `false` where it has no message for it, or refuses it.
    pub async fn reset(&self) -> Result<bool, Cause> {
        match self {
            Modem::Mbim(modem) => Ok(modem.reset().await? || restart_inside(modem).await?),
            Modem::Qmi(modem) => modem.reset().await,
        }
    }
}

/// By QMI inside MBIM, which Qualcomm's modems carry (MC7455, EM7565).
async fn restart_inside(modem: &mbim::modem::Modem) -> Result<bool, Cause> {
    if !modem.carries_qmi().await? {
        return Ok(false);
    }
    let (link, tunnel) = Link::tunnel();
    let (client, _events) = Client::start(link);
    tokio::select! {
        result = qmi::modem::restart_by(&client) => result,
        () = carry(modem, tunnel) => Ok(true),
    }
}

/// Until the modem has nothing to say any more.
async fn carry(modem: &mbim::modem::Modem, mut tunnel: Tunnel) {
    while let Some(frame) = tunnel.to_modem.recv().await {
        match modem.carry_qmi(frame).await {
            Ok(answer) => {
                if tunnel.from_modem.send(answer).is_err() {
                    break;
                }
            }
            Err(Cause::NoModem(_)) => return,
            // The request runs into its own time-out.
            Err(cause) => log::debug!("QMI inside MBIM: {cause}"),
        }
    }
    std::future::pending().await
}
