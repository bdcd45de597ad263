//! QMI inside MBIM: for what a modem does not tell by MBIM alone.
//!
//! Contract: opened when it is first used, never before a connect is through, except by one that
//! fails without it (the FCC lock). Closed with the modem. A client id is allocated for each use
//! and released after it, so none outlives a daemon that is killed between two uses. A modem that
//! refuses, is deaf there or talks nonsense has no QMI inside, and nothing else suffers.
//!
//! Why not `qmi::modem` over it? That one owns its modem: it would free by SYNC what others have
//! allocated, and ask for indications of what MBIM tells as well.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::answers::{Cells, Refused};
use crate::cause::Why;
use crate::mbim;
use crate::mbim::modem::Passage;
use crate::qmi;
use crate::qmi::client::{Client, Link, Tunnel};
use crate::queue::Receiver;
use crate::task::timeout;
use crate::words::{Signal, Technology};

/// For a person who has the rest of the answer already, and for a link that fails otherwise.
const PATIENCE: Duration = Duration::from_secs(5);
/// A modem that did not answer in that time is left alone for so long: pages ask every few seconds.
const QUIET: Duration = Duration::from_secs(300);

#[derive(Default)]
pub struct Inside {
    open: RefCell<Option<Open>>,
    /// The modem does not list the service, or refused it.
    none: Rc<Cell<bool>>,
    deaf: Cell<Option<Instant>>,
}

#[derive(Clone, Copy)]
enum Question {
    Cells,
    Signal,
    Unlock,
}

impl Question {
    fn label(self) -> &'static str {
        match self {
            Question::Cells => "cells",
            Question::Signal => "signal",
            Question::Unlock => "FCC authentication",
        }
    }
}

enum Told {
    Cells(Cells),
    Signal(Signal),
    Unlocked(bool),
}

struct Open {
    client: Client,
    pump: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        // At once: another process, or the next channel of this one, reads the device from now on.
        self.pump.abort();
    }
}

impl Inside {
    /// A client of what is inside, if there is anything.
    pub async fn client(&self, modem: &mbim::modem::Modem) -> Result<Option<Client>, Why> {
        if self.none.get() {
            return Ok(None);
        }
        if let Some(client) = self.opened() {
            return Ok(Some(client));
        }
        if !modem.carries_qmi().await? {
            self.none.set(true);
            return Ok(None);
        }
        // Somebody else may have asked the same meanwhile.
        if let Some(client) = self.opened() {
            return Ok(Some(client));
        }
        let (link, tunnel) = Link::tunnel();
        // Nobody asked for indications; they are counted by the client.
        let client = Client::start(link, Box::new(|_| {}));
        let (passage, unasked) = modem.passage();
        let pump = crate::task::spawn(pump(Rc::new(passage), tunnel, unasked, self.none.clone()));
        *self.open.borrow_mut() = Some(Open { client: client.clone(), pump: pump.abort_handle() });
        Ok(Some(client))
    }

    fn opened(&self) -> Option<Client> {
        let open = self.open.borrow();
        open.as_ref().filter(|open| !open.pump.is_finished()).map(|open| open.client.clone())
    }

    /// Something small, without which the rest of an answer is as good.
    async fn ask(&self, modem: &mbim::modem::Modem, question: Question) -> Option<Told> {
        if self.deaf.get().is_some_and(|since| since.elapsed() < QUIET) {
            return None;
        }
        let asked = async {
            let Ok(Some(client)) = self.client(modem).await else { return Err(qmi::client::Error::Gone) };
            match question {
                Question::Cells => qmi::modem::cells_by(&client).await.map(Told::Cells),
                Question::Signal => qmi::modem::signal_by(&client).await.map(Told::Signal),
                Question::Unlock => qmi::modem::unlock_fcc_by(&client).await.map(Told::Unlocked),
            }
        };
        let answer = timeout(PATIENCE, asked).await.unwrap_or(Err(qmi::client::Error::Timeout));
        let deaf = matches!(answer, Err(qmi::client::Error::Timeout));
        self.deaf.set(deaf.then(Instant::now));
        answer.map_err(|error| log::debug!("{} by QMI inside MBIM: {error}", question.label())).ok()
    }

