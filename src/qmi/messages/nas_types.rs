//! What the messages of NAS are made of: cells, systems, names.

use super::nas_codes::*;
use crate::cause::Reason;
use crate::qmi::text::{Encoding, Name};
use crate::qmi::value::{Codec, Digits, Input, List8, Name8, Unset, Valid};
use crate::record;

/// MCC and MNC in three bytes of swapped nibbles (3GPP TS 24.008 10.5.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bcd(pub [u8; 3]);

impl Codec for Bcd {
    type Value = Self;
    fn get(input: &mut Input<'_>) -> Self {
        Bcd(input.array())
    }
    fn put(value: &Self, out: &mut Vec<u8>) {
        out.extend_from_slice(&value.0);
    }
}

impl Bcd {
    /// `26201`; `None` where a nibble is no digit.
    pub fn digits(self) -> Option<String> {
        let [a, b, c] = self.0;
        let nibbles = [a & 15, a >> 4, b & 15, c & 15, c >> 4, b >> 4];
        // An MNC of two digits has a filler in the third's place.
        let digits = match nibbles.split_last() {
            Some((15, digits)) => digits,
            _ => nibbles.as_slice(),
        };
        if digits.iter().any(|digit| *digit > 9) || a == 0 && b == 0 && c == 0 {
            return None;
        }
        Some(digits.iter().map(|digit| char::from(b'0' + digit)).collect())
    }
}

record! {
    pub struct Serving {
        registration: RegistrationState,
        cs: AttachState,
        ps: AttachState,
        network: NetworkKind,
        radios: List8<Radio>,
    }

    pub struct PlmnNumbers { mcc: u16, mnc: u16 }
    pub struct Plmn { mcc: u16, mnc: u16, description: Name8 }
    /// Whether the MNC has three digits: 310-26 and 310-026 are two networks.
    pub struct PlmnDigits { mcc: u16, mnc: u16, three_digits: bool }
    pub struct RadioRoaming { radio: Radio, roaming: RoamingIndicator }

    /// The network's clock; the zone in quarters of an hour.
    pub struct LocalTime { year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8, zone: i8 }
    pub struct UniversalTime {
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        weekday: u8,
    }
    pub struct NetworkTime { time: UniversalTime, zone: i8, daylight: u8, radio: Radio }

    pub struct DetailedStatus {
        status: ServiceStatus,
        capability: ServiceDomain,
        hdr: ServiceStatus,
        hybrid: bool,
        forbidden: bool,
    }
    pub struct CallBarring { cs: Barring, ps: Barring }

    pub struct SystemStatus { status: ServiceStatus, true_status: ServiceStatus, preferred: bool }

    /// A cause of 3GPP TS 24.008 10.5.3.6 or 24.301 9.9.3.9.
    pub struct Rejected { domain: ServiceDomain, cause: u8 }
    pub struct NetworkId { mcc: Digits<3>, mnc: Digits<3> }

    /// What "system info" says of every 3GPP technology. Fields with a validity byte that
    /// says no are `None`.
    pub struct System {
        domain: Valid<ServiceDomain>,
        capability: Valid<ServiceDomain>,
        roaming: Valid<RoamingStatus>,
        forbidden: Valid<bool>,
        lac: Valid<Unset<u16>>,
        cell: Valid<u32>,
        reject: Valid<Rejected>,
        network: Valid<NetworkId>,
    }
    pub struct GsmSystem { system: System, egprs: Valid<bool>, dtm: Valid<bool> }
    pub struct WcdmaSystem { system: System, hs_call: Valid<u8>, hs_service: Valid<u8>, psc: Valid<u16> }
    pub struct LteSystem { system: System, tac: Valid<u16> }
    pub struct GeoIndex { index: Unset<u16> }
    pub struct GeoBroadcast { index: Unset<u16>, broadcast: u32 }

