//! QMI messages that the daemon sees all day, each as a whole frame.

use crate::measure::measure;
use std::hint::black_box;
use uwand::qmi::error::put_result;
use uwand::qmi::frame::{Frame, Splitter};
use uwand::qmi::messages::nas;
use uwand::qmi::messages::nas_codes::{Radio, RegistrationState, RoamingIndicator};
use uwand::qmi::messages::nas_info::{Cells, GetCells, GetSignalInfo, SignalInfo};
use uwand::qmi::messages::nas_types::{LteCell, LteIntra, LteSignal, Plmn, Serving};
use uwand::qmi::messages::wds::{
    Authentication, CurrentSettings, GetCurrentSettings, IpFamily, Ipv6Prefix, StartNetwork,
};
use uwand::qmi::text::Name;
use uwand::qmi::tlv::{self, Request};

fn serving() -> nas::ServingSystem {
    nas::ServingSystem {
        serving: Some(Serving {
            registration: RegistrationState::Registered,
            radios: vec![Radio::Lte],
            ..Default::default()
        }),
        roaming: Some(RoamingIndicator::Home),
        plmn: Some(Plmn { mcc: 262, mnc: 1, description: Name::new(b"Telekom.de") }),
        tac: Some(Some(41_234)),
        cell: Some(Some(27_663_611)),
        ..Default::default()
    }
}

fn signal() -> SignalInfo {
    SignalInfo { lte: Some(LteSignal { rssi: -61, rsrq: -10, rsrp: -91, snr: 132 }), ..Default::default() }
}

fn settings() -> CurrentSettings {
    CurrentSettings {
        address: Some([10, 64, 12, 2].into()),
        gateway: Some([10, 64, 12, 1].into()),
        netmask: Some([255, 255, 255, 252].into()),
        dns1: Some([10, 64, 0, 53].into()),
        dns2: Some([10, 64, 0, 54].into()),
        address6: Some(Ipv6Prefix { address: [0x2001, 0xdb8, 1, 2, 0, 0, 0, 1].into(), length: 64 }),
        mtu: Some(1430),
        family: Some(IpFamily::Ipv4),
        ..Default::default()
    }
}

fn cells() -> Cells {
    let cell = LteCell { pci: 214, rsrq: -105, rsrp: -912, rssi: -610, level: 12 };
    let lte =
        LteIntra { tac: 41_234, cell: 27_663_611, earfcn: 1300, cells: vec![cell; 8], ..Default::default() };
    Cells { lte: Some(lte), ..Default::default() }
}

fn answer<R: Request>(message: &R::Reply) -> Vec<u8> {
    let mut tlvs = Vec::new();
    put_result(&mut tlvs, Ok(()));
    tlvs.extend(tlv::emit(message));
    Frame::request(R::SERVICE, 1, 7, R::ID, Vec::new()).response(tlvs).emit()
}

/// What the client does with a read: frame, message.
fn parse<R: Request>(read: &[u8]) -> R::Reply {
    let frame = Splitter::default().push(read).into_iter().flatten().next().expect("a frame");
    tlv::parse(&frame.tlvs)
}

fn both<R: Request>(name: &str, message: &R::Reply) {
    let frame = answer::<R>(message);
    measure(&format!("qmi {name}, parse"), frame.len(), || parse::<R>(black_box(&frame)));
    measure(&format!("qmi {name}, emit"), frame.len(), || answer::<R>(black_box(message)));
}

pub fn run() {
    both::<nas::GetServingSystem>("serving system", &serving());
    both::<GetSignalInfo>("signal info", &signal());
    both::<GetCurrentSettings>("current settings, both families", &settings());
    both::<GetCells>("cell location, 8 LTE cells", &cells());
    let start = StartNetwork {
        apn: Some("internet".into()),
        authentication: Some(Authentication::None),
        family: Some(IpFamily::Ipv4),
        ..Default::default()
    };
    let request = || {
        let tlvs = tlv::emit(black_box(&start));
        Frame::request(StartNetwork::SERVICE, 1, 7, StartNetwork::ID, tlvs).emit()
    };
    measure("qmi start network, emit", request().len(), request);
}