    /// Its cells, where MBIM lists none or leaves NR's out.
    pub async fn better_cells(&self, modem: &mbim::modem::Modem, cells: Cells) -> Cells {
        let is_5g = |technology: Option<Technology>| {
            matches!(technology, Some(Technology::FivegNsa | Technology::FivegSa))
        };
        let has_5g = cells.serving.iter().any(|cell| is_5g(cell.technology) && cell.physical.is_some());
        if cells.note.is_none() && (has_5g || !is_5g(modem.facts().technology)) {
            return cells;
        }
        match self.ask(modem, Question::Cells).await {
            Some(Told::Cells(heard)) if !heard.serving.is_empty() => heard,
            _ => cells,
        }
    }

    /// RSRQ is told by QMI only, RSRP and SINR by MBIM's second version.
    pub async fn better_signal(&self, modem: &mbim::modem::Modem, signal: Signal) -> Signal {
        let told = signal.rsrp_dbm.is_some() && signal.rsrq_db.is_some() && signal.sinr_db.is_some();
        let without = matches!(
            modem.facts().technology,
            None | Some(Technology::Gsm | Technology::Umts | Technology::Cdma)
        );
        if told || without {
            return signal;
        }
        let Some(Told::Signal(heard)) = self.ask(modem, Question::Signal).await else { return signal };
        let signal = Signal {
            rssi_dbm: signal.rssi_dbm.or(heard.rssi_dbm),
            rsrp_dbm: signal.rsrp_dbm.or(heard.rsrp_dbm),
            rsrq_db: signal.rsrq_db.or(heard.rsrq_db),
            sinr_db: signal.sinr_db.or(heard.sinr_db),
        };
        modem.take_signal(signal);
        signal
    }

    /// Releases the lock that a laptop's maker put on; whether it took that.
    pub async fn unlock_fcc(&self, modem: &mbim::modem::Modem) -> bool {
        matches!(self.ask(modem, Question::Unlock).await, Some(Told::Unlocked(true)))
    }
}

type Carried = Pin<Box<dyn Future<Output = Result<Vec<u8>, Refused>>>>;

/// Several frames may be under way: one that the modem never answers holds no other up.
async fn pump(
    passage: Rc<Passage>,
    mut tunnel: Tunnel,
    mut unasked: Receiver<Vec<u8>>,
    none: Rc<Cell<bool>>,
) {
    let mut under_way = Vec::new();
    loop {
        let back = tokio::select! {
            frame = tunnel.to_modem.recv() => {
                let Some(frame) = frame else { return };
                let passage = passage.clone();
                let carried: Carried = Box::pin(async move { passage.carry(frame).await });
                under_way.push(carried);
                continue;
            }
            done = first(&mut under_way) => done,
            Some(frame) = unasked.recv() => Ok(frame),
        };
        match back {
            Ok(frame) => {
                if tunnel.from_modem.send(frame).is_err() {
                    return;
                }
            }
            // The request runs into its own time-out.
            Err(Refused::Silent) => {}
            Err(why) => {
                log::debug!("QMI inside MBIM: {why}");
                none.set(why == Refused::Unsupported);
                return;
            }
        }
    }
}

/// The first that is done, which is then none of them any more.
async fn first(under_way: &mut Vec<Carried>) -> Result<Vec<u8>, Refused> {
    poll_fn(|context| {
        for (at, carried) in under_way.iter_mut().enumerate() {
            if let Poll::Ready(done) = carried.as_mut().poll(context) {
                drop(under_way.swap_remove(at));
                return Poll::Ready(done);
            }
        }
        Poll::Pending
    })
    .await
}