    pub struct LteSignal { rssi: i8, rsrq: i8, rsrp: i16, snr: i16 }
    pub struct Nr5gSignal { rsrp: i16, snr: i16 }
    pub struct WcdmaSignal { rssi: i8, ecio: i16 }
    pub struct HdrSignal { rssi: i8, ecio: i16, sinr: u8, io: i32 }

    pub struct Strength { dbm: i8, radio: Radio }
    /// In minus dBm, minus half dB.
    pub struct RadioByte { value: u8, radio: Radio }
    pub struct RadioRate { rate: u16, radio: Radio }
    pub struct RadioRsrq { rsrq: i8, radio: Radio }
    pub struct RateReport { rate: u8, average: u8 }

    pub struct GsmNeighbour { cell: Unset<u32>, plmn: Bcd, lac: u16, arfcn: u16, bsic: u8, level: u16 }
    pub struct GsmCells {
        cell: Unset<u32>,
        plmn: Bcd,
        lac: u16,
        arfcn: u16,
        bsic: u8,
        timing_advance: Unset<u32>,
        level: u16,
        neighbours: List8<GsmNeighbour>,
    }
    pub struct UmtsNeighbour { uarfcn: u16, psc: u16, rscp: i16, ecio: i16 }
    pub struct UmtsGsmNeighbour { arfcn: u16, ncc: u8, bcc: u8, rssi: i16 }
    pub struct UmtsCells {
        cell: u16,
        plmn: Bcd,
        lac: u16,
        uarfcn: u16,
        psc: u16,
        rscp: i16,
        ecio: i16,
        neighbours: List8<UmtsNeighbour>,
        gsm: List8<UmtsGsmNeighbour>,
    }
    /// Tenths of dB and dBm.
    pub struct LteCell { pci: u16, rsrq: i16, rsrp: i16, rssi: i16, level: i16 }
    pub struct LteIntra {
        idle: bool,
        plmn: Bcd,
        tac: u16,
        cell: u32,
        earfcn: u16,
        serving_pci: u16,
        priority: u8,
        non_intra_search: u8,
        serving_low: u8,
        intra_search: u8,
        cells: List8<LteCell>,
    }
    pub struct LteFrequency { earfcn: u16, low: u8, high: u8, priority: u8, cells: List8<LteCell> }
    pub struct LteInter { idle: bool, frequencies: List8<LteFrequency> }
    pub struct LteGsmCell { arfcn: u16, pcs: bool, valid: bool, bsic: u8, rssi: i16, level: i16 }
    pub struct LteGsmFrequency { priority: u8, high: u8, low: u8, ncc: u8, cells: List8<LteGsmCell> }
    pub struct LteGsm { idle: bool, frequencies: List8<LteGsmFrequency> }
    pub struct LteWcdmaCell { psc: u16, rscp: i16, ecno: i16, level: i16 }
    pub struct LteWcdmaFrequency {
        uarfcn: u16,
        priority: u8,
        high: u16,
        low: u16,
        cells: List8<LteWcdmaCell>,
    }
    pub struct LteWcdma { idle: bool, frequencies: List8<LteWcdmaFrequency> }
    pub struct UmtsLteCell { earfcn: u16, pci: u16, rsrp: f32, rsrq: f32, level: i16, tdd: bool }
    pub struct UmtsLte { rrc: u32, cells: List8<UmtsLteCell> }
    /// The tracking area in network order; tenths of dB and dBm.
    pub struct Nr5gCell { plmn: Bcd, tac: [u8; 3], cell: u64, pci: u16, rsrq: i16, rsrp: i16, snr: i16 }

    pub struct Found { mcc: u16, mnc: u16, status: u8, description: Name8 }
    pub struct FoundRadio { mcc: u16, mnc: u16, radio: Radio }
    pub struct ManualNetwork { mcc: u16, mnc: u16, radio: Radio }

    pub struct SelectNetwork { mode: Selection, mcc: u16, mnc: u16 }

