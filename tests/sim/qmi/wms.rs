//! What a simulated QMI modem answers as WMS: messages stored on the device, and sent.

use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Frame;
use uwand::qmi::messages::wms::*;
use uwand::qmi::tlv::Request;
use uwand::qmi::value::Hidden;

use super::state::{Answer, State, ask, done, error, ok};

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub tag: Tag,
    pub pdu: Vec<u8>,
}

impl State {
    pub fn wms(&mut self, frame: &Frame) -> Answer {
        match frame.message {
            Reset::ID => {
                self.client(frame).wants.clear();
                done()
            }
            SetEventReport::ID => {
                let wish = ask::<SetEventReport>(frame).new_messages;
                self.wish::<EventReport>(frame, wish);
                done()
            }
            ListMessages::ID => self.list(ask(frame)),
            RawRead::ID => self.read_message(ask(frame)),
            RawSend::ID => match ask::<RawSend>(frame).message {
                Some(message) if self.core.is_registered() => {
                    self.sent_messages.push(message.pdu.0);
                    let reference = u16::try_from(self.sent_messages.len()).ok();
                    ok(&RawSent { reference, ..RawSent::default() })
                }
                Some(_) => error(QmiError::NetworkNotReady),
                None => error(QmiError::MissingArgument),
            },
            Delete::ID => self.delete(ask(frame)),
            ModifyTag::ID => match ask::<ModifyTag>(frame).message {
                Some(tagged) => match self.messages.get_mut(&tagged.index) {
                    Some(stored) => {
                        stored.tag = tagged.tag;
                        done()
                    }
                    None => error(QmiError::NoEntry),
                },
                None => error(QmiError::MissingArgument),
            },
            GetMessageProtocol::ID => ok(&MessageProtocol { protocol: Some(Protocol::Gsm) }),
            GetRoutes::ID => ok(&Routes { routes: Some(self.routes.clone()), ..Routes::default() }),
            SetRoutes::ID => {
                self.routes = ask::<SetRoutes>(frame).routes.unwrap_or_default();
                done()
            }
            SendAck::ID => {
                self.acknowledged.extend(ask::<SendAck>(frame).ack.map(|ack| ack.transaction));
                done()
            }
            _ => error(QmiError::InvalidQmiCommand),
        }
    }

    fn list(&self, request: ListMessages) -> Answer {
        let is_device = request.storage == Some(Storage::Device);
        let wanted = |stored: &Stored| is_device && request.tag.is_none_or(|tag| tag == stored.tag);
        let entries = self.messages.iter().filter(|(_, stored)| wanted(stored));
        let entries = entries.map(|(index, stored)| Entry { index: *index, tag: stored.tag }).collect();
        ok(&Messages { messages: Some(entries) })
    }

    fn read_message(&mut self, request: RawRead) -> Answer {
        let stored = request.place.and_then(|place| self.messages.get_mut(&place.index));
        let Some(stored) = stored else { return error(QmiError::NoEntry) };
        let (tag, format, pdu) = (stored.tag, Format::Gsm, Hidden(stored.pdu.clone()));
        if stored.tag == Tag::Unread {
            stored.tag = Tag::Read;
        }
        ok(&RawMessageRead { message: Some(StoredMessage { tag, format, pdu }) })
    }

    fn delete(&mut self, request: Delete) -> Answer {
        if let Some(index) = request.index {
            return match self.messages.remove(&index) {
                Some(_) => done(),
                None => error(QmiError::NoEntry),
            };
        }
        self.messages.retain(|_, stored| request.tag.is_some_and(|tag| tag != stored.tag));
        done()
    }

    /// A message that is not stored: the network waits for its acknowledgement.
    pub fn transfer_message(&mut self, transaction: u32, pdu: Vec<u8>) {
        let transfer = Transfer { ack: Ack::Send, transaction, format: Format::Gsm, pdu: Hidden(pdu) };
        let mode = Some(Mode::Gsm);
        self.indicate(&EventReport { transfer: Some(transfer), mode, ..EventReport::default() });
    }

    /// A message comes in and is stored on the device.
    pub fn store_message(&mut self, pdu: Vec<u8>) {
        let index = (0..).find(|index| !self.messages.contains_key(index)).unwrap_or(0);
        self.messages.insert(index, Stored { tag: Tag::Unread, pdu });
        let stored = Some(Place { storage: Storage::Device, index });
        self.indicate(&EventReport { stored, mode: Some(Mode::Gsm), ..EventReport::default() });
    }
}
