//! A modem over MBIM: opens the control channel, keeps what the modem tells about itself,
//! and runs the procedures of a link.
//!
//! ```text
//!  connect   unlock, register, attach, activate, read the settings
//!  sim       the SIM: absent, not ready, PIN with its tries, PUK
//!  pins      the SIM's locks, as a person asks for them
//!  air       cells and networks, as a person asks for them
//!  messages  SMS and USSD
//!  inside    QMI frames to and fro
//!  remedy    radio off and on, restart
//!  trace     what passes, masked, for a person who watches
//!  known     messages in, facts out; what improved                  (pure)
//!  refusal   statuses and network errors -> Cause                   (pure)
//! ```
//!
//! Contract: every wait ends by an indication or by its time-out. What the modem tells,
//! whether asked or not, is posted on the [`Board`]; procedures look there and wait for it to
//! change, so an answer and an indication of the same thing need no second code path.

mod air;
mod connect;
mod inside;
mod known;
mod messages;
mod pins;
mod refusal;
mod remedy;
mod sim;
mod trace;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

pub use self::inside::Passage;
use self::known::Known;
use super::client::{self, Client, Event, Io};
use super::messages::basic::DeviceCaps;
use super::messages::extensions::{QueryVersion, Version};
use super::messages::network::{HomeProvider, SignalState, SignalStateV2};
use super::messages::services::{DeviceService, DeviceServices, EventEntry, SetSubscribeList};
use super::messages::{Message, Query, Request};
use super::service::Service;
use crate::board::{Board, Notify};
use crate::cause::Why;
use crate::dial::Note;
use crate::few::Listed;
use crate::mbim::status::Kind;
use crate::queue::Sender;
use crate::task::timeout;
use crate::wire::Malformed;
use crate::words::{Facts, Mode, Signal};

/// Basic Connect indications that status or a link depends on: subscriber ready, radio,
/// register state, packet service, signal, connect, IP configuration (MBIM 1.0, 10.5).
const INDICATIONS: &[u32] = &[2, 3, 9, 10, 11, 12, 15];

/// A channel that is open answers in milliseconds.
const RESUME: Duration = Duration::from_secs(2);

/// An open MBIM modem. Dropping it closes the descriptor and leaves its bearers alone.
pub struct Modem {
    client: Client,
    board: Rc<Board<Known>>,
    /// MBIMEx version that the modem's layouts follow: 1 until it was told another.
    extensions: Cell<u8>,
    introduced: Cell<bool>,
    /// Who wants the QMI frames that come unasked.
    unasked: Unasked,
    /// It has no service for messages.
    no_messages: Cell<bool>,
    /// Messages were seen to pass as PDUs.
    speaks_pdu: Cell<bool>,
    /// Network and technologies that were selected, to be sent again only when they change.
    selected: RefCell<(Option<String>, Vec<Mode>)>,
    /// What it says it has, once it was asked.
    services: RefCell<Option<Rc<[DeviceService]>>>,
}

/// A request that was sent.
type Asked<'a, T> = crate::task::Asked<'a, Modem, T, client::Error>;

type Unasked = Rc<RefCell<Option<Sender<Vec<u8>>>>>;

impl Modem {
    /// Opens the channel, reads who it is and subscribes to what matters. `resume`: an earlier
    /// process left the channel open; then no OPEN, which would end its sessions (9.4.1).
    pub async fn open(io: Io, max_transfer: usize, resume: bool, notify: Notify) -> Result<Box<Modem>, Why> {
        let board = Rc::new(Board::new(Known::default(), notify));
        let unasked = Unasked::default();
        // Of a modem that was let go of nobody hears any more.
        let ear = (Rc::downgrade(&board), unasked.clone());
        let client = Client::start(
            io,
            max_transfer,
            Box::new(move |event| {
                if let Some(board) = ear.0.upgrade() {
                    hear(&board, &ear.1, event);
                }
            }),
        );
        if !(resume && answers(&client).await) {
            client.open().await?;
        }
        let modem = Box::new(Modem {
            client,
            board,
            extensions: Cell::new(1),
            introduced: Cell::new(false),
            unasked,
            no_messages: Cell::new(false),
            speaks_pdu: Cell::new(false),
            selected: RefCell::default(),
            services: RefCell::default(),
        });
        modem.refresh::<DeviceCaps>().await?;
        modem.subscribe().await?;
        Ok(modem)
    }

    /// All in one list, which a modem without messages may refuse; then without them.
    async fn subscribe(&self) -> Result<(), Why> {
        let basic = EventEntry { service: Service::BasicConnect, cids: INDICATIONS.to_vec() };
        let events = messages::events();
        let all = std::iter::once(basic.clone()).chain(events).listed();
        for events in [all, vec![basic]] {
            match self.client.command(&SetSubscribeList { events }).await {
                Ok(_) => return Ok(()),
                Err(client::Error::Refused(status, _)) => {
                    log::debug!("subscribe list refused: {}", status.label());
                }
                Err(error) => return Err(error.into()),
            }
        }
        // Such a modem indicates what it likes; the queries still work.
        Ok(())
    }

