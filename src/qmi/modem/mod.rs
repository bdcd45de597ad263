//! A modem over QMI: client ids, what it tells about itself, the procedures of a link.
//!
//! ```text
//!  format    802.3, raw IP or QMAP
//!  connect   radio, SIM, profile, register, start network by family, settings
//!  radio     operating mode, FCC lock
//!  identity  who the modem is, and its subscriber
//!  sim       the card by UIM: absent, not ready, PIN with its tries, PUK
//!  asked     what a person asks: locks, cells, networks
//!  cells     cells of all technologies                                     (pure)
//!  messages  SMS and USSD
//!  remedy    radio off and on, restart
//!  alone     what can be asked inside another protocol
//!  trace     what passes, masked, for a person who watches
//!  session   one bearer: a client id and a handle for each family
//!  known     messages in, facts out                                       (pure)
//! ```
//!
//! Contract: as `mbim::modem`: every wait ends by an indication or by its time-out, and
//! what the modem tells is posted on the board. Client ids are leased: whatever ends, ends
//! with their release, except [`Modem::leave`], after which a successor takes over.

mod alone;
mod asked;
mod cells;
mod connect;
mod format;
mod identity;
mod known;
mod messages;
mod radio;
mod remedy;
mod session;
mod sim;
mod trace;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::json::{Value, json};

pub use self::alone::{cells_by, signal_by, unlock_fcc_by};
use self::known::Known;
pub use self::remedy::restart_by;
use self::session::Session;
use super::client::{Client, Error, Event, Lease, Link};
use super::error::QmiError;
use super::frame::Service;
use super::messages::nas::{GetServingSystem, RegisterIndications, ServingSystem};
use super::messages::nas_info::{GetSignalInfo, GetSystemInfo};
use super::messages::{dms, uim};
use crate::board::{Board, Notify};
use crate::cause::{Cause, Why};
use crate::dial::Note;
use crate::few::{Few, Listed};
use crate::task::timeout;
use crate::words::{Facts, Mode, Signal};

/// A channel that an earlier process left open answers in milliseconds.
const RESUME: Duration = Duration::from_secs(2);

/// An open QMI modem. Dropping it releases its client ids and with them its bearers.
pub struct Modem {
    client: Client,
    board: Rc<Board<Known>>,
    dms: Lease,
    nas: Lease,
    /// Old modems have no UIM: their SIM is asked by DMS.
    uim: Option<Lease>,
    /// For messages, once they were needed; whether its indications were asked for.
    wms: RefCell<Option<(Rc<Lease>, bool)>>,
    /// Of the USSD dialogue that is open.
    voice: RefCell<Option<Rc<Lease>>>,
    sessions: RefCell<Few<u32, Session>>,
    introduced: Cell<bool>,
    /// It has no service for messages, or does not tell new ones.
    no_messages: Cell<bool>,
    /// UIM indications were asked for.
    hears_card: Cell<bool>,
    selected: RefCell<(Option<String>, Vec<Mode>)>,
}

impl Modem {
    /// Opens the channel. `kept` is what [`Modem::state`] gave to an earlier process that did
    /// not end its sessions: then no SYNC, which would free the client ids that they live by.
    pub async fn open(link: Link, kept: Option<&Value>, notify: Notify) -> Result<Box<Modem>, Why> {
        let board = Rc::new(Board::new(Known::default(), notify));
        // Of a modem that was let go of nobody hears any more.
        let ear = Rc::downgrade(&board);
        let client = Client::start(
            link,
            Box::new(move |event| {
                if let Some(board) = ear.upgrade() {
                    hear(&board, &event);
                }
            }),
        );
        let modem = match resumed(&client, kept).await {
            Some((dms, nas, uim)) => {
                let sessions = kept.map(|kept| session::adopted(&client, kept)).unwrap_or_default();
                let wms = kept.and_then(|kept| id(kept, "wms"));
                let wms = wms.map(|id| Rc::new(client.adopt(Service::Wms, id)));
                let modem = Modem::new(client, board, (dms, nas, uim), sessions);
                *modem.wms.borrow_mut() = wms.map(|wms| (wms, false));
                modem
            }
            None => {
                client.sync().await?;
                let dms = client.lease(Service::Dms).await?;
                let nas = client.lease(Service::Nas).await?;
                let uim = optional(client.lease(Service::Uim).await)?;
                Modem::new(client, board, (dms, nas, uim), Few::default())
            }
        };
        modem.register_indications().await?;
        Ok(modem)
    }

    fn new(
        client: Client,
        board: Rc<Board<Known>>,
        (dms, nas, uim): (Lease, Lease, Option<Lease>),
        sessions: Few<u32, Session>,
    ) -> Box<Modem> {
        Box::new(Modem {
            client,
            board,
            dms,
            nas,
            uim,
            wms: RefCell::new(None),
            voice: RefCell::new(None),
            sessions: RefCell::new(sessions),
            introduced: Cell::new(false),
            no_messages: Cell::new(false),
            hears_card: Cell::new(false),
            selected: RefCell::default(),
        })
    }

