//! SMS (MBIM 1.0, 10.6).

use super::enums::*;
use super::{Body, Builder, Number, Raw, Struct, messages, structure};
use crate::wire::Malformed;
use crate::words::Id;

messages! { Sms;
    1 answer SmsConfiguration {
        storage: SmsStorage as number,
        format: SmsFormat as number,
        max_messages: u32 as number,
        cdma_size: u32 as number,
        /// The service centre.
        sc_address: Id as text,
    }
    1 set SetSmsConfiguration -> SmsConfiguration { format: SmsFormat as number, sc_address: Id as text }

    2 answer SmsMessages { records: SmsRecords as nested }
    2 query QuerySms -> SmsMessages {
        format: SmsFormat as number,
        filter: SmsFilter as number,
        /// With `SmsFilter::Index`, from 1.
        index: u32 as number,
    }

    3 answer SmsSent { reference: u32 as number }
    3 set SendSms -> SmsSent { message: SmsOutgoing as nested }

    4 answer SmsDeleted {}
    4 set DeleteSms -> SmsDeleted { filter: SmsFilter as number, index: u32 as number }

    5 answer SmsStoreStatus { flags: SmsStatusFlags as number, index: u32 as number }
}

structure! {
    /// A stored message as TS 23.040 has it, service centre address first.
    #[derive(Default)]
    SmsPdu { index: u32 as number, status: SmsStatus as number, pdu: Raw as bytes }
}

structure! {
    #[derive(Default)]
    SmsCdma {
        index: u32 as number,
        status: SmsStatus as number,
        address: Id as text,
        timestamp: String as text,
        encoding: u32 as number,
        language: u32 as number,
        message: Raw as bytes,
        characters: u32 as number,
    }
}

structure! {
    #[derive(Default)]
    SmsPduOut { pdu: Raw as bytes }
}

structure! {
    #[derive(Default)]
    SmsCdmaOut {
        encoding: u32 as number,
        language: u32 as number,
        address: Id as text,
        message: Raw as bytes,
        characters: u32 as number,
    }
}

/// The format decides what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsRecords {
    Pdu(Vec<SmsPdu>),
    Cdma(Vec<SmsCdma>),
}

impl Default for SmsRecords {
    fn default() -> Self {
        SmsRecords::Pdu(Vec::new())
    }
}

impl Struct for SmsRecords {
    fn read(body: &mut Body<'_>) -> Result<Self, Malformed> {
        match body.number()? {
            SmsFormat::Pdu => body.structs().map(SmsRecords::Pdu),
            SmsFormat::Cdma => body.structs().map(SmsRecords::Cdma),
            SmsFormat::Other(_) => Err(UNKNOWN_FORMAT),
        }
    }

    fn write(&self, out: &mut Builder) {
        match self {
            SmsRecords::Pdu(records) => {
                out.number(&SmsFormat::Pdu.to_wire());
                out.structs(records);
            }
            SmsRecords::Cdma(records) => {
                out.number(&SmsFormat::Cdma.to_wire());
                out.structs(records);
            }
        }
    }
}

/// The format decides what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsOutgoing {
    Pdu(SmsPduOut),
    Cdma(SmsCdmaOut),
}

impl Default for SmsOutgoing {
    fn default() -> Self {
        SmsOutgoing::Pdu(SmsPduOut::default())
    }
}

impl Struct for SmsOutgoing {
    fn read(body: &mut Body<'_>) -> Result<Self, Malformed> {
        match body.number()? {
            SmsFormat::Pdu => body.nested().map(SmsOutgoing::Pdu),
            SmsFormat::Cdma => body.nested().map(SmsOutgoing::Cdma),
            SmsFormat::Other(_) => Err(UNKNOWN_FORMAT),
        }
    }

    fn write(&self, out: &mut Builder) {
        match self {
            SmsOutgoing::Pdu(message) => {
                out.number(&SmsFormat::Pdu.to_wire());
                out.nested(message);
            }
            SmsOutgoing::Cdma(message) => {
                out.number(&SmsFormat::Cdma.to_wire());
                out.nested(message);
            }
        }
    }
}

const UNKNOWN_FORMAT: Malformed = Malformed("unknown SMS format");