    /// True until the modem has listed its services without this one.
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

    /// Control round trips since it was opened.
    pub fn requests(&self) -> u32 {
        self.client.counters().requests
    }

    pub async fn signal(&self) -> Result<Signal, Why> {
        if self.extensions.get() >= 2 {
            self.refresh::<SignalStateV2>().await?;
        } else {
            self.refresh::<SignalState>().await?;
        }
        Ok(self.board.read().facts.signal)
    }

    /// A signal that is told more exactly otherwise.
    pub fn take_signal(&self, signal: Signal) {
        self.board.mark(|known| known.facts.signal = signal);
    }

    /// Asks for what no connect needs: extensions, home network, signal. Refusals are normal.
    pub async fn introduce(&self) {
        if !self.introduced.replace(true) {
            if let Err(error) = self.agree_on_extensions().await {
                log::debug!("no MBIM extensions: {error}");
            }
            if let Err(cause) = self.refresh::<HomeProvider>().await {
                log::debug!("no home provider: {cause}");
            }
        }
        if let Err(cause) = self.signal().await {
            log::debug!("no signal: {cause}");
        }
    }

    /// MBIMEx 2 brings RSRP and SNR; 3 changes the layout of connect and is not asked for.
    async fn agree_on_extensions(&self) -> Result<(), client::Error> {
        let services = self.services().await?;
        self.no_messages.set(!services.iter().any(|offered| offered.service == Service::Sms));
        let version = Version::CID;
        let offers = |service: Service| {
            services.iter().any(|offered| offered.service == service && offered.cids.contains(&version))
        };
        if offers(Service::Extensions) {
            let answer = self.client.command(&QueryVersion { mbim: 0x0100, extensions: 0x0200 }).await?;
            if answer.extensions >= 0x0200 {
                self.extensions.set(2);
                self.board.mark(|known| known.extensions = 2);
            }
        }
        Ok(())
    }

    /// What it has does not change while it is open: asked once.
    async fn services(&self) -> Result<Rc<[DeviceService]>, client::Error> {
        if let Some(known) = self.services.borrow().clone() {
            return Ok(known);
        }
        let listed = self.client.command(&Query::<DeviceServices>::default()).await?.list.services;
        let listed: Rc<[DeviceService]> = listed.into();
        *self.services.borrow_mut() = Some(listed.clone());
        Ok(listed)
    }

    /// Asks, and takes the answer into what is known.
    fn query<R: Message>(&self) -> Asked<'_, R> {
        self.ask(&Query::<R>::default())
    }

    /// Asks for what is only taken into what is known.
    fn refresh<R: Message>(&self) -> Asked<'_, ()> {
        let sent = self.client.raw(R::SERVICE, R::CID, Kind::Query, Vec::new());
        Asked::new(sent, self, |modem, body| Ok(take(&modem.board, R::SERVICE, R::CID, body)?))
    }

    /// A query that carries something.
    fn ask<Q: Request>(&self, request: &Q) -> Asked<'_, Q::Response> {
        Asked::new(self.client.send(request), self, |modem, body| {
            take(&modem.board, Q::SERVICE, Q::CID, body)?;
            Ok(Q::Response::parse(body)?)
        })
    }

    /// Sets, and takes the answer into what is known. Several modems answer with nothing.
    fn set<Q: Request>(&self, request: &Q) -> Asked<'_, Vec<u8>> {
        Asked::new(self.client.send(request), self, |modem, body| {
            if !body.is_empty() {
                // It was taken by the modem, whatever it answers.
                let _ = take(&modem.board, Q::SERVICE, Q::CID, body);
            }
            Ok(body.to_vec())
        })
    }
}

/// Whether the function is open: a closed one answers with FUNCTION_ERROR, or not at all.
async fn answers(client: &Client) -> bool {
    matches!(timeout(RESUME, client.query::<DeviceCaps>()).await, Ok(Ok(_)))
}

fn after(wait: Duration) -> Instant {
    Instant::now() + wait
}

fn hear(board: &Board<Known>, unasked: &Unasked, event: Event) {
    match event {
        Event::Indication { service: Service::BasicConnect, cid, body } => {
            // Said in the log.
            let _ = take(board, Service::BasicConnect, cid, &body);
        }
        Event::Indication { service: Service::Qmi, body, .. } => {
            if let Some(unasked) = &*unasked.borrow() {
                // It may just have been closed.
                let _ = unasked.send(body);
            }
        }
        Event::Indication { service, cid, body } => messages::hear(board, service, cid, &body),
        Event::Gone => board.note(Note::Gone),
        // Counted by the client.
        Event::Malformed(_) => {}
    }
}

/// One message of the modem, asked for or not.
fn take(board: &Board<Known>, service: Service, cid: u32, body: &[u8]) -> Result<(), Malformed> {
    let mut taken = Ok(());
    if service == Service::BasicConnect {
        board.post(|known| {
            known.take(cid, body).unwrap_or_else(|malformed| {
                log::debug!("basic-connect {cid}: {malformed}");
                taken = Err(malformed);
                Vec::new()
            })
        });
    }
    taken
}
