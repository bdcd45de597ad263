//! Which rung can cure which fault, how long the fault must have lasted, and why not.
//!
//! Contract: every pair has one row; [`Fit::Never`] carries the reason for people. The waits
//! are those of one router; each adds its own jitter, so that a cell that dies under many
//! does not see them all at once.

use std::time::Duration;

use crate::fault::{Fault, Rung};

/// Whether a rung can cure a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Once the trouble has lasted so long.
    After(Duration),
    Never(&'static str),
}

const fn after(seconds: u64) -> Fit {
    Fit::After(Duration::from_secs(seconds))
}

const MINUTE: u64 = 60;

/// Whether this rung can cure this fault.
pub fn fit(fault: Fault, rung: Rung) -> Fit {
    match fault {
        Fault::NoTraffic => no_traffic(rung),
        Fault::NoAddress => no_address(rung),
        Fault::NoBearer => no_bearer(rung),
        Fault::NotRegistered => not_registered(rung),
        Fault::ModemDeaf => modem_deaf(rung),
        Fault::ModemGone => modem_gone(rung),
        Fault::NoDriver => no_driver(rung),
        Fault::Sim => sim(rung),
        Fault::RadioOff => radio_off(rung),
        Fault::Outage => outage(rung),
        Fault::DnsOnly => match rung {
            Rung::Renew => after(0),
            _ => Fit::Never("packets pass: only the name servers can be asked for anew"),
        },
        Fault::TargetDown => Fit::Never("the link works: the probed target is down"),
        Fault::Denied => Fit::Never("the network denies it, whatever this router does"),
        Fault::Roaming => Fit::Never("the configuration forbids to roam"),
        Fault::Pin => Fit::Never("a person must enter the code"),
        Fault::FccLock => Fit::Never("the lock is there again after every reset"),
    }
}

/// A stall is worth a reconnect at once: the bearer is dead already. Where new ones come up and are
/// dead, too, the network may be the one that is ill: its outages mostly end within minutes,
/// so the modem is not the first to be suspected.
fn no_traffic(rung: Rung) -> Fit {
    match rung {
        Rung::Renew => Fit::Never("a reconnect reads the settings anew, too"),
        Rung::Reconnect => after(0),
        Rung::Reregister => after(20),
        Rung::Reset => after(2 * MINUTE),
        Rung::Power => after(10 * MINUTE),
        Rung::Reboot => after(30 * MINUTE),
    }
}

fn no_address(rung: Rung) -> Fit {
    match rung {
        Rung::Renew | Rung::Reconnect => after(0),
        Rung::Reregister => after(MINUTE),
        Rung::Reset => after(5 * MINUTE),
        Rung::Power => after(15 * MINUTE),
        Rung::Reboot => after(45 * MINUTE),
    }
}

fn no_bearer(rung: Rung) -> Fit {
    match rung {
        Rung::Renew => Fit::Never("there is no connection whose settings could be read"),
        Rung::Reconnect => Fit::Never("the link dials by itself"),
        Rung::Reregister => after(MINUTE),
        Rung::Reset => after(5 * MINUTE),
        Rung::Power => after(15 * MINUTE),
        Rung::Reboot => after(45 * MINUTE),
    }
}

/// No coverage looks like this, too, and no reset brings a cell back: the heavy rungs come late.
/// A modem's own search takes up to some minutes over all bands.
fn not_registered(rung: Rung) -> Fit {
    match rung {
        Rung::Renew | Rung::Reconnect => Fit::Never("there is no network to connect to"),
        Rung::Reregister => after(3 * MINUTE),
        Rung::Reset => after(15 * MINUTE),
        Rung::Power => after(45 * MINUTE),
        Rung::Reboot => after(120 * MINUTE),
    }
}

fn modem_deaf(rung: Rung) -> Fit {
    match rung {
        Rung::Renew | Rung::Reconnect | Rung::Reregister => {
            Fit::Never("the modem does not answer, so it cannot be asked to")
        }
        // The AT port may still answer.
        Rung::Reset => after(0),
        Rung::Power => after(0),
        Rung::Reboot => after(15 * MINUTE),
    }
}

/// A modem that restarted by itself is back within a minute, some with USB 3 within two.
fn modem_gone(rung: Rung) -> Fit {
    match rung {
        Rung::Power => after(2 * MINUTE),
        Rung::Reboot => after(30 * MINUTE),
        Rung::Renew | Rung::Reconnect | Rung::Reregister | Rung::Reset => {
            Fit::Never("the modem is not there to be asked")
        }
    }
}

/// Binding again is tried beside the ladder; this is for what it cannot mend.
fn no_driver(rung: Rung) -> Fit {
    match rung {
        Rung::Renew | Rung::Reconnect | Rung::Reregister => Fit::Never("there is no way to the modem"),
        Rung::Reset | Rung::Power => after(MINUTE),
        Rung::Reboot => after(30 * MINUTE),
    }
}

/// A reset reads the card again, which helps a contact that was shaken loose; only where the
/// modem once had a card, see [`super::Ledger::sim_was_ready`].
fn sim(rung: Rung) -> Fit {
    match rung {
        Rung::Reset => after(5 * MINUTE),
        Rung::Renew | Rung::Reconnect | Rung::Reregister => Fit::Never("without a SIM there is no network"),
        Rung::Power | Rung::Reboot => Fit::Never("a card that a reset does not find is not there"),
    }
}

fn radio_off(rung: Rung) -> Fit {
    match rung {
        Rung::Reregister => after(30),
        Rung::Renew | Rung::Reconnect => Fit::Never("without radio there is no connection"),
        Rung::Reset | Rung::Power | Rung::Reboot => Fit::Never("a switch that is off stays off"),
    }
}

/// A network that lost its state while it was out does not know our bearer any more, so
/// a new one is asked for now and then; nothing heavier.
fn outage(rung: Rung) -> Fit {
    match rung {
        Rung::Reconnect => after(10 * MINUTE),
        Rung::Renew | Rung::Reregister | Rung::Reset | Rung::Power | Rung::Reboot => {
            Fit::Never("the network is out, whatever this router does")
        }
    }
}
