//! What a simulated modem does with messages and USSD.

use uwand::mbim::messages::Message;
use uwand::mbim::messages::enums::*;
use uwand::mbim::messages::sms::*;
use uwand::mbim::messages::ussd::{SetUssd, Ussd};
use uwand::mbim::{Service, Status};
use uwand::ussd;

use super::device::invalid;
use super::state::{Reply, State, done, refused};
use super::{Raw, SimModem};

/// Messages that the store takes.
const ROOM: usize = 50;

impl State {
    pub fn sms(&mut self, id: u32, cid: u32, set: bool, body: &[u8]) -> Option<Reply> {
        if !self.sim_is_ready() {
            return Some(refused(Status::NotInitialized));
        }
        Some(match (cid, set) {
            (1, false) => done(&self.sms_configuration()),
            (1, true) => match SetSmsConfiguration::parse(body) {
                Ok(set) => {
                    self.sms_format = set.format;
                    done(&self.sms_configuration())
                }
                Err(error) => invalid(error),
            },
            (2, false) => QuerySms::parse(body).map_or_else(invalid, |query| self.read_sms(&query)),
            (3, true) => return self.send_sms(id, body),
            (4, true) => DeleteSms::parse(body).map_or_else(invalid, |set| self.delete_sms(&set)),
            (5, false) => done(&SmsStoreStatus::default()),
            _ => refused(Status::NoDeviceSupport),
        })
    }

    fn sms_configuration(&self) -> SmsConfiguration {
        SmsConfiguration {
            storage: SmsStorage::Initialized,
            format: self.sms_format,
            max_messages: 25,
            ..SmsConfiguration::default()
        }
    }

    fn read_sms(&mut self, query: &QuerySms) -> Reply {
        if query.format != self.sms_format {
            return refused(Status::SmsFormatNotSupported);
        }
        let wanted = |message: &&mut SmsPdu| match query.filter {
            SmsFilter::Index => message.index == query.index,
            SmsFilter::New => message.status == SmsStatus::New,
            _ => true,
        };
        let mut records = Vec::new();
        for message in self.store.iter_mut().filter(wanted) {
            records.push(message.clone());
            if message.status == SmsStatus::New {
                message.status = SmsStatus::Old;
            }
        }
        if records.is_empty() && query.filter == SmsFilter::Index {
            return refused(Status::InvalidMemoryIndex);
        }
        done(&SmsMessages { records: SmsRecords::Pdu(records) })
    }

    fn send_sms(&mut self, id: u32, body: &[u8]) -> Option<Reply> {
        let pdu = match SendSms::parse(body) {
            Ok(SendSms { message: SmsOutgoing::Pdu(message) }) => message.pdu.0,
            Ok(_) => return Some(refused(Status::SmsFormatNotSupported)),
            Err(error) => return Some(invalid(error)),
        };
        if !self.is_registered() {
            return Some(refused(Status::NotRegistered));
        }
        self.sent.push(pdu);
        let reference = u32::try_from(self.sent.len()).unwrap_or_default();
        let delay = self.network.sends_after;
        self.later(delay, move |state| {
            state.answer(id, SmsSent::SERVICE, SmsSent::CID, done(&SmsSent { reference }));
        });
        None
    }

    fn delete_sms(&mut self, set: &DeleteSms) -> Reply {
        let before = self.store.len();
        self.store.retain(|message| set.filter == SmsFilter::Index && message.index != set.index);
        if before == self.store.len() && set.filter == SmsFilter::Index {
            return refused(Status::InvalidMemoryIndex);
        }
        done(&SmsDeleted {})
    }

    /// The network delivers a message: into the store, at its first free place.
    pub fn deliver(&mut self, pdu: Vec<u8>) {
        if self.store.len() >= ROOM {
            return self.indicate(&SmsStoreStatus { flags: SmsStatusFlags::STORE_FULL, index: 0 });
        }
        let is_free = |index: &u32| self.store.iter().all(|message| message.index != *index);
        let index = (1..).find(is_free).unwrap_or_default();
        self.store.push(SmsPdu { index, status: SmsStatus::New, pdu: Raw(pdu) });
        self.indicate(&SmsStoreStatus { flags: SmsStatusFlags::NEW_MESSAGE, index });
    }

    pub fn ussd(&mut self, id: u32, body: &[u8]) -> Option<Reply> {
        let set = match SetUssd::parse(body) {
            Ok(set) => set,
            Err(error) => return Some(invalid(error)),
        };
        let session = if self.ussd_open { UssdSession::Existing } else { UssdSession::New };
        if set.action == UssdAction::Cancel {
            self.ussd_open = false;
            let response = UssdResponse::TerminatedByNetwork;
            return Some(done(&Ussd { response, session, ..Ussd::default() }));
        }
        let scheme = u8::try_from(set.dcs).unwrap_or_default();
        let said = ussd::decode(scheme, &set.payload.0);
        let known = self.network.ussd.iter().find(|(code, ..)| *code == said).cloned();
        let (_, response, text) = known.unwrap_or((said, UssdResponse::NotSupported, String::new()));
        self.ussd_open = response == UssdResponse::ActionRequired;
        let (dcs, payload) = ussd::encode(&text).unwrap_or_default();
        let answer = Ussd { response, session, dcs: dcs.into(), payload: Raw(payload) };
        if self.network.ussd_indicated {
            self.later(std::time::Duration::from_secs(3), move |state| state.indicate(&answer));
            return Some(done(&Ussd {
                response: UssdResponse::NoActionRequired,
                session,
                ..Ussd::default()
            }));
        }
        let delay = self.network.sends_after;
        self.later(delay, move |state| state.answer(id, Service::Ussd, Ussd::CID, done(&answer)));
        None
    }
}

/// What a test does to the store, and asks of it.
impl SimModem {
    /// The network delivers a message.
    /// The store is empty.
    pub fn forget_messages(&self) {
        self.act(|state| state.store.clear());
    }

    pub fn deliver(&self, pdu: Vec<u8>) {
        self.act(|state| state.deliver(pdu));
    }

    /// A message of class 0, which is shown and not kept.
    pub fn flash(&self, pdu: Vec<u8>) {
        let message = SmsPdu { index: 0, status: SmsStatus::New, pdu: Raw(pdu) };
        self.act(|state| state.indicate(&SmsMessages { records: SmsRecords::Pdu(vec![message]) }));
    }

    pub fn stored(&self) -> Vec<u32> {
        self.act(|state| state.store.iter().map(|message| message.index).collect())
    }

    /// The PDUs that the host had sent.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        self.act(|state| state.sent.clone())
    }
}
