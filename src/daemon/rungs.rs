//! The rungs of the ladder, each as the one job of a link.
//!
//! Contract: every rung ends within its limit, well or badly, and a link that is not wanted any
//! more aborts it; power that was cut is put on again even then ([`power::cycle`]). While a rung
//! is at work on a modem, no link on it dials ([`Slot::mending`]). That a rung ended well says
//! nothing of the traffic: that is for the probes.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::Daemon;
use super::links::JobResult;
use super::side;
use super::slot::Slot;
use crate::cause::{Cause, Why};
use crate::fault::Rung;
use crate::json::json;
use crate::ladder::Carried;
use crate::link::Event;
use crate::linux::power::{self, Uncut};
use crate::linux::sysfs::{Found, Sysfs};
use crate::task::{sleep, timeout, timeout_at};
use crate::ubus;
use crate::words::ModemState;

/// A session ends in milliseconds; what takes longer is a modem that does not listen.
const DISCONNECTING: Duration = Duration::from_secs(10);
/// Radio off, off for good, on, and on for good.
const REREGISTERING: Duration = Duration::from_secs(60);
/// Until a modem has taken the order to restart.
const ORDERING: Duration = Duration::from_secs(15);
const AT_RESET: Duration = Duration::from_secs(5);
/// A modem that was told to restart leaves the bus within seconds (MC7455: 3, EC25: 8).
const LEAVING: Duration = Duration::from_secs(20);
/// Until it is back with its network device (EM7565: 25 s, RM500Q: 35 s); a firmware that checks
/// its file system takes longer.
const RETURNING: Duration = Duration::from_secs(120);
/// How long power stays off: capacitors of miniPCIe cards keep a modem alive for a second or two.
const OFF: Duration = Duration::from_secs(4);
/// The longest way of cutting power, with its waits.
const CUTTING: Duration = Duration::from_secs(60);
/// procd ends everything within it, or does not at all.
const REBOOTING: Duration = Duration::from_secs(180);
/// sysfs tells nobody when it changes.
const GLANCE: Duration = Duration::from_millis(250);

/// What a rung's job needs to know.
struct Order {
    slot: Rc<Slot>,
    sysfs: Sysfs,
    ports: Vec<PathBuf>,
    /// Option `power`.
    power: String,
    run_dir: PathBuf,
    client: ubus::Client,
}

impl Daemon {
    /// Starts the job of this rung.
    pub(super) fn repair(&mut self, name: &str, rung: Rung) {
        let Some(slot) = self.slot_of(name) else { return self.dial_instead(name) };
        let Some(interface) = self.interfaces.get(name) else { return };
        let session = interface.session();
        if rung == Rung::Renew {
            return self.read_settings(&slot, session);
        }
        let order = self.order(slot);
        self.memory.drop_session(name);
        self.disconnect(name, session, false);
        let Some(interface) = self.interfaces.get(name) else { return };
        let ended = interface.disconnected();
        self.start_job(name, async move {
            let _alone = order.slot.mending.lock().await;
            // A modem that is deaf to this may still hear what comes next.
            let heard = timeout(DISCONNECTING, ended).await.is_ok();
            JobResult::Repaired(order.carry_out(rung, heard).await)
        });
    }

    /// For a modem whose links nobody wants: the rung, and nothing after it.
    pub(super) fn repair_apart(&mut self, slot: &Rc<Slot>, rung: Rung) {
        let order = self.order(slot.clone());
        crate::task::spawn(async move {
            let _alone = order.slot.mending.lock().await;
            let why = match order.carry_out(rung, true).await {
                Ok(()) => return,
                Err(Unrepaired::Failed(cause)) => cause.text(),
                Err(Unrepaired::Unable(why)) => why,
            };
            log::info!("{}: {rung} failed: {why}", order.slot.id);
        });
    }

    fn order(&self, slot: Rc<Slot>) -> Order {
        Order {
            ports: self.at_ports(&slot).unwrap_or_default(),
            sysfs: self.sysfs.clone(),
            run_dir: self.memory.dir().to_path_buf(),
            client: self.client.clone(),
            power: self.power_option(&slot.id),
            slot,
        }
    }

    /// A link that never had a modem has nothing to repair.
    fn dial_instead(&mut self, name: &str) {
        self.start_job(name, async { JobResult::Repaired(Ok(())) });
    }
}

/// Why a rung did not do what it does.
pub enum Unrepaired {
    /// It was begun and ended badly.
    Failed(Why),
    /// It could not be begun.
    Unable(String),
}

impl From<Why> for Unrepaired {
    fn from(cause: Why) -> Unrepaired {
        Unrepaired::Failed(cause)
    }
}

impl From<Cause> for Unrepaired {
    fn from(cause: Cause) -> Unrepaired {
        Unrepaired::Failed(cause.into())
    }
}

type Repaired = Result<(), Unrepaired>;

impl Daemon {
    /// The job of a rung ended.
    pub(super) fn on_repaired(&mut self, name: &str, result: Repaired) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let (event, carried) = match result {
            Ok(()) => (Event::Repaired, Carried::Out),
            Err(Unrepaired::Failed(cause)) => {
                let text = cause.text();
                (Event::Failed(cause), Carried::Failed(text))
            }
            Err(Unrepaired::Unable(why)) => {
                // What kept it from being up before still does.
                let cause = interface.link.cause().cloned().unwrap_or(Cause::NoTraffic);
                (Event::Failed(cause.into()), Carried::Unable(why))
            }
        };
        self.handle(name, event);
        self.rung_ended(name, carried);
    }
}

