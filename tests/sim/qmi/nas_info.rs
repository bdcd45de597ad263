//! What a simulated QMI modem answers as NAS about the air: systems with their reject
//! causes, signal, cells, bands.

use uwand::mbim::messages::enums::Register;
use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Frame;
use uwand::qmi::messages::nas::NetworkRejected;
use uwand::qmi::messages::nas_codes::*;
use uwand::qmi::messages::nas_info::*;
use uwand::qmi::messages::nas_types::*;
use uwand::qmi::tlv::Request;

use super::nas::{CELL, TAC, numbers};
use super::state::{Answer, State, done, error, ok};

/// Band 20, downlink 806 MHz: code, EARFCN and physical cell.
const BAND: u16 = 145;
const EARFCN: u16 = 6300;
const PCI: u16 = 246;

impl State {
    pub fn nas_info(&mut self, frame: &Frame) -> Answer {
        match frame.message {
            GetSystemInfo::ID => ok(&self.system_info()),
            GetSignalInfo::ID => {
                let now = self.signal_changed();
                match now.lte {
                    Some(lte) => ok(&SignalInfo { lte: Some(lte), ..SignalInfo::default() }),
                    None => error(QmiError::InformationUnavailable),
                }
            }
            GetSignalStrength::ID => self.strength(),
            ConfigSignalInfo::ID | ConfigSignalInfo2::ID => done(),
            GetCells::ID => self.cells(),
            GetRfBands::ID => self.bands(),
            GetTxRx::ID => self.antennas(),
            GetCarrierAggregation::ID => ok(&CarrierAggregation {
                primary: Some(PrimaryCell {
                    pci: PCI,
                    channel: EARFCN,
                    bandwidth: Bandwidth::Mhz10,
                    band: BAND,
                }),
                ..CarrierAggregation::default()
            }),
            _ => error(QmiError::InvalidQmiCommand),
        }
    }

    fn dbm(&self) -> Option<i8> {
        let rssi = i8::try_from(self.core.rssi).ok().filter(|rssi| *rssi <= 31)?;
        self.core.radio_is_on().then_some(2 * rssi - 113)
    }

    pub fn signal_changed(&self) -> SignalInfoChanged {
        let signal = |rssi: i8| LteSignal { rssi, rsrq: -9, rsrp: i16::from(rssi) - 24, snr: 168 };
        SignalInfoChanged { lte: self.dbm().map(signal), ..SignalInfoChanged::default() }
    }

    fn strength(&self) -> Answer {
        let Some(dbm) = self.dbm() else { return error(QmiError::InformationUnavailable) };
        ok(&SignalStrength {
            strength: Some(Strength { dbm, radio: Radio::Lte }),
            ..SignalStrength::default()
        })
    }

    fn system(&self) -> System {
        let registered = self.core.is_registered();
        let home = self.core.registration == Register::Home;
        let id = &self.core.network.provider_id;
        let (mcc, mnc) = id.split_at(3.min(id.len()));
        let cause = u8::try_from(self.core.register_error).unwrap_or(0);
        let denied = self.core.registration == Register::Denied;
        System {
            domain: Some(self.domain()),
            capability: Some(if denied { ServiceDomain::CsPs } else { self.domain() }),
            roaming: registered.then_some(if home { RoamingStatus::Home } else { RoamingStatus::Roaming }),
            forbidden: Some(denied),
            lac: registered.then_some(Some(0xfffe)),
            cell: registered.then_some(CELL),
            reject: denied.then_some(Rejected { domain: ServiceDomain::Ps, cause }),
            // Known as soon as it is seen; whoever is refused camps on it, too.
            network: Some(NetworkId { mcc: mcc.into(), mnc: mnc.into() }),
        }
    }

    fn system_info(&self) -> SystemInfo {
        let now = self.system_changed();
        SystemInfo { lte_status: now.lte_status, lte: now.lte, ..SystemInfo::default() }
    }

    pub fn system_changed(&self) -> SystemInfoChanged {
        let status = self.service_status();
        let seen = status != ServiceStatus::None;
        let tac = self.core.is_registered().then_some(TAC);
        SystemInfoChanged {
            lte_status: Some(SystemStatus { status, true_status: status, preferred: true }),
            lte: seen.then(|| LteSystem { system: self.system(), tac }),
            ..SystemInfoChanged::default()
        }
    }

    /// The network refuses a registration: an indication of its own.
    pub fn reject(&mut self, cause: u8) {
        let provider = numbers(&self.core.network.provider_id);
        self.indicate(&NetworkRejected {
            radio: Some(Radio::Lte),
            domain: Some(ServiceDomain::Ps),
            cause: Some(cause),
            plmn: Some(provider),
        });
    }

    fn cells(&self) -> Answer {
        if !self.core.is_registered() {
            return error(QmiError::InformationUnavailable);
        }
        let digits: Vec<u8> = self.core.network.provider_id.bytes().map(|byte| byte & 15).collect();
        let digit = |at: usize| digits.get(at).copied().unwrap_or(15);
        let plmn = Bcd([digit(0) | digit(1) << 4, digit(2) | digit(5) << 4, digit(3) | digit(4) << 4]);
        let cell = |pci, rsrp| LteCell { pci, rsrq: -90, rsrp, rssi: rsrp + 240, level: 40 };
        let own = i16::from(self.dbm().unwrap_or(-113)) * 10 - 240;
        ok(&Cells {
            lte: Some(LteIntra {
                idle: true,
                plmn,
                tac: TAC,
                cell: CELL,
                earfcn: EARFCN,
                serving_pci: PCI,
                cells: vec![cell(PCI, own), cell(12, -1150)],
                ..LteIntra::default()
            }),
            lte_timing_advance: Some(Some(7)),
            ..Cells::default()
        })
    }

    fn bands(&self) -> Answer {
        if !self.core.is_registered() {
            return error(QmiError::InformationUnavailable);
        }
        ok(&RfBands {
            bands: Some(vec![Band { radio: Radio::Lte, band: BAND, channel: EARFCN }]),
            bandwidths: Some(vec![RadioBandwidth { radio: Radio::Lte, bandwidth: Bandwidth::Mhz10 }]),
            ..RfBands::default()
        })
    }

    fn antennas(&self) -> Answer {
        let Some(dbm) = self.dbm() else { return error(QmiError::InformationUnavailable) };
        let power = i32::from(dbm) * 10;
        let chain = |less: i32| RxChain {
            tuned: true,
            power: power - less,
            rsrp: power - 240 - less,
            ..RxChain::default()
        };
        ok(&TxRx {
            rx0: Some(chain(0)),
            rx1: Some(chain(35)),
            tx: Some(TxChain { in_traffic: !self.calls.is_empty(), power: 100 }),
            ..TxRx::default()
        })
    }
}
