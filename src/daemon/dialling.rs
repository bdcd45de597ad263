//! A link's one job: the modem opened, its packets agreed on with the kernel, a session taken
//! over or dialled.
//!
//! Contract: ends in exactly one [`JobResult`]. What the packets look like is one thing for all
//! links of a modem; `sharing` sees to it that they want the same.

use std::rc::Rc;

use super::carrier;
use super::links::JobResult;
use super::memory;
use super::slot::Slot;
use crate::cause::{Cause, Why};
use crate::dial::{Channel, Dial};
use crate::linux::netdev;
use crate::linux::qmimux;
use crate::linux::sysfs::Sysfs;
use crate::modem::Modem;
use crate::quirks;
use crate::words::{Bearer, Control};

/// What a job needs to know beside its order.
pub struct Job {
    pub slot: Rc<Slot>,
    pub sysfs: Sysfs,
    pub control: Option<Control>,
    /// The device that QMAP channels are made on; none where a user named the carrier.
    pub parent: Option<String>,
    pub digest: u64,
    /// What an earlier process left.
    pub kept: Option<memory::Session>,
}

impl Job {
    pub async fn run(self, mut dial: Dial) -> JobResult {
        let modem = match self.slot.open(self.control).await {
            Ok(modem) => modem,
            Err(cause) => return JobResult::Connected(Err(cause)),
        };
        let ready = match modem.control() == Control::Qmi && dial.session != 0 {
            true => self.find_channel(&mut dial),
            false => Ok(true),
        };
        let there = match ready {
            Ok(there) => there,
            Err(cause) => return JobResult::Connected(Err(cause)),
        };
        if let Some(adopted) = self.adopt(&modem, &dial, there).await {
            return adopted;
        }
        JobResult::Connected(self.dial(&modem, dial).await)
    }

    async fn adopt(&self, modem: &Modem, dial: &Dial, there: bool) -> Option<JobResult> {
        let kept = self.kept.as_ref()?;
        match modem.adopt(dial, there && kept.digest == self.digest).await {
            Ok(Some(bearer)) => {
                if dial.channel.is_some() {
                    self.slot.channels.set(Some(true));
                }
                return Some(JobResult::Adopted(bearer, kept.since));
            }
            Ok(None) => {}
            Err(cause) => log::debug!("{}: session {} not taken over: {cause}", self.slot.id, dial.session),
        }
        None
    }

    async fn dial(&self, modem: &Modem, mut dial: Dial) -> Result<Rc<Bearer>, Why> {
        match dial.channel {
            Some(channel) => self.open_channel(modem, &mut dial, channel).await?,
            None => self.agree_on_format(modem, &dial).await?,
        }
        modem.connect(&dial).await
    }

    /// The channel of a session on QMI, and whether it has its device already.
    fn find_channel(&self, dial: &mut Dial) -> Result<bool, Why> {
        let bad = |remedy: String| {
            let value = dial.session.to_string();
            Err(Cause::BadConfig { option: "session".into(), value, remedy }.into())
        };
        let Some(id) = u8::try_from(dial.session).ok().filter(|id| *id <= qmimux::LAST) else {
            return bad(format!("a QMI modem has the sessions 1 to {}", qmimux::LAST));
        };
        let interface = self.slot.found().map_or(0, |found| found.interface);
        let channel = Channel { id, interface };
        let Some(parent) = &self.parent else {
            dial.channel = Some(channel);
            return Ok(true);
        };
        if !qmimux::is_able(&self.sysfs, parent) {
            return bad(format!(
                "the driver of {parent} has no QMAP channels (qmi_wwan of Linux 4.12 has); use the modem \
                 for one interface only, without option session"
            ));
        }
        dial.channel = Some(channel);
        match qmimux::find(&self.sysfs, parent, id) {
            Some(netdev) => {
                dial.netdev = netdev;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The modem's packets in QMAP, the kernel's buffers for that, and the channel's device.
    async fn open_channel(&self, modem: &Modem, dial: &mut Dial, channel: Channel) -> Result<(), Why> {
        if self.slot.channels.get() != Some(true) {
            let size = modem.channels(dial).await?;
            if let (Some(parent), Some(size)) = (&self.parent, size) {
                carrier::carry_channels(&self.sysfs, parent, size)?;
            }
            self.slot.channels.set(Some(true));
        }
        if let Some(parent) = &self.parent {
            let _turn = self.slot.turn.lock().await;
            carrier::set_up(&self.sysfs, parent)?;
            dial.netdev = carrier::channel_device(&self.sysfs, parent, channel.id).await?;
        }
        Ok(())
    }

    /// Once an opened modem: what its packets look like, told to the kernel's driver as well.
    async fn agree_on_format(&self, modem: &Modem, dial: &Dial) -> Result<(), Why> {
        let slot = &self.slot;
        let Some(found) = slot.found().filter(|_| slot.channels.get() != Some(false)) else { return Ok(()) };
        let kernel = netdev::raw_ip(&self.sysfs, &dial.netdev);
        // A socket has no driver that could not do it.
        let raw = kernel.is_some() || found.control.is_none();
        let quirks = quirks::of(found.vendor, found.product);
        let agreed = modem.data_format(raw, found.interface, quirks).await?;
        if let (Some(raw), Some(kernel)) = (agreed, kernel) {
            carrier::carry_no_channels(&self.sysfs, &dial.netdev).await;
            if raw != kernel {
                carrier::set_raw_ip(&self.sysfs, &dial.netdev, raw)?;
            }
            if !raw {
                carrier::set_apart_from_ip(&dial.netdev);
            }
        }
        slot.channels.set(Some(false));
        Ok(())
    }
}