impl Order {
    async fn carry_out(&self, rung: Rung, heard: bool) -> Repaired {
        match rung {
            Rung::Renew => Ok(()),
            Rung::Reconnect if heard => Ok(()),
            Rung::Reconnect => Err(Cause::ModemHung.into()),
            Rung::Reregister => self.reregister().await,
            Rung::Reset => self.reset().await,
            Rung::Power => self.cut_power().await,
            Rung::Reboot => self.reboot().await,
        }
    }

    async fn reregister(&self) -> Repaired {
        let Some(modem) = self.slot.modem() else {
            return Err(Unrepaired::Unable("the modem is not open".into()));
        };
        Ok(timeout(REREGISTERING, modem.reregister()).await.unwrap_or(Err(Cause::ModemHung.into()))?)
    }

    /// Over the control channel, else by AT: a modem that is deaf there may still hear here.
    async fn reset(&self) -> Repaired {
        let before = self.slot.generation();
        let told = match self.slot.modem() {
            Some(modem) => timeout(ORDERING, modem.reset()).await.unwrap_or(Err(Cause::ModemHung.into())),
            None => Err(Cause::ModemHung.into()),
        };
        if !matches!(told, Ok(true)) {
            self.reset_by_at().await.map_err(|why| {
                Unrepaired::Unable(match &told {
                    Err(cause) => format!("{}, and by AT: {why}", cause.text()),
                    Ok(_) => format!("the modem has no message for it, and by AT: {why}"),
                })
            })?;
        }
        self.gone_and_back(before).await
    }

    async fn reset_by_at(&self) -> Result<(), String> {
        let sierra = self.slot.place_known().is_some_and(|found| found.vendor == 0x1199);
        let port = side::port(&self.slot, &self.ports).await.map_err(|refused| refused.to_string())?;
        let commands: &[&str] = if sierra { &["AT!RESET", "AT+CFUN=1,1"] } else { &["AT+CFUN=1,1"] };
        let mut why = String::new();
        for command in commands {
            match port.command(command, AT_RESET).await {
                Ok(reply) if reply.result.is_ok() => return Ok(()),
                // On its way out.
                Err(crate::at::port::Error::Gone) => return Ok(()),
                Ok(reply) => why = reply.result.to_string(),
                Err(error) => why = error.to_string(),
            }
        }
        Err(why)
    }

    async fn cut_power(&self) -> Repaired {
        let unable = |why: &str| Unrepaired::Unable(why.to_string());
        let found = self.slot.place_known().ok_or_else(|| unable("its place is not known"))?;
        let ways = power::ways(&self.sysfs, &found, &self.power).map_err(Unrepaired::Unable)?;
        let before = self.slot.generation();
        let tried = self.slot.powered.get();
        let way = ways.get(tried % ways.len().max(1));
        let way = way.ok_or_else(|| unable("this board has no way to cut the modem's power"))?;
        // Another way next time, unless this one is proved.
        self.slot.powered.set(tried.wrapping_add(1));
        log::info!("{}: power off and on by {way}", self.slot.id);
        match timeout(CUTTING, power::cycle(way, OFF, &self.run_dir)).await {
            Ok(Ok(())) => {}
            Ok(Err(Uncut::NotBegun(why))) => return Err(Unrepaired::Unable(why)),
            Ok(Err(Uncut::EndedBadly(why))) => return Err(Cause::NoModem(why).into()),
            Err(_) => return Err(Cause::NoModem("cutting the power took too long".into()).into()),
        }
        if self.slot.generation() == before && self.slot.state() == ModemState::Open {
            // Nobody told that it left; then it shall be opened afresh all the same.
            self.slot.close(ModemState::Missing);
        }
        self.back(&found).await
    }

    async fn reboot(&self) -> Repaired {
        let reply = self.client.invoke("system", "reboot", &json!({}), Duration::from_secs(10)).await;
        if let Err(error) = reply {
            return Err(Unrepaired::Unable(format!("procd does not reboot: {error}")));
        }
        sleep(REBOOTING).await;
        Err(Cause::NoModem("the router did not reboot".into()).into())
    }

    async fn gone_and_back(&self, before: u32) -> Repaired {
        let Some(found) = self.slot.place_known() else { return Ok(()) };
        let left = async {
            while self.slot.generation() == before && self.is_there(&found) {
                sleep(GLANCE).await;
            }
        };
        if timeout(LEAVING, left).await.is_err() {
            // It restarted without a word to the bus, or not at all: opening it will tell.
            self.slot.close(ModemState::Seen);
            return Ok(());
        }
        self.back(&found).await
    }

    /// Until it can be used again.
    async fn back(&self, found: &Found) -> Repaired {
        let deadline = Instant::now() + RETURNING;
        let back = async {
            while !self.is_there(found) {
                sleep(GLANCE).await;
            }
        };
        let gone = || Cause::NoModem(format!("{} did not come back from its restart", self.slot.id));
        timeout_at(deadline, back).await.map_err(|_| gone().into())
    }

    /// A modem of the bus with its network device, or a simulator's socket.
    fn is_there(&self, found: &Found) -> bool {
        if found.usb_path.is_none() {
            return found.wdm.exists();
        }
        self.sysfs.modems().iter().any(|now| now.id == found.id && now.netdev.is_some())
    }
}
