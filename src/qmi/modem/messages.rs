//! SMS and USSD.
//!
//! Contract: one client id of WMS for as long as the modem is open, from the first time that
//! somebody needs it on: its indications are what [`Note::MessageStored`] comes from, and a
//! successor takes it over. One of VOICE for as long as a USSD dialogue lasts.

use std::rc::Rc;
use std::time::Duration;

use super::known::Known;
use super::{Modem, after, optional};
use crate::answers::{Folder, Refused, Stored, UssdAnswer, UssdOrder, UssdState};
use crate::board::Board;
use crate::cause::Why;
use crate::dial::Note;
use crate::few::Listed;
use crate::qmi::client::{Error, Event, Lease};
use crate::qmi::error::QmiError;
use crate::qmi::frame::Service;
use crate::qmi::messages::voice::{
    AnswerUssd, CancelUssd, Coding, OriginateUssd, OriginateUssdNoWait, RegisterIndications, UserAction,
    UssData, Ussd, UssdOutcome, UssdReleased,
};
use crate::qmi::messages::wms::{
    Ack, AckWhat, Class, Delete, Entry, EventReport, Format, GetRoutes, ListMessages, Mode, Place, Protocol,
    RawMessage, RawRead, RawSend, Receipt, Route, SendAck, SetEventReport, SetRoutes, Storage, Tag,
};
use crate::qmi::value::Hidden;
use crate::ussd;
use crate::words::Id;

/// Places of the SIM's store come behind those of the device's.
const SIM_PLACES: u32 = 0x0001_0000;

/// The network's turn in a USSD dialogue.
const USSD: Duration = Duration::from_secs(150);
/// Whether it asks for an answer is told after its text.
const USSD_MORE: Duration = Duration::from_secs(1);

/// libqmi: QMI_WMS_MESSAGE_TYPE_POINT_TO_POINT.
const POINT_TO_POINT: u8 = 0;
/// libqmi: QMI_WMS_TRANSFER_INDICATION_CLIENT.
const REPORTS_TO_CLIENT: u8 = 1;

/// What the network said last in a USSD dialogue.
#[derive(Clone)]
pub struct Heard {
    /// `None`: not told yet.
    action: Option<UserAction>,
    text: Option<Id>,
    /// Of the network's.
    failure: Option<u16>,
}

fn no_service(_: Why) -> Refused {
    Refused::NotNow("the modem gives no client id for it".to_string())
}

impl Modem {
    /// The client id for messages, with its indications on from the first time.
    pub(super) async fn wms(&self) -> Result<Rc<Lease>, Refused> {
        let kept = self.wms.borrow().clone();
        if let Some((lease, true)) = kept {
            return Ok(lease);
        }
        let lease = match kept {
            Some((lease, _)) => lease,
            None => {
                let leased = optional(self.client.lease(Service::Wms).await).map_err(no_service)?;
                let Some(leased) = leased else {
                    self.no_messages.set(true);
                    return Err(Refused::Unsupported);
                };
                Rc::new(leased)
            }
        };
        *self.wms.borrow_mut() = Some((lease.clone(), false));
        match lease.tell(&SetEventReport { new_messages: Some(true) }).await? {
            Ok(()) => set_routes(&lease).await?,
            // Of an earlier process, and the modem forgot it.
            Err(QmiError::InvalidClientId) => {
                self.wms.take();
                return Err(Error::Refused(QmiError::InvalidClientId).into());
            }
            Err(error) => {
                log::debug!("new messages are not told: {error}");
                self.no_messages.set(true);
            }
        }
        *self.wms.borrow_mut() = Some((lease.clone(), true));
        Ok(lease)
    }

