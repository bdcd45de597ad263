//! The interpreter behind every message: [`Body`] reads an information buffer, [`Builder`]
//! writes one; their methods are the forms that a member may have on the wire.
//!
//! Contract: no panic, no allocation by a peer's word (a count is checked against what is
//! left, and overlapping pieces together may not exceed a small multiple of the buffer).
//! Lenient where a modem's slip would cost a whole message: a text that lies outside is
//! empty, one of odd size loses its last byte, one that is not UTF-16 gets U+FFFD.
//!
//! Why not tables of member kinds that a loop interprets into values? Each message would
//! then need a second step from values to its struct, which is more code than these calls.

use std::cell::Cell;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::body::Body;
use super::builder::Builder;
use crate::wire::Malformed;

/// Something with a fixed and a variable part: a whole buffer or an element of an array.
pub trait Struct: Sized {
    fn read(body: &mut Body<'_>) -> Result<Self, Malformed>;
    fn write(&self, out: &mut Builder);
}

/// Parses an information buffer. Bytes behind the last known member are ignored, which is
/// how later revisions of a message stay readable.
pub fn parse<T: Struct>(bytes: &[u8]) -> Result<T, Malformed> {
    // Pieces may overlap, but not so that a buffer could be made to grow.
    T::read(&mut Body::new(bytes, &Cell::new(bytes.len().saturating_mul(4))))
}

pub fn emit<T: Struct>(value: &T) -> Vec<u8> {
    let mut out = Builder::default();
    value.write(&mut out);
    out.finish()
}

impl Struct for Ipv4Addr {
    fn read(body: &mut Body<'_>) -> Result<Self, Malformed> {
        body.octets::<4>().map(Ipv4Addr::from)
    }

    fn write(&self, out: &mut Builder) {
        out.octets(&self.octets());
    }
}

impl Struct for Ipv6Addr {
    fn read(body: &mut Body<'_>) -> Result<Self, Malformed> {
        body.octets::<16>().map(Ipv6Addr::from)
    }

    fn write(&self, out: &mut Builder) {
        out.octets(&self.octets());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Message;
    use super::super::basic::{DeviceCaps, SetPin, SubscriberReady};
    use super::super::connect::{IpConfiguration, Ipv4Element, PacketFilter};
    use super::super::enums::*;
    use super::super::network::{Provider, RsrpSnr, SignalStateV2, VisibleProviders};
    use super::super::values::{Raw, from_utf16, utf16};
    use super::*;
    use crate::words::{Id, Secret};

    #[test]
    fn every_form_survives_the_round_trip() {
        let caps = DeviceCaps {
            device_id: Id::new("350000000000006"),
            firmware: "FW 1".into(),
            data_class: DataClass::LTE | DataClass::UMTS,
            ..Default::default()
        };
        assert_eq!(DeviceCaps::parse(&caps.emit()), Ok(caps));
        let ip = IpConfiguration {
            v4_addresses: vec![Ipv4Element { prefix: 30, address: [10, 0, 0, 1].into() }],
            v4_gateway: Some([10, 0, 0, 2].into()),
            v6_dns: vec![Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED],
            ..Default::default()
        };
        assert_eq!(IpConfiguration::parse(&ip.emit()), Ok(ip));
        let signal = SignalStateV2 { rsrp_snr: vec![RsrpSnr::default(); 3], ..Default::default() };
        assert_eq!(SignalStateV2::parse(&signal.emit()), Ok(signal));
        let provider = Provider { id: "26201".into(), name: "Netz".into(), ..Default::default() };
        let list = VisibleProviders { providers: vec![provider.clone(), provider] };
        assert_eq!(VisibleProviders::parse(&list.emit()), Ok(list));
        let filter = PacketFilter { filter_and_mask: (Raw(vec![1; 7]), Raw(vec![2; 7])) };
        assert_eq!(parse(&emit(&filter)), Ok(filter));
    }

    #[test]
    fn a_text_outside_the_buffer_costs_only_itself() {
        let ready = SubscriberReady {
            subscriber_id: Id::new("001010000000001"),
            numbers: vec![Id::new("123")],
            ..Default::default()
        };
        let mut bytes = ready.emit();
        bytes[32] = 0xff;
        let parsed = SubscriberReady::parse(&bytes).unwrap();
        assert!(parsed.numbers.first().is_some_and(Id::is_empty));
        assert_eq!(parsed.subscriber_id, ready.subscriber_id);
    }

    #[test]
    fn a_count_is_bounded_by_what_is_there() {
        let mut bytes = VisibleProviders::default().emit();
        bytes[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(VisibleProviders::parse(&bytes), Err(Malformed("more elements than bytes")));
    }

    #[test]
    fn overlapping_texts_cannot_blow_a_message_up() {
        let mut bytes = 4000u32.to_le_bytes().to_vec();
        let length = 4 + 4000 * 8;
        for _ in 0..4000 {
            bytes.extend_from_slice(&0u32.to_le_bytes());
            bytes.extend_from_slice(&(length as u32).to_le_bytes());
        }
        let budget = Cell::new(bytes.len() * 4);
        let texts = Body::new(&bytes, &budget).texts::<String>().unwrap();
        assert!(texts.iter().filter(|text| !text.is_empty()).count() <= 4);
    }

    #[test]
    fn utf16_is_read_whatever_it_holds() {
        assert_eq!(from_utf16(&utf16("a€😀")), "a€😀");
        assert_eq!(from_utf16(&[0x61, 0, 0x62]), "a");
        assert_eq!(from_utf16(&[0x00, 0xd8, 0x61, 0]), "\u{fffd}a");
        assert_eq!(from_utf16(&[0x61, 0, 0, 0, 0x62, 0]), "a");
    }

    #[test]
    fn a_pin_prints_as_stars() {
        let pin = SetPin { pin: Secret::new("1234"), ..Default::default() };
        assert!(!format!("{pin:?} {:?}", Raw(b"1234".to_vec())).contains("1234"));
    }
}
