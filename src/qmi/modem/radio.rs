//! The operating mode: online is what a connection needs; what keeps a modem from it is a
//! hardware switch or the lock that laptop makers put on (FCC authentication).

use std::time::Duration;

use super::{Modem, after};
use crate::cause::{Cause, Why};
use crate::qmi::client::{Error, Lease};
use crate::qmi::error::QmiError;
use crate::qmi::messages::dms::{
    FoxconnSetFccAuthentication, GetOperatingMode, OperatingMode, SetFccAuthentication, SetOperatingMode,
};

/// Time for a modem that was set online to say so.
const ONLINE: Duration = Duration::from_secs(5);

impl Modem {
    pub(super) async fn go_online(&self) -> Result<(), Why> {
        if self.ask_mode().await? == Some(OperatingMode::Online) {
            return Ok(());
        }
        if self.board.read().facts.radio_hardware == Some(false) {
            return Err(Cause::RadioOff.into());
        }
        if self.set_online().await? {
            return Ok(());
        }
        // It stays in low power without a switch that says so: the lock of a laptop maker.
        let unlocked = unlock_fcc(&self.dms).await?;
        if unlocked && self.set_online().await? { Ok(()) } else { Err(Cause::FccLocked.into()) }
    }

    async fn ask_mode(&self) -> Result<Option<OperatingMode>, Why> {
        let reply = self.dms.call(&GetOperatingMode::default()).await?;
        self.board.post(|known| known.on_mode(reply.mode, Some(reply.hardware_restricted.unwrap_or(false))));
        Ok(reply.mode)
    }

    /// Whether it went online.
    async fn set_online(&self) -> Result<bool, Why> {
        let request = SetOperatingMode { mode: Some(OperatingMode::Online) };
        match self.dms.tell(&request).await? {
            Ok(()) | Err(QmiError::NoEffect) => {}
            Err(QmiError::HardwareRestricted) => return Err(Cause::RadioOff.into()),
            Err(error) => {
                log::debug!("online refused: {error}");
                return Ok(false);
            }
        }
        if self.ask_mode().await? == Some(OperatingMode::Online) {
            return Ok(true);
        }
        let online = |known: &super::Known| (known.mode == Some(OperatingMode::Online)).then_some(());
        Ok(self.board.until(after(ONLINE), online).await.is_some())
    }
}

/// The lock of a laptop maker; whether one of the commands against it was taken.
pub(super) async fn unlock_fcc(dms: &Lease) -> Result<bool, Error> {
    // Foxconn's own: older firmware wants the magic alone (T77W968, DW5821e).
    let magic = |number| FoxconnSetFccAuthentication { magic: Some("foxc".into()), number };
    for attempt in 0..3 {
        let told = match attempt {
            0 => dms.tell(&SetFccAuthentication::default()),
            1 => dms.tell(&magic(Some(0))),
            _ => dms.tell(&magic(None)),
        };
        match told.await? {
            Ok(()) | Err(QmiError::NoEffect) => return Ok(true),
            Err(error) => log::debug!("FCC authentication refused: {error}"),
        }
    }
    Ok(false)
}
