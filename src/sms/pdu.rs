//! The message types: SMS-DELIVER, SMS-SUBMIT, SMS-STATUS-REPORT (3GPP TS 23.040, 9.2.2),
//! with the service centre in front as AT, MBIM and QMI have it.
//!
//! A modem's store holds what came and what was sent: type 1 is read as SMS-SUBMIT, and not as
//! the report of the same number that goes the other way and is never stored.

use super::address::Address;
use super::body::Body;
use super::coding::Coding;
use super::delivery::Delivery;
use super::time::{Timestamp, Validity};
use crate::wire::{Malformed, Reader};

mod bit {
    /// TP-MMS, which says "no more"; in SMS-SUBMIT TP-RD.
    pub const THIRD: u8 = 0x04;
    /// TP-SRR, TP-SRI or TP-SRQ.
    pub const REPORT: u8 = 0x20;
    pub const HEADER: u8 = 0x40;
    pub const REPLY_PATH: u8 = 0x80;
}

/// A message as a modem stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// The service centre; `None` is the SIM's own.
    pub centre: Option<Address>,
    pub tpdu: Tpdu,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tpdu {
    Deliver(Deliver),
    Submit(Submit),
    StatusReport(StatusReport),
}

/// A message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliver {
    pub from: Address,
    /// TP-PID, 0 in nearly every message.
    pub protocol: u8,
    pub time: Timestamp,
    pub body: Body,
    /// The centre has more for us.
    pub more: bool,
    /// The sender asked for a status report.
    pub report: bool,
    pub reply_path: bool,
}

/// A message that goes, or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    /// TP-MR: the modem puts its own number here; status reports repeat it.
    pub reference: u8,
    pub to: Address,
    pub protocol: u8,
    pub validity: Validity,
    pub body: Body,
    pub reject_duplicates: bool,
    /// A status report is wanted.
    pub report: bool,
    pub reply_path: bool,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    pub reference: u8,
    pub to: Address,
    /// When the centre got the message, and when the status was reached.
    pub time: Timestamp,
    pub discharged: Timestamp,
    /// TP-ST.
    pub status: u8,
    pub more: bool,
    /// About an SMS-COMMAND instead of an SMS-SUBMIT.
    pub of_command: bool,
    pub body: Option<Body>,
}

impl StatusReport {
    pub fn delivery(&self) -> Delivery {
        Delivery::of(self.status)
    }
}

impl Pdu {
    /// Octets behind the message are ignored: some modems return the SIM's whole record.
    pub fn parse(bytes: &[u8]) -> Result<Pdu, Malformed> {
        let mut reader = Reader::new(bytes);
        let centre = Address::read_centre(&mut reader)?;
        Ok(Pdu { centre, tpdu: Tpdu::parse(reader.rest())? })
    }

    /// With the count of octets that `AT+CMGS` wants: those behind the centre.
    pub fn encode(&self) -> Result<(Vec<u8>, usize), Malformed> {
        let mut out = Vec::new();
        Address::write_centre(self.centre.as_ref(), &mut out)?;
        let tpdu = self.tpdu.encode()?;
        out.extend(&tpdu);
        Ok((out, tpdu.len()))
    }
}

impl Tpdu {
    pub fn parse(bytes: &[u8]) -> Result<Tpdu, Malformed> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8()?;
        match first & 0x03 {
            1 => Submit::read(first, &mut reader).map(Tpdu::Submit),
            2 => StatusReport::read(first, &mut reader).map(Tpdu::StatusReport),
            // 9.2.3.1: the reserved type is to be processed as SMS-DELIVER.
            _ => Deliver::read(first, &mut reader).map(Tpdu::Deliver),
        }
    }

    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::new();
        match self {
            Tpdu::Deliver(deliver) => deliver.write(&mut out)?,
            Tpdu::Submit(submit) => submit.write(&mut out)?,
            Tpdu::StatusReport(report) => report.write(&mut out)?,
        }
        Ok(out)
    }

    pub fn body(&self) -> Option<&Body> {
        match self {
            Tpdu::Deliver(deliver) => Some(&deliver.body),
            Tpdu::Submit(submit) => Some(&submit.body),
            Tpdu::StatusReport(report) => report.body.as_ref(),
        }
    }

    /// The other end of the message.
    pub fn peer(&self) -> &Address {
        match self {
            Tpdu::Deliver(deliver) => &deliver.from,
            Tpdu::Submit(submit) => &submit.to,
            Tpdu::StatusReport(report) => &report.to,
        }
    }
}

fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

impl Deliver {
    fn read(first: u8, reader: &mut Reader) -> Result<Deliver, Malformed> {
        let from = Address::read(reader)?;
        let protocol = reader.u8()?;
        let coding = Coding(reader.u8()?);
        let time = Timestamp::read(reader)?;
        let body = Body::read(coding, first & bit::HEADER != 0, reader)?;
        Ok(Deliver {
            from,
            protocol,
            time,
            body,
            more: first & bit::THIRD == 0,
            report: first & bit::REPORT != 0,
            reply_path: first & bit::REPLY_PATH != 0,
        })
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        out.push(
            flag(!self.more, bit::THIRD)
                | flag(self.report, bit::REPORT)
                | flag(!self.body.header.is_empty(), bit::HEADER)
                | flag(self.reply_path, bit::REPLY_PATH),
        );
        self.from.write(out)?;
        out.extend([self.protocol, self.body.coding.0]);
        out.extend(self.time.0);
        self.body.write(out)
    }
}

impl Submit {
    fn read(first: u8, reader: &mut Reader) -> Result<Submit, Malformed> {
        let reference = reader.u8()?;
        let to = Address::read(reader)?;
        let protocol = reader.u8()?;
        let coding = Coding(reader.u8()?);
        let validity = Validity::read(first, reader)?;
        let body = Body::read(coding, first & bit::HEADER != 0, reader)?;
        Ok(Submit {
            reference,
            to,
            protocol,
            validity,
            body,
            reject_duplicates: first & bit::THIRD != 0,
            report: first & bit::REPORT != 0,
            reply_path: first & bit::REPLY_PATH != 0,
        })
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        out.push(
            1 | flag(self.reject_duplicates, bit::THIRD)
                | self.validity.format()
                | flag(self.report, bit::REPORT)
                | flag(!self.body.header.is_empty(), bit::HEADER)
                | flag(self.reply_path, bit::REPLY_PATH),
        );
        out.push(self.reference);
        self.to.write(out)?;
        out.extend([self.protocol, self.body.coding.0]);
        self.validity.write(out);
        self.body.write(out)
    }
}

/// TP-PI: which of the optional fields follow (9.2.3.27).
mod indicator {
    pub const PROTOCOL: u8 = 0x01;
    pub const CODING: u8 = 0x02;
    pub const LENGTH: u8 = 0x04;
    pub const EXTENDED: u8 = 0x80;
}

impl StatusReport {
    fn read(first: u8, reader: &mut Reader) -> Result<StatusReport, Malformed> {
        let reference = reader.u8()?;
        let to = Address::read(reader)?;
        let time = Timestamp::read(reader)?;
        let discharged = Timestamp::read(reader)?;
        let status = reader.u8()?;
        Ok(StatusReport {
            reference,
            to,
            time,
            discharged,
            status,
            more: first & bit::THIRD == 0,
            of_command: first & bit::REPORT != 0,
            // Often a store's padding instead of fields: the status is what counts.
            body: StatusReport::options(first, reader).unwrap_or(None),
        })
    }

    fn options(first: u8, reader: &mut Reader) -> Result<Option<Body>, Malformed> {
        let indicator = reader.u8()?;
        if indicator & indicator::EXTENDED != 0 {
            return Ok(None);
        }
        if indicator & indicator::PROTOCOL != 0 {
            reader.u8()?;
        }
        let coding = if indicator & indicator::CODING != 0 { Coding(reader.u8()?) } else { Coding::GSM7 };
        if indicator & indicator::LENGTH == 0 {
            return Ok(None);
        }
        Body::read(coding, first & bit::HEADER != 0, reader).map(Some)
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let has_header = self.body.as_ref().is_some_and(|body| !body.header.is_empty());
        out.push(
            2 | flag(!self.more, bit::THIRD)
                | flag(self.of_command, bit::REPORT)
                | flag(has_header, bit::HEADER),
        );
        out.push(self.reference);
        self.to.write(out)?;
        out.extend(self.time.0);
        out.extend(self.discharged.0);
        out.push(self.status);
        if let Some(body) = &self.body {
            out.extend([indicator::CODING | indicator::LENGTH, body.coding.0]);
            body.write(out)?;
        }
        Ok(())
    }
}
