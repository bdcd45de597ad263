//! NAS, the air: systems with their reject causes, signal, cells, bands, antennas.

use super::nas_codes::*;
use super::nas_types::*;
use crate::messages;
use crate::qmi::value::{List8, List16, Unset};

messages! { Nas;
    /// Old; only modems before "signal info" need it.
    0x0020 GetSignalStrength { 0x10 mask: u16 } -> SignalStrength {
        0x01 strength: Strength,
        0x10 strengths: List16<Strength>,
        0x11 rssi: List16<RadioByte>,
        0x12 ecio: List16<RadioByte>,
        0x13 io: i32,
        0x14 sinr: u8,
        0x15 error_rates: List16<RadioRate>,
        0x16 rsrq: RadioRsrq,
        0x17 lte_snr: i16,
        0x18 lte_rsrp: i16,
    };
    0x0031 GetRfBands {} -> RfBands {
        0x01 bands: List8<Band>,
        0x11 wide: List8<WideBand>,
        0x12 bandwidths: List8<RadioBandwidth>,
    };
    0x0043 GetCells {} -> Cells {
        0x10 gsm: GsmCells,
        0x11 umts: UmtsCells,
        0x13 lte: LteIntra,
        0x14 lte_inter: LteInter,
        0x15 lte_gsm: LteGsm,
        0x16 lte_wcdma: LteWcdma,
        0x17 umts_cell: u32,
        0x18 umts_lte: UmtsLte,
        0x1e lte_timing_advance: Unset<u32>,
        0x2e nr5g_arfcn: Unset<u32>,
        0x2f nr5g: Nr5gCell,
    };
    0x004d GetSystemInfo {} -> SystemInfo {
        0x12 gsm_status: SystemStatus,
        0x13 wcdma_status: SystemStatus,
        0x14 lte_status: SystemStatus,
        0x17 gsm: GsmSystem,
        0x18 wcdma: WcdmaSystem,
        0x19 lte: LteSystem,
        0x1c gsm_geo: GeoBroadcast,
        0x1d wcdma_geo: GeoBroadcast,
        0x1e lte_geo: GeoIndex,
        0x1f gsm_barring: CallBarring,
        0x20 wcdma_barring: CallBarring,
        0x21 lte_voice: bool,
        0x27 sim_reject: SimReject,
        0x29 ims_voice: bool,
        0x31 lte_domain: u32,
        0x44 lte_access: CellAccess,
        0x4a nr5g_status: SystemStatus,
        0x4b nr5g: LteSystem,
        0x4e endc_available: bool,
        0x4f dcnr_restricted: bool,
        0x50 nr5g_tac: [u8; 3],
    };
    0x004f GetSignalInfo {} -> SignalInfo {
        0x10 cdma: WcdmaSignal,
        0x11 hdr: HdrSignal,
        0x12 gsm: i8,
        0x13 wcdma: WcdmaSignal,
        0x14 lte: LteSignal,
        0x17 nr5g: Nr5gSignal,
        0x18 nr5g_rsrq: i16,
        0x19 wcdma_rscp: i16,
    };
    0x0050 ConfigSignalInfo {
        0x10 rssi: List8<i8>,
        0x11 ecio: List8<i16>,
        0x13 lte_snr: List8<i16>,
        0x15 rsrq: List8<i8>,
        0x16 rsrp: List8<i16>,
        0x17 lte_report: RateReport,
        0x18 rscp: List8<i8>,
    };
    0x005a GetTxRx { 0x01 radio: Radio } -> TxRx {
        0x10 rx0: RxChain,
        0x11 rx1: RxChain,
        0x12 tx: TxChain,
        0x15 rx2: RxChain,
        0x16 rx3: RxChain,
    };
    /// Thresholds in tenths, deltas in tenths.
    0x006c ConfigSignalInfo2 {
        0x1c gsm_rssi: List8<i16>,
        0x1d gsm_rssi_delta: u16,
        0x1e wcdma_rssi: List8<i16>,
        0x1f wcdma_rssi_delta: u16,
        0x22 lte_rssi: List8<i16>,
        0x23 lte_rssi_delta: u16,
        0x24 lte_snr: List8<i16>,
        0x25 lte_snr_delta: u16,
        0x26 lte_rsrq: List8<i16>,
        0x27 lte_rsrq_delta: u16,
        0x28 lte_rsrp: List8<i16>,
        0x29 lte_rsrp_delta: u16,
        0x2a lte_report: RateReport,
        0x33 nr5g_snr: List8<i16>,
        0x34 nr5g_snr_delta: u16,
        0x35 nr5g_rsrp: List8<i16>,
        0x36 nr5g_rsrp_delta: u16,
        0x37 nr5g_report: RateReport,
        0x38 nr5g_rsrq: List8<i16>,
        0x39 nr5g_rsrq_delta: u16,
    };
    0x00ac GetCarrierAggregation {} -> CarrierAggregation {
        0x11 bandwidth: Bandwidth,
        0x12 secondary: SecondaryCell,
        0x13 primary: PrimaryCell,
        0x14 index: u8,
        0x15 secondaries: List8<IndexedCell>,
    };

    indications
    0x004e SystemInfoChanged {
        0x12 gsm_status: SystemStatus,
        0x13 wcdma_status: SystemStatus,
        0x14 lte_status: SystemStatus,
        0x17 gsm: GsmSystem,
        0x18 wcdma: WcdmaSystem,
        0x19 lte: LteSystem,
        0x1c gsm_geo: GeoBroadcast,
        0x1d wcdma_geo: GeoBroadcast,
        0x1e lte_geo: GeoIndex,
        0x1f gsm_barring: CallBarring,
        0x20 wcdma_barring: CallBarring,
        0x21 lte_voice: bool,
        0x24 plmn_unchanged: bool,
        0x28 sim_reject: SimReject,
        0x4c nr5g_status: SystemStatus,
        0x4d nr5g: LteSystem,
        0x50 endc_available: bool,
        0x51 dcnr_restricted: bool,
        0x52 nr5g_tac: [u8; 3],
    };
    0x0051 SignalInfoChanged {
        0x10 cdma: WcdmaSignal,
        0x11 hdr: HdrSignal,
        0x12 gsm: i8,
        0x13 wcdma: WcdmaSignal,
        0x14 lte: LteSignal,
        0x17 nr5g: Nr5gSignal,
        0x18 nr5g_rsrq: i16,
        0x19 wcdma_rscp: i16,
    };
    0x0066 RfBandChanged { 0x01 band: Band, 0x10 wide: WideBand, 0x11 bandwidth: RadioBandwidth };
}

