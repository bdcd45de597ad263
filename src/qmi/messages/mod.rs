//! The protocol as data: one file a service, one declaration a message.
//!
//! Contract: a message lists the TLVs that our features use, in the order in which they
//! are sent; whatever else a modem adds is skipped. Personal values are `Id`, `Secret`
//! or `Hidden`, so no message can be printed with them.
//!
//! Why not declare everything that is known of QMI? CDMA, calls, phonebook and the
//! rest are 2,000 TLVs that nothing here would read, and flash is 16 MB.

pub mod call_end;
pub mod ctl;
pub mod dms;
pub mod loc;
pub mod nas;
pub mod nas_codes;
pub mod nas_info;
pub mod nas_types;
pub mod pdc;
pub mod uim;
pub mod voice;
pub mod wda;
pub mod wds;
pub mod wds_profile;
pub mod wms;

use super::frame::{Frame, Kind, Service};
use super::tlv::{self, Message};
use std::time::Duration;

/// A declared message, for whoever has only its numbers.
pub struct Declared {
    pub id: u16,
    pub kind: Kind,
    pub name: &'static str,
    pub blank: fn() -> Box<dyn Message>,
}

/// All that is declared of a service.
pub fn declared(service: Service) -> &'static [&'static [Declared]] {
    match service {
        Service::Ctl => &[ctl::DECLARED],
        Service::Dms => &[dms::DECLARED],
        Service::Nas => &[nas::DECLARED, nas_info::DECLARED],
        Service::Wds => &[wds::DECLARED, wds_profile::DECLARED],
        Service::Wda => &[wda::DECLARED],
        Service::Uim => &[uim::DECLARED],
        Service::Wms => &[wms::DECLARED],
        Service::Voice => &[voice::DECLARED],
        Service::Pdc => &[pdc::DECLARED],
        Service::Loc => &[loc::DECLARED],
        _ => &[],
    }
}

/// The declaration of this frame's message.
pub fn lookup(frame: &Frame) -> Option<&'static Declared> {
    let mut all = declared(frame.service).iter().flat_map(|part| part.iter());
    all.find(|declared| declared.id == frame.message && declared.kind == frame.kind)
}

/// The name of this frame's message, where it is declared.
pub fn name(frame: &Frame) -> Option<&'static str> {
    let tables: &[&[(u16, Kind, &str)]] = match frame.service {
        Service::Ctl => &[ctl::NAMES],
        Service::Dms => &[dms::NAMES],
        Service::Nas => &[nas::NAMES, nas_info::NAMES],
        Service::Wds => &[wds::NAMES, wds_profile::NAMES],
        Service::Wda => &[wda::NAMES],
        Service::Uim => &[uim::NAMES],
        Service::Wms => &[wms::NAMES],
        Service::Voice => &[voice::NAMES],
        Service::Pdc => &[pdc::NAMES],
        Service::Loc => &[loc::NAMES],
        _ => &[],
    };
    let mut all = tables.iter().flat_map(|table| table.iter());
    all.find(|(id, kind, _)| (*id, *kind) == (frame.message, frame.kind)).map(|(_, _, name)| *name)
}

/// The message in this frame, printable, where it is declared: for tests and tools. The
/// daemon uses [`name`]: to print every message takes 300 KiB of code.
pub fn decode(frame: &Frame) -> Option<(&'static str, Box<dyn Message>)> {
    let declared = lookup(frame)?;
    let mut message = (declared.blank)();
    tlv::interpret(message.as_mut(), &frame.tlvs);
    Some((declared.name, message))
}

/// How long a modem may take to answer.
///
/// Ten seconds are plenty for what the modem knows; what it has to ask the network or
/// the card takes as long as those take. A scan walks all bands: minutes.
pub fn patience(service: Service, id: u16) -> Duration {
    let seconds = match (service, id) {
        (Service::Nas, 0x0021) => 300,
        (Service::Wds, 0x0020) => 120,
        (Service::Nas, 0x0022 | 0x0023 | 0x0033) => 45,
        (Service::Wds, 0x0021 | 0x0051) => 30,
        (Service::Dms, 0x002e) => 20,
        (Service::Uim, 0x0025..=0x0028) => 20,
        (Service::Wms, 0x0020 | 0x0042) => 120,
        (Service::Voice, 0x003a) => 150,
        (Service::Voice, 0x003b) => 60,
        (Service::Pdc, _) => 30,
        // Nothing but the control service itself is behind these.
        (Service::Ctl, _) => 5,
        _ => 10,
    };
    Duration::from_secs(seconds)
}