    pub async fn messages(&self, index: Option<u32>) -> Result<Vec<Stored>, Refused> {
        let wms = self.wms().await?;
        let mut all = Vec::new();
        let places = match index {
            Some(index) => vec![index],
            None => listed(&wms).await?,
        };
        for index in places {
            let place = Some(place(index));
            match wms.call(&RawRead { place, mode: Some(Mode::Gsm), ..RawRead::default() }).await {
                Ok(read) => all.extend(
                    read.message.filter(|message| message.format == Format::Gsm).map(|message| Stored {
                        index,
                        folder: folder(message.tag),
                        pdu: message.pdu.0,
                    }),
                ),
                // Deleted meanwhile, or not for people.
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(all)
    }

    pub async fn send_message(&self, pdu: Vec<u8>) -> Result<u32, Refused> {
        let message = Some(RawMessage { format: Format::Gsm, pdu: Hidden(pdu) });
        let sent = self.wms().await?.call(&RawSend { message, ..RawSend::default() }).await?;
        Ok(sent.reference.map(u32::from).unwrap_or_default())
    }

    pub async fn delete_message(&self, index: u32) -> Result<(), Refused> {
        let Place { storage, index: at } = place(index);
        let delete =
            Delete { storage: Some(storage), index: Some(at), mode: Some(Mode::Gsm), ..Delete::default() };
        match self.wms().await?.tell(&delete).await? {
            Ok(()) => Ok(()),
            Err(QmiError::NoEntry | QmiError::InvalidIndex) => {
                Err(Refused::Wrong(format!("there is no message {index}")))
            }
            Err(error) => Err(Error::Refused(error).into()),
        }
    }

    /// Has the network know that a message which is not stored came here.
    pub async fn acknowledge(&self, transaction: u32) -> Result<(), Refused> {
        let ack = Some(AckWhat { transaction, protocol: Protocol::Gsm, success: true });
        self.wms().await?.call(&SendAck { ack, ..SendAck::default() }).await?;
        Ok(())
    }

    /// One turn of a USSD dialogue.
    pub async fn ussd(&self, order: &UssdOrder) -> Result<UssdAnswer, Refused> {
        let open = self.voice.borrow().clone();
        let voice = match (open, order) {
            (Some(voice), _) => voice,
            (None, UssdOrder::Continue(_)) => {
                return Err(Refused::NotNow("no dialogue is open: begin one".to_string()));
            }
            (None, UssdOrder::Initiate(_) | UssdOrder::Cancel) => self.voice().await?,
        };
        let text = match order {
            UssdOrder::Initiate(text) | UssdOrder::Continue(text) => text,
            UssdOrder::Cancel => return self.cancel_ussd(&voice).await,
        };
        let data = Some(spoken(text)?);
        self.board.mark(|known| known.ussd = None);
        let answer = match order {
            UssdOrder::Continue(_) => voice.call(&AnswerUssd { data }).await.map(|_| None),
            UssdOrder::Initiate(_) | UssdOrder::Cancel => originate(&voice, data).await,
        };
        let heard = match answer {
            Ok(Some(heard)) => heard,
            Ok(None) => self.hear_ussd().await.inspect_err(|_| self.end_ussd())?,
            Err(error) => {
                self.end_ussd();
                return Err(error.into());
            }
        };
        let asks = heard.action == Some(UserAction::Required);
        if !asks {
            self.end_ussd();
        }
        match heard {
            Heard { failure: Some(number), .. } => {
                Err(Refused::Said(format!("the network refused it, with cause {number}")))
            }
            // Released without a word.
            Heard { text: None, action: None, .. } => Ok(UssdAnswer { state: UssdState::Ended, text: None }),
            Heard { text, .. } => {
                Ok(UssdAnswer { state: if asks { UssdState::Asks } else { UssdState::Done }, text })
            }
        }
    }

    async fn voice(&self) -> Result<Rc<Lease>, Refused> {
        let leased = optional(self.client.lease(Service::Voice).await).map_err(no_service)?;
        let lease = Rc::new(leased.ok_or(Refused::Unsupported)?);
        if let Err(error) = lease.tell(&RegisterIndications { ussd: Some(true) }).await? {
            log::debug!("USSD is not told: {error}");
        }
        *self.voice.borrow_mut() = Some(lease.clone());
        Ok(lease)
    }

    fn end_ussd(&self) {
        self.voice.take();
    }

    async fn hear_ussd(&self) -> Result<Heard, Refused> {
        let first = self.board.until(after(USSD), |known| known.ussd.clone()).await;
        let heard = first.ok_or(Refused::Silent)?;
        if heard.action.is_some() || heard.text.is_none() {
            return Ok(heard);
        }
        let told = |known: &Known| known.ussd.clone().filter(|heard| heard.action.is_some());
        Ok(self.board.until(after(USSD_MORE), told).await.unwrap_or(heard))
    }

    async fn cancel_ussd(&self, voice: &Lease) -> Result<UssdAnswer, Refused> {
        let result = voice.tell(&CancelUssd {}).await;
        self.end_ussd();
        // Whoever waits for the network hears that there is nothing to come.
        self.board.post(|known| known.on_ussd(None, None, None));
        match result? {
            // There is none, which is what was asked for.
            Ok(()) | Err(QmiError::NoEffect | QmiError::InvalidHandle) => {
                Ok(UssdAnswer { state: UssdState::Ended, text: None })
            }
            Err(error) => Err(Error::Refused(error).into()),
        }
    }
}

/// Messages are to be stored and told. A modem that was told otherwise before (by another
/// program, and it lasts) would throw them away or wait for somebody to take them.
async fn set_routes(wms: &Lease) -> Result<(), Error> {
    let now = match wms.call(&GetRoutes {}).await {
        Ok(now) => now.routes.unwrap_or_default(),
        Err(Error::Refused(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let classes = [Class::Class0, Class::Class1, Class::Class2, Class::Class3, Class::None];
    // Class 0 is shown and not kept, so it may come as a transfer.
    let is_good = |route: &Route| match route.receipt {
        Receipt::StoreAndNotify => true,
        Receipt::TransferOnly | Receipt::TransferAndAck => route.class == Class::Class0,
        Receipt::Discard | Receipt::Other(_) => false,
    };
    let ours: Vec<Route> = now.into_iter().filter(|route| route.kind == POINT_TO_POINT).listed();
    if ours.iter().filter(|route| classes.contains(&route.class)).all(is_good) {
        return Ok(());
    }
    let route = |class: Class| {
        let good = ours.iter().find(|route| route.class == class && is_good(route));
        // What names the SIM as its place stays there (23.038, class 2).
        let storage = if class == Class::Class2 { Storage::Sim } else { Storage::Device };
        let receipt = Receipt::StoreAndNotify;
        good.cloned().unwrap_or(Route { kind: POINT_TO_POINT, class, storage, receipt })
    };
    let routes = Some(classes.into_iter().map(route).listed());
    let told = wms.tell(&SetRoutes { routes, status_reports: Some(REPORTS_TO_CLIENT) });
    if let Err(error) = told.await? {
        log::debug!("where messages go is not ours to say: {error}");
    }
    Ok(())
}

/// Older modems know only the request that waits for the network.
async fn originate(voice: &Lease, data: Option<UssData>) -> Result<Option<Heard>, Error> {
    match voice.tell(&OriginateUssdNoWait { data: data.clone() }).await? {
        Ok(()) => return Ok(None),
        Err(QmiError::InvalidQmiCommand | QmiError::NotSupported) => {}
        Err(error) => return Err(Error::Refused(error)),
    }
    let answer = voice.ask(&OriginateUssd { data }).await?;
    let text = words(answer.reply.data.as_ref(), answer.reply.text.as_ref());
    match (answer.result, answer.reply.failure) {
        (Ok(()), _) => Ok(text.is_some().then_some(Heard { action: None, text, failure: None })),
        (Err(_), Some(number)) => Ok(Some(Heard { action: None, text: None, failure: Some(number) })),
        (Err(error), None) => Err(Error::Refused(error)),
    }
}

fn spoken(text: &Id) -> Result<UssData, Refused> {
    let text = text.reveal();
    let (coding, data) = if text.is_ascii() {
        (Coding::Ascii, text.as_bytes().to_vec())
    } else {
        (Coding::Ucs2, text.encode_utf16().flat_map(u16::to_be_bytes).listed())
    };
    // What the network takes (3GPP TS 24.080, 4.4.3): 182 characters of seven bits.
    let most = if coding == Coding::Ascii { 182 } else { 160 };
    if data.is_empty() || data.len() > most {
        return Err(Refused::Wrong("text is empty or longer than USSD can carry".to_string()));
    }
    Ok(UssData { coding, data: Hidden(data) })
}

/// The text that came in either form; UTF-16 is the newer one and leaves no doubt.
fn words(data: Option<&UssData>, units: Option<&Hidden>) -> Option<Id> {
    let text = match (units, data) {
        (Some(units), _) if !units.0.is_empty() => ussd::utf16_le(&units.0),
        (_, Some(UssData { coding: Coding::Ascii, data })) => String::from_utf8_lossy(&data.0).into_owned(),
        (_, Some(UssData { coding: Coding::Ucs2, data })) => ussd::decode(ussd::UCS2, &data.0),
        (_, Some(UssData { data, .. })) => ussd::decode(ussd::OCTETS, &data.0),
        (_, None) => return None,
    };
    Some(Id::new(text))
}

impl Known {
    fn on_ussd(&mut self, action: Option<UserAction>, text: Option<Id>, failure: Option<u16>) -> Vec<Note> {
        self.ussd = Some(Heard { action, text, failure });
        Vec::new()
    }
}

/// What the modem tells of messages and USSD by itself. Whether it was any of it.
pub(super) fn hear(board: &Board<Known>, event: &Event) -> bool {
    if let Some(report) = event.indication::<EventReport>() {
        if let Some(stored) = report.stored {
            board.note(Note::MessageStored { index: index(&stored) });
        }
        if let Some(transfer) = report.transfer.filter(|transfer| transfer.format == Format::Gsm) {
            let message = Stored { index: 0, folder: Folder::Unread, pdu: transfer.pdu.0 };
            board.note(Note::Message(message));
            if transfer.ack == Ack::Send {
                board.note(Note::Acknowledge(transfer.transaction));
            }
        }
    } else if let Some(told) = event.indication::<Ussd>() {
        let text = words(told.data.as_ref(), told.text.as_ref());
        board.post(|known| known.on_ussd(Some(told.action.unwrap_or_default()), text, None));
    } else if let Some(told) = event.indication::<UssdOutcome>() {
        let failure = told.failure.or(told.error).filter(|number| *number != 0);
        let text = words(told.data.as_ref(), told.text.as_ref());
        // Without a text it only says that the network has the code.
        if failure.is_some() || text.is_some() {
            board.post(|known| known.on_ussd(None, text, failure));
        }
    } else if event.indication::<UssdReleased>().is_some() {
        board.post(|known| match &mut known.ussd {
            // It comes behind the last text, too.
            Some(heard) => {
                heard.action = heard.action.or(Some(UserAction::NotRequired));
                Vec::new()
            }
            None => known.on_ussd(None, None, None),
        });
    } else {
        return false;
    }
    true
}

async fn listed(wms: &Lease) -> Result<Vec<u32>, Refused> {
    let mut places = Vec::new();
    for storage in [Storage::Device, Storage::Sim] {
        for tag in [Tag::Read, Tag::Unread, Tag::Sent, Tag::Unsent] {
            let list = ListMessages { storage: Some(storage), tag: Some(tag), mode: Some(Mode::Gsm) };
            match wms.call(&list).await {
                Ok(reply) => {
                    let at = |entry: &Entry| index(&Place { storage, index: entry.index });
                    places.extend(reply.messages.iter().flatten().map(at));
                }
                // A store that this modem does not have.
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(places)
}

/// One number for both stores.
fn index(place: &Place) -> u32 {
    let begin = if place.storage == Storage::Sim { SIM_PLACES } else { 0 };
    begin | (place.index & 0xffff)
}

fn place(index: u32) -> Place {
    let storage = if index >= SIM_PLACES { Storage::Sim } else { Storage::Device };
    Place { storage, index: index & 0xffff }
}

fn folder(tag: Tag) -> Folder {
    match tag {
        Tag::Unread => Folder::Unread,
        Tag::Sent => Folder::Sent,
        Tag::Unsent => Folder::Draft,
        Tag::Read | Tag::Other(_) => Folder::Read,
    }
}
