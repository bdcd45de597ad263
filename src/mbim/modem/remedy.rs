//! What may cure a modem that is connected and useless: its radio off and on, its restart.
//!
//! Contract: both end every session; a modem that left the bus for the restart did as it was
//! told. Nothing here waits for its return, which is an event of the kernel's.

use std::time::Duration;

use super::known::Known;
use super::{Modem, after};
use crate::cause::{Cause, Why};
use crate::mbim::client::Error;
use crate::mbim::messages::Message;
use crate::mbim::messages::basic::SetRadioState;
use crate::mbim::messages::enums::RadioSwitch;
use crate::mbim::messages::extensions::{DeviceReset, DeviceResetDone};
use crate::mbim::service::Service;
use crate::mbim::status::Kind;

/// Time for a radio to say that it is off, or on.
const SWITCHED: Duration = Duration::from_secs(10);

/// How a modem can be told to restart over MBIM, the plainest first.
const RESETS: [(Service, u32); 2] = [
    // MBIMEx: MBIM_CID_DEVICE_RESET.
    (Service::Extensions, DeviceResetDone::CID),
    // XMM7360 and its kin: "modem reboot" of the firmware update service, without arguments.
    (Service::IntelFirmware, 1),
];

impl Modem {
    /// Radio off and on: it leaves the network and looks for it anew.
    pub async fn reregister(&self) -> Result<(), Why> {
        for switch in [RadioSwitch::Off, RadioSwitch::On] {
            self.set(&SetRadioState { software: switch }).await?;
            let wanted = Some(switch == RadioSwitch::On);
            let switched = |known: &Known| (known.facts.radio_software == wanted).then_some(());
            self.board.until(after(SWITCHED), switched).await.ok_or(Cause::RadioOff)?;
        }
        Ok(())
    }

    /// Tells it to restart; `false` where it knows no such message of MBIM's.
    pub async fn reset(&self) -> Result<bool, Why> {
        for (service, cid) in RESETS {
            if !self.offers(service, cid).await? {
                continue;
            }
            let body =
                if service == Service::Extensions { DeviceReset::default().emit() } else { Vec::new() };
            match self.client.raw(service, cid, Kind::Set, body).await {
                Ok(_) | Err(Error::Gone) => return Ok(true),
                Err(Error::Refused(status, _)) => log::debug!("{service} reset: {}", status.label()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    pub(super) async fn offers(&self, service: Service, cid: u32) -> Result<bool, Why> {
        let offered = match self.services().await {
            Ok(offered) => offered,
            Err(Error::Refused(..)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        Ok(offered.iter().any(|offered| offered.service == service && offered.cids.contains(&cid)))
    }
}