    /// Band: 120 and up is LTE, but not in order; see [`super::nas_info::lte_band`].
    pub struct Band { radio: Radio, band: u16, channel: u16 }
    pub struct WideBand { radio: Radio, band: u16, channel: u32 }
    pub struct RadioBandwidth { radio: Radio, bandwidth: Bandwidth }

    /// Tenths of dB and dBm; phase in hundredths of a degree, all ones for none.
    pub struct RxChain { tuned: bool, power: i32, ecio: i32, rscp: i32, rsrp: i32, phase: Unset<u32> }
    pub struct TxChain { in_traffic: bool, power: i32 }

    pub struct ProviderName { display: u8, name: Name8 }
    pub struct PlmnArea { mcc: Digits<3>, mnc: Digits<3>, first: u16, last: u16, record: u8 }
    pub struct PlmnName {
        encoding: NameEncoding,
        country: u8,
        long_spare: u8,
        short_spare: u8,
        long: Name8,
        short: Name8,
    }
    pub struct HomeName {
        mcc: u16,
        mnc: u16,
        display: u8,
        encoding: DescriptionEncoding,
        description: Name8,
    }
    pub struct HomeDigits { gsm: bool, three_digits: bool }
    pub struct EonsName {
        provider_encoding: DescriptionEncoding,
        provider: Name8,
        short_encoding: DescriptionEncoding,
        short_country: u8,
        short_spare: u8,
        short: Name8,
        long_encoding: DescriptionEncoding,
        long_country: u8,
        long_spare: u8,
        long: Name8,
    }

    pub struct PrimaryCell { pci: u16, channel: u16, bandwidth: Bandwidth, band: u16 }
    pub struct SecondaryCell {
        pci: u16,
        channel: u16,
        bandwidth: Bandwidth,
        band: u16,
        state: SecondaryState,
    }
    pub struct IndexedCell {
        pci: u16,
        channel: u16,
        bandwidth: Bandwidth,
        band: u16,
        state: SecondaryState,
        index: u8,
    }

    pub struct RejectReport { domain: ServiceDomain, cause: u16 }
    pub struct RejectWish { enable: bool, suppress_system_info: bool }
}

impl Rejected {
    /// The network's cause, in words.
    pub fn reason(&self) -> Reason {
        Reason::emm(self.cause.into())
    }
}

impl NetworkId {
    /// `26201`; `None` where the modem filled in no digits.
    pub fn digits(&self) -> Option<String> {
        let digits = [self.mcc.as_str(), self.mnc.as_str()].concat();
        (digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
    }
}

impl PlmnName {
    /// The long name, else the short one.
    pub fn text(&self) -> Option<String> {
        let encoding = match self.encoding {
            NameEncoding::Gsm7 => Encoding::Gsm7,
            NameEncoding::Ucs2 => Encoding::Ucs2,
            NameEncoding::Other(_) => Encoding::Unknown,
        };
        let text = |name: &Name| name.text(encoding);
        text(&self.long).or_else(|| text(&self.short))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nibbles_become_the_digits_of_a_network() {
        assert_eq!(Bcd([0x32, 0xf4, 0x51]).digits().as_deref(), Some("23415"));
        assert_eq!(Bcd([0x13, 0x00, 0x62]).digits().as_deref(), Some("310260"));
        assert_eq!(Bcd([0xff; 3]).digits(), None);
        assert_eq!(Bcd([0; 3]).digits(), None);
    }

    #[test]
    fn a_network_without_digits_is_none() {
        let id = |mcc: &str, mnc: &str| NetworkId { mcc: mcc.into(), mnc: mnc.into() };
        assert_eq!(id("214", "07").digits().as_deref(), Some("21407"));
        assert_eq!(id("", "").digits(), None);
        assert_eq!(id("\u{fffd}00", "01").digits(), None);
    }
}