/// The 3GPP band of an "active band" code of LTE: the codes follow the order in which
/// bands were added to the interface, not their numbers.
pub fn lte_band(code: u16) -> Option<u16> {
    let band = match code {
        120..=133 => code - 119,
        134 => 17,
        135..=142 => code - 102,
        143..=146 => code - 125,
        147 => 24,
        148 => 25,
        149..=151 => code - 108,
        152 => 23,
        153 => 26,
        154 => 32,
        155..=157 => code - 30,
        158..=160 => code - 130,
        161 => 66,
        162 => 250,
        163 => 46,
        164 => 27,
        165 => 31,
        166 => 47,
        167 => 48,
        168 => 71,
        _ => return None,
    };
    Some(band)
}

/// The bands of the "active band" codes of 5G NR, from 250 on.
const NR5G_BANDS: &[u16] = &[
    1, 2, 3, 5, 7, 8, 20, 28, 38, 41, 50, 51, 66, 70, 71, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85,
    257, 258, 259, 260, 261, 12, 25, 34, 39, 40, 65, 86, 48, 14, 13, 18, 26, 30, 29, 53, 46, 91, 92, 93, 94,
];

/// The 3GPP band of an "active band" code of 5G NR.
pub fn nr5g_band(code: u16) -> Option<u16> {
    NR5G_BANDS.get(usize::from(code.checked_sub(250)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_codes_of_lte_are_not_in_order() {
        let bands = [(120, 1), (122, 3), (126, 7), (134, 17), (145, 20), (147, 24), (158, 28), (142, 40)];
        for (code, band) in bands {
            assert_eq!(lte_band(code), Some(band));
        }
        assert_eq!((nr5g_band(269), nr5g_band(301), nr5g_band(249)), (Some(78), Some(94), None));
        assert_eq!((lte_band(80), lte_band(161), lte_band(157)), (None, Some(66), Some(127)));
    }
}
