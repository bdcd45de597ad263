//! What may cure a modem that is connected and useless: its radio off and on, its restart.
//!
//! Contract: as `mbim::modem::remedy`. Both end every call of every client.

use std::time::Duration;

use super::{Modem, after};
use crate::cause::Why;
use crate::qmi::client::{Client, Error, Lease};
use crate::qmi::error::QmiError;
use crate::qmi::frame::Service;
use crate::qmi::messages::dms::{OperatingMode, SetOperatingMode};

/// Time for the radio to say that it is off.
const SWITCHED: Duration = Duration::from_secs(5);

impl Modem {
    /// Radio off and on: it leaves the network and looks for it anew.
    pub async fn reregister(&self) -> Result<(), Why> {
        match set_mode(&self.dms, OperatingMode::LowPower).await {
            Ok(()) | Err(Error::Refused(QmiError::NoEffect)) => {}
            Err(error) => return Err(error.into()),
        }
        let off = |known: &super::Known| (known.mode == Some(OperatingMode::LowPower)).then_some(());
        // Not every firmware indicates it: asked, then, by the way back on.
        let _ = self.board.until(after(SWITCHED), off).await;
        self.go_online().await
    }

    /// Tells it to restart; `false` where it refuses.
    pub async fn reset(&self) -> Result<bool, Why> {
        restart(&self.dms).await
    }
}

/// The same through a client alone: for QMI inside another protocol.
pub async fn restart_by(client: &Client) -> Result<bool, Why> {
    let dms = client.lease(Service::Dms).await?;
    restart(&dms).await
}

/// "Offline" comes first: several firmwares refuse "reset" from any other mode.
async fn restart(dms: &Lease) -> Result<bool, Why> {
    for mode in [OperatingMode::Offline, OperatingMode::Reset] {
        match set_mode(dms, mode).await {
            Ok(()) => {}
            // It is on its way out and has no time to answer.
            Err(Error::Gone) => return Ok(true),
            Err(Error::Refused(error)) => {
                log::debug!("{} refused: {error}", mode.label());
                if mode == OperatingMode::Reset {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

async fn set_mode(dms: &Lease, mode: OperatingMode) -> Result<(), Error> {
    dms.call(&SetOperatingMode { mode: Some(mode) }).await.map(drop)
}
