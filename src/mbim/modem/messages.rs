//! SMS and USSD.
//!
//! Contract: messages pass as PDUs, whatever the modem's own favourite is. New ones are told
//! as [`Note::MessageStored`].

use std::time::Duration;

use super::known::Known;
use super::{Modem, after};
use crate::answers::{Folder, Refused, Stored, UssdAnswer, UssdOrder, UssdState};
use crate::board::Board;
use crate::dial::Note;
use crate::few::Listed;
use crate::mbim::client::Error;
use crate::mbim::messages::enums::*;
use crate::mbim::messages::services::EventEntry;
use crate::mbim::messages::sms::*;
use crate::mbim::messages::ussd::{SetUssd, Ussd};
use crate::mbim::messages::{Message, Query, Raw};
use crate::mbim::service::Service;
use crate::mbim::status::Status;
use crate::ussd::{decode, encode};
use crate::words::Id;

/// Some modems acknowledge a USSD request with nothing and indicate the network's answer.
const USSD_LATER: Duration = Duration::from_secs(30);

/// What to subscribe to. A read that nobody asked for is a message of class 0 (10.6.3).
pub(super) fn events() -> [EventEntry; 2] {
    let entry = |service, cids: &[u32]| EventEntry { service, cids: cids.to_vec() };
    [entry(Service::Sms, &[SmsMessages::CID, SmsStoreStatus::CID]), entry(Service::Ussd, &[Ussd::CID])]
}

impl Modem {
    /// Messages as PDUs, which a modem may have to be told.
    async fn speak_pdu(&self) -> Result<(), Refused> {
        if self.speaks_pdu.get() {
            return Ok(());
        }
        let now = self.ask(&Query::<SmsConfiguration>::default()).await?;
        if now.storage == SmsStorage::NotInitialized {
            return Err(Refused::NotNow("the store of messages is not ready yet".to_string()));
        }
        if now.format != SmsFormat::Pdu {
            // An empty service centre leaves the one that there is (10.6.2.4).
            let set = SetSmsConfiguration { format: SmsFormat::Pdu, sc_address: Id::default() };
            self.set(&set).await?;
        }
        self.speaks_pdu.set(true);
        Ok(())
    }

    /// All messages of the store, or the one at `index`.
    pub async fn messages(&self, index: Option<u32>) -> Result<Vec<Stored>, Refused> {
        self.speak_pdu().await?;
        let filter = if index.is_some() { SmsFilter::Index } else { SmsFilter::All };
        let query = QuerySms { format: SmsFormat::Pdu, filter, index: index.unwrap_or(0) };
        match self.ask(&query).await {
            Ok(found) => Ok(stored(found.records)),
            Err(Error::Refused(Status::InvalidMemoryIndex, _)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends; gives the reference that the network's reports will repeat.
    pub async fn send_message(&self, pdu: Vec<u8>) -> Result<u32, Refused> {
        self.speak_pdu().await?;
        let message = SmsOutgoing::Pdu(SmsPduOut { pdu: Raw(pdu) });
        Ok(self.ask(&SendSms { message }).await?.reference)
    }

    pub async fn delete_message(&self, index: u32) -> Result<(), Refused> {
        match self.client.execute(&DeleteSms { filter: SmsFilter::Index, index }).await {
            Ok(()) => Ok(()),
            Err(Error::Refused(Status::InvalidMemoryIndex, _)) => {
                Err(Refused::Wrong(format!("there is no message {index}")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// One turn of a USSD dialogue.
    pub async fn ussd(&self, order: &UssdOrder) -> Result<UssdAnswer, Refused> {
        let (action, text) = match order {
            UssdOrder::Initiate(text) => (UssdAction::Initiate, Some(text)),
            UssdOrder::Continue(text) => (UssdAction::Continue, Some(text)),
            UssdOrder::Cancel => (UssdAction::Cancel, None),
        };
        let (dcs, payload) = match text {
            None => (0, Vec::new()),
            Some(text) => encode(text.reveal())
                .ok_or_else(|| Refused::Wrong("text is empty or longer than USSD can carry".to_string()))?,
        };
        self.board.mark(|known| known.ussd = None);
        let set = SetUssd { action, dcs: dcs.into(), payload: Raw(payload) };
        let mut answer = self.client.command(&set).await?;
        let waits = matches!(answer.response, UssdResponse::NoActionRequired | UssdResponse::ActionRequired);
        if waits && answer.payload.0.is_empty() && *order != UssdOrder::Cancel {
            let later = self.board.until(after(USSD_LATER), |known| known.ussd.clone()).await;
            answer = later.unwrap_or(answer);
        }
        ussd_answer(&answer)
    }
}

fn stored(records: SmsRecords) -> Vec<Stored> {
    match records {
        SmsRecords::Pdu(records) => records.into_iter().map(one).listed(),
        // Asked for PDUs, it has none.
        SmsRecords::Cdma(_) => Vec::new(),
    }
}

fn one(record: SmsPdu) -> Stored {
    let folder = match record.status {
        SmsStatus::New => Folder::Unread,
        SmsStatus::Old | SmsStatus::Other(_) => Folder::Read,
        SmsStatus::Draft => Folder::Draft,
        SmsStatus::Sent => Folder::Sent,
    };
    Stored { index: record.index, folder, pdu: record.pdu.0 }
}

fn ussd_answer(answer: &Ussd) -> Result<UssdAnswer, Refused> {
    let state = match answer.response {
        UssdResponse::NoActionRequired => UssdState::Done,
        UssdResponse::ActionRequired => UssdState::Asks,
        UssdResponse::TerminatedByNetwork | UssdResponse::OtherLocalClient | UssdResponse::Other(_) => {
            UssdState::Ended
        }
        UssdResponse::NotSupported => {
            return Err(Refused::Said("the network does not know this code".to_string()));
        }
        UssdResponse::NetworkTimeout => {
            return Err(Refused::Said("the network did not answer in time".to_string()));
        }
    };
    // Eight bits, of which MBIM makes thirty-two.
    let scheme = u8::try_from(answer.dcs).unwrap_or(u8::MAX);
    let text = decode(scheme, &answer.payload.0);
    Ok(UssdAnswer { state, text: Some(Id::new(text)).filter(|text| !text.is_empty()) })
}

/// What the modem tells of messages and USSD by itself.
pub(super) fn hear(board: &Board<Known>, service: Service, cid: u32, body: &[u8]) {
    match (service, cid) {
        (Service::Sms, SmsStoreStatus::CID) => {
            let Ok(status) = SmsStoreStatus::parse(body) else { return };
            if status.flags.contains(SmsStatusFlags::NEW_MESSAGE) {
                board.note(Note::MessageStored { index: status.index });
            }
            if status.flags.contains(SmsStatusFlags::STORE_FULL) {
                board.note(Note::StoreFull);
            }
        }
        (Service::Sms, SmsMessages::CID) => {
            let Ok(messages) = SmsMessages::parse(body) else { return };
            stored(messages.records).into_iter().for_each(|message| board.note(Note::Message(message)));
        }
        (Service::Ussd, Ussd::CID) => {
            let Ok(answer) = Ussd::parse(body) else { return };
            board.post(|known| {
                known.ussd = Some(answer);
                Vec::new()
            });
        }
        _ => {}
    }
}
