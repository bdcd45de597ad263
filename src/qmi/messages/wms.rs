//! WMS, messages (SMS): stored, arriving, sent. The PDUs themselves are another codec's.

use crate::qmi::value::{Hidden16, IdText, List, List16};
use crate::{codes, messages, record};

codes! {
    pub enum Storage: u8 { Sim = 0 => "sim", Device = 1 => "device", None = 0xff => "none" }

    pub enum Tag: u8 { Read = 0 => "read", Unread = 1 => "unread", Sent = 2 => "sent", Unsent = 3 => "unsent" }

    pub enum Mode: u8 { Cdma = 0 => "cdma", Gsm = 1 => "gsm" }

    pub enum Format: u8 {
        Cdma = 0 => "cdma",
        /// SMSC address and TPDU, as AT+CMGL shows them.
        Gsm = 6 => "gsm",
        Broadcast = 7 => "broadcast",
        Waiting = 8 => "message-waiting",
    }

    pub enum Protocol: u8 { Cdma = 0 => "cdma", Gsm = 1 => "gsm" }

    pub enum Class: u8 {
        Class0 = 0 => "0",
        Class1 = 1 => "1",
        Class2 = 2 => "2",
        Class3 = 3 => "3",
        None = 4 => "none",
        Cdma = 5 => "cdma",
    }

    pub enum Receipt: u8 {
        Discard = 0 => "discard",
        StoreAndNotify = 1 => "store",
        TransferOnly = 2 => "transfer",
        TransferAndAck = 3 => "transfer-and-ack",
    }

    pub enum Ack: u8 { Send = 0 => "send", DoNotSend = 1 => "none" }

    pub enum Failure: u8 { Temporary = 0 => "temporary", Permanent = 1 => "permanent" }
}

record! {
    pub struct RawMessage { format: Format, pdu: Hidden16 }
    pub struct StoredMessage { tag: Tag, format: Format, pdu: Hidden16 }
    pub struct ToStore { storage: Storage, format: Format, pdu: Hidden16 }
    pub struct Place { storage: Storage, index: u32 }
    pub struct Entry { index: u32, tag: Tag }
    pub struct Tagged { storage: Storage, index: u32, tag: Tag }
    pub struct ToSend { storage: Storage, index: u32, mode: Mode }

    pub struct Route { kind: u8, class: Class, storage: Storage, receipt: Receipt }

    /// A message that is not stored: acknowledge it, or the network sends it again.
    pub struct Transfer { ack: Ack, transaction: u32, format: Format, pdu: Hidden16 }

    /// RP and TP cause (3GPP TS 24.011 8.2.5.4, TS 23.040 9.2.3.22).
    pub struct Causes { rp: u16, tp: u8 }

    pub struct AckWhat { transaction: u32, protocol: Protocol, success: bool }

    pub struct Etws { kind: u8, pdu: Hidden16 }
}

messages! { Wms;
    0x0000 Reset {};
    0x0001 SetEventReport { 0x10 new_messages: bool };
    0x0020 RawSend {
        0x01 message: RawMessage,
        0x12 link_timer: u8,
        0x13 on_ims: bool,
    } -> RawSent {
        0x01 reference: u16,
        0x12 causes: Causes,
        0x13 failure: Failure,
    };
    0x0021 RawWrite { 0x01 message: ToStore } -> RawWritten { 0x01 index: u32 };
    0x0022 RawRead { 0x01 place: Place, 0x10 mode: Mode, 0x11 on_ims: bool } -> RawMessageRead { 0x01 message: StoredMessage };
    0x0023 ModifyTag { 0x01 message: Tagged, 0x10 mode: Mode };
    0x0024 Delete { 0x01 storage: Storage, 0x10 index: u32, 0x11 tag: Tag, 0x12 mode: Mode };
    0x0030 GetMessageProtocol {} -> MessageProtocol { 0x01 protocol: Protocol };
    0x0031 ListMessages { 0x01 storage: Storage, 0x11 tag: Tag, 0x12 mode: Mode } -> Messages { 0x01 messages: List<Entry, u32> };
    0x0032 SetRoutes { 0x01 routes: List16<Route>, 0x10 status_reports: u8 };
    0x0033 GetRoutes {} -> Routes { 0x01 routes: List16<Route>, 0x10 status_reports: u8 };
    0x0037 SendAck { 0x01 ack: AckWhat, 0x12 on_ims: bool } -> AckSent { 0x10 failure: u8 };
    0x0042 SendFromStorage { 0x01 message: ToSend, 0x10 on_ims: bool } -> SentFromStorage {
        0x10 reference: u16,
        0x13 causes: Causes,
        0x14 failure: Failure,
    };
    0x005c GetServiceReady {} -> ServiceReady { 0x10 registered: bool, 0x11 status: u32 };

    indications
    0x0001 EventReport {
        0x10 stored: Place,
        0x11 transfer: Transfer,
        0x12 mode: Mode,
        0x13 etws: Etws,
        0x15 centre: IdText,
        0x16 on_ims: bool,
    };
}
