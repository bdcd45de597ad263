//! One modem, whatever it speaks: the procedures that a link needs and the notes that
//! the daemon gets without asking.
//!
//! Contract: a procedure is a plain `async fn`; dropping its future cancels it, and no
//! procedure waits longer than the time-outs of its messages plus the waits named in
//! the protocol's room. It fails with a [`Cause`], never with a protocol's error.
//!
//! Why an enum and not a trait? There are two protocols and there will not be a third;
//! an enum needs no `async-trait` and no boxed futures.

mod asked;
mod inside;
mod remedy;

use std::rc::Rc;

use self::inside::Inside;
use crate::cause::{Cause, Why};
use crate::dial::Dial;
use crate::json::{Value, json};
use crate::mbim;
use crate::qmi;
use crate::quirks::Quirks;
use crate::words::{Bearer, Control, Facts, Signal};

/// An open modem.
pub enum Modem {
    Mbim(Box<mbim::modem::Modem>, Inside),
    Qmi(Box<qmi::modem::Modem>),
}

impl Modem {
    pub fn over_mbim(modem: Box<mbim::modem::Modem>) -> Modem {
        Modem::Mbim(modem, Inside::default())
    }

    /// Unlock, register, attach, activate, read the settings.
    pub async fn connect(&self, dial: &Dial) -> Result<Rc<Bearer>, Why> {
        match self {
            Modem::Mbim(modem, inside) => match modem.connect(dial).await {
                Err(cause) if *cause == Cause::FccLocked && inside.unlock_fcc(modem).await => {
                    modem.connect(dial).await
                }
                result => result,
            },
            Modem::Qmi(modem) => modem.connect(dial).await,
        }
    }

    /// Takes over the session of an earlier process; `None` where there is none to take.
    pub async fn adopt(&self, dial: &Dial, same: bool) -> Result<Option<Rc<Bearer>>, Why> {
        match self {
            Modem::Mbim(modem, _) => modem.adopt(dial, same).await,
            Modem::Qmi(modem) => modem.adopt(dial, same).await,
        }
    }

    /// Deactivates the session's bearer. Does nothing for a session that was never dialled.
    pub async fn disconnect(&self, session: u32) -> Result<(), Why> {
        match self {
            Modem::Mbim(modem, _) => modem.disconnect(session).await,
            Modem::Qmi(modem) => modem.disconnect(session).await,
        }
    }

    /// Reads the addresses, DNS and MTU of an active bearer again.
    pub async fn settings(&self, bearer: &Bearer) -> Result<Rc<Bearer>, Why> {
        match self {
            Modem::Mbim(modem, _) => modem.settings(bearer).await,
            Modem::Qmi(modem) => modem.settings(bearer).await,
        }
    }

    /// Asks the modem for its signal now.
    pub async fn signal(&self) -> Result<Signal, Why> {
        match self {
            Modem::Mbim(modem, inside) => {
                let signal = modem.signal().await?;
                Ok(inside.better_signal(modem, signal).await)
            }
            Modem::Qmi(modem) => modem.signal().await,
        }
    }

    /// What is nice to know and must not delay a connect: home network, signal, extensions.
    pub async fn introduce(&self) {
        match self {
            Modem::Mbim(modem, inside) => {
                modem.introduce().await;
                inside.better_signal(modem, modem.facts().signal).await;
            }
            Modem::Qmi(modem) => modem.introduce().await,
        }
    }

    /// Whether new messages are told by the control channel, as far as that is known.
    pub fn tells_messages(&self) -> bool {
        match self {
            Modem::Mbim(modem, _) => modem.tells_messages(),
            Modem::Qmi(modem) => modem.tells_messages(),
        }
    }

    pub fn control(&self) -> Control {
        match self {
            Modem::Mbim(..) => Control::Mbim,
            Modem::Qmi(_) => Control::Qmi,
        }
    }

    pub fn facts(&self) -> Facts {
        match self {
            Modem::Mbim(modem, _) => modem.facts(),
            Modem::Qmi(modem) => modem.facts(),
        }
    }

    /// Control round trips since it was opened.
    pub fn requests(&self) -> u32 {
        match self {
            Modem::Mbim(modem, _) => modem.requests(),
            Modem::Qmi(modem) => modem.requests(),
        }
    }

    /// What a successor of this process needs to take the sessions over.
    pub fn state(&self) -> Value {
        match self {
            // Sessions of MBIM belong to the function, not to a client.
            Modem::Mbim(..) => json!({}),
            Modem::Qmi(modem) => modem.state(),
        }
    }

    /// Lets go without ending the sessions: this process ends, a successor comes.
    pub fn leave(&self) {
        match self {
            Modem::Mbim(..) => {}
            Modem::Qmi(modem) => modem.leave(),
        }
    }

    /// Agrees on what the packets look like, where the protocol leaves a choice: `Some(true)`
    /// is raw IP, `Some(false)` 802.3.
    pub async fn data_format(&self, raw: bool, interface: u8, quirks: Quirks) -> Result<Option<bool>, Why> {
        match self {
            Modem::Mbim(..) => Ok(None),
            Modem::Qmi(modem) => modem.data_format(raw, interface, quirks).await.map(Some),
        }
    }

    /// Has the packets carry the number of their session: the size of the largest transfer, where
    /// that is agreed on rather than a thing of the protocol.
    pub async fn channels(&self, dial: &Dial) -> Result<Option<u32>, Why> {
        match self {
            Modem::Mbim(..) => Ok(None),
            Modem::Qmi(modem) => modem.channels(dial).await.map(Some),
        }
    }

    /// Has the modem tell its IMEI, if opening it did not.
    pub async fn identify(&self) -> Result<(), Why> {
        match self {
            Modem::Mbim(..) => Ok(()),
            Modem::Qmi(modem) => modem.identify().await,
        }
    }
}