    async fn register_indications(&self) -> Result<(), Why> {
        let request = RegisterIndications {
            serving_system: Some(true),
            signal_info: Some(true),
            system_info: Some(false),
            ..RegisterIndications::default()
        };
        match self.nas.call(&request).await {
            Ok(_) => Ok(()),
            Err(Error::Refused(error)) => {
                log::debug!("no NAS indications: {error}");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a successor needs to take the sessions over.
    pub fn state(&self) -> Value {
        let sessions = self.sessions.borrow();
        json!({
            "dms": self.dms.id(),
            "nas": self.nas.id(),
            "uim": self.uim.as_ref().map(Lease::id),
            "wms": self.wms.borrow().as_ref().map(|(wms, _)| wms.id()),
            "sessions": sessions.iter().flat_map(|(id, session)| session.state(*id)).listed(),
        })
    }

    /// Lets go of the modem without ending its sessions: the daemon ends, a successor comes.
    pub fn leave(&self) {
        self.client.keep_leases();
    }

    /// True until the modem has refused a client id of this service, or to tell.
    pub fn tells_messages(&self) -> bool {
        !self.no_messages.get()
    }

    pub fn facts(&self) -> Facts {
        let mut facts = self.board.read().facts.clone();
        let counters = self.client.counters();
        facts.malformed = counters.malformed;
        facts.timeouts = counters.timeouts;
        facts
    }

    pub fn requests(&self) -> u32 {
        self.client.counters().requests
    }

    pub async fn signal(&self) -> Result<Signal, Why> {
        let signal = self.nas.call(&GetSignalInfo::default()).await?;
        self.board.post(|known| known.on_signal(signal.gsm, signal.wcdma, signal.lte, signal.nr5g));
        Ok(self.board.read().facts.signal)
    }

    /// Asks for what no connect needs: who it is, the SIM's numbers, signal.
    pub async fn introduce(&self) {
        if !self.introduced.replace(true) {
            for result in [self.ask_device().await, self.hear_card().await.map_err(Why::from)] {
                if let Err(cause) = result {
                    log::debug!("introduction: {cause}");
                }
            }
            if let Err(refused) = self.wms().await {
                log::debug!("no messages: {refused}");
            }
        }
        if let Err(cause) = self.ask_subscriber().await {
            log::debug!("who the subscriber is: {cause}");
        }
        if let Err(cause) = self.signal().await {
            log::debug!("no signal: {cause}");
        }
    }

    /// The IMEI, for whoever has to tell modems apart by it.
    pub async fn identify(&self) -> Result<(), Why> {
        self.ask_device().await
    }

    async fn ask_serving(&self) -> Result<(), Why> {
        let serving: ServingSystem = self.nas.call(&GetServingSystem::default()).await?;
        self.board
            .post(|known| known.on_serving(serving.serving, serving.roaming, serving.plmn, serving.digits));
        Ok(())
    }

    /// The cause of a denied registration is only in "system info".
    async fn ask_reject(&self) -> Result<(), Why> {
        let info = self.nas.call(&GetSystemInfo::default()).await?;
        self.board.post(|known| known.on_reject(&info));
        Ok(())
    }
}

fn after(wait: Duration) -> Instant {
    Instant::now() + wait
}

fn id(kept: &Value, name: &str) -> Option<u8> {
    kept.get(name).and_then(Value::as_u64).and_then(|id| u8::try_from(id).ok())
}

/// The client ids of an earlier process, if the modem still knows them.
async fn resumed(client: &Client, kept: Option<&Value>) -> Option<(Lease, Lease, Option<Lease>)> {
    let kept = kept?;
    let dms = client.adopt(Service::Dms, id(kept, "dms")?);
    let nas = client.adopt(Service::Nas, id(kept, "nas")?);
    let uim = id(kept, "uim").map(|id| client.adopt(Service::Uim, id));
    let alive = matches!(timeout(RESUME, dms.call(&dms::GetOperatingMode::default())).await, Ok(Ok(_)));
    alive.then_some((dms, nas, uim))
}

/// A service that a modem need not have.
fn optional(lease: Result<Lease, Error>) -> Result<Option<Lease>, Why> {
    match lease {
        Ok(lease) => Ok(Some(lease)),
        Err(Error::Refused(QmiError::ClientIdsExhausted)) => Err(Cause::ModemHung.into()),
        Err(Error::Refused(error)) => {
            log::debug!("a service is missing: {error}");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

impl From<Error> for Why {
    /// For requests whose refusal has no meaning of its own.
    fn from(error: Error) -> Why {
        Rc::new(match error {
            Error::Gone => Cause::NoModem("the control channel closed".into()),
            Error::Timeout | Error::Malformed(_) | Error::Transfer(_) => Cause::ModemHung,
            Error::Refused(error) => connect::refused(error),
        })
    }
}

fn hear(board: &Board<Known>, event: &Event) {
    use super::messages::nas::ServingSystemChanged;
    use super::messages::nas_info::SignalInfoChanged;
    use super::messages::wds::PacketServiceChanged;
    if messages::hear(board, event) {
        return;
    }
    if let Some(serving) = event.indication::<ServingSystemChanged>() {
        board.post(|known| known.on_serving(serving.serving, serving.roaming, serving.plmn, serving.digits));
    } else if let Some(signal) = event.indication::<SignalInfoChanged>() {
        board.post(|known| known.on_signal(signal.gsm, signal.wcdma, signal.lte, signal.nr5g));
    } else if let Some(card) = event.indication::<uim::CardStatusChanged>() {
        board.post(|known| known.on_card(card.status));
    } else if let Some(report) = event.indication::<dms::EventReport>() {
        board.post(|known| known.on_mode(report.mode, None));
    } else if let (Event::Indication(frame), Some(packet)) =
        (event, event.indication::<PacketServiceChanged>())
    {
        board.post(|known| known.on_packet(frame.client, &packet));
    } else if *event == Event::Restarted {
        board.post(Known::on_restart);
    } else if *event == Event::Gone {
        board.note(Note::Gone);
    }
}
