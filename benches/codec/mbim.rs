//! MBIM messages that the daemon sees all day, each as a whole frame.

use crate::measure::measure;
use std::hint::black_box;
use uwand::mbim::fragment::{Joined, Joiner, split};
use uwand::mbim::messages::Message;
use uwand::mbim::messages::basic::DeviceCaps;
use uwand::mbim::messages::connect::{IpConfiguration, Ipv4Element, Ipv6Element, SetConnect};
use uwand::mbim::messages::enums::*;
use uwand::mbim::messages::network::{Provider, SignalState, VisibleProviders};
use uwand::mbim::{Content, Frame, Kind, Status};
use uwand::words::Id;

fn caps() -> DeviceCaps {
    DeviceCaps {
        device_type: DeviceType::Embedded,
        data_class: DataClass::UMTS | DataClass::HSDPA | DataClass::HSUPA | DataClass::LTE,
        max_sessions: 8,
        custom_data_class: "HSPA+".into(),
        device_id: Id::new("350000000000006"),
        firmware: "SWI9X30C_02.24.05.06".into(),
        hardware: "EM7455B".into(),
        ..Default::default()
    }
}

fn ip() -> IpConfiguration {
    IpConfiguration {
        v4_addresses: vec![Ipv4Element { prefix: 30, address: [10, 64, 12, 2].into() }],
        v6_addresses: vec![Ipv6Element { prefix: 64, address: [0x2001, 0xdb8, 1, 2, 0, 0, 0, 1].into() }],
        v4_gateway: Some([10, 64, 12, 1].into()),
        v6_gateway: Some([0xfe80, 0, 0, 0, 0, 0, 0, 1].into()),
        v4_dns: vec![[10, 64, 0, 53].into(), [10, 64, 0, 54].into()],
        v6_dns: vec![[0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x53].into()],
        v4_mtu: 1430,
        v6_mtu: 1430,
        ..Default::default()
    }
}

fn networks() -> VisibleProviders {
    let provider = Provider { id: "26201".into(), name: "Telekom.de".into(), ..Default::default() };
    VisibleProviders { providers: vec![provider; 8] }
}

fn answer<M: Message>(message: &M) -> Vec<u8> {
    let (service, cid) = (M::SERVICE, M::CID);
    let body = message.emit();
    Frame::new(7, Content::CommandDone { service, cid, status: Status::Success, body }).emit()
}

/// What the client does with a read: join, frame, message.
fn parse<M: Message>(transfer: &[u8]) -> M {
    let Ok(Joined::Whole(whole)) = Joiner::default().push(transfer) else { panic!("one transfer") };
    let frame = Frame::parse(&whole).expect("well-formed");
    let Content::CommandDone { body, .. } = frame.content else { panic!("an answer") };
    M::parse(&body).expect("well-formed")
}

fn both<M: Message>(name: &str, message: &M) {
    let frame = answer(message);
    measure(&format!("mbim {name}, parse"), frame.len(), || parse::<M>(black_box(&frame)));
    measure(&format!("mbim {name}, emit"), frame.len(), || answer(black_box(message)));
}

pub fn run() {
    both("device caps", &caps());
    both("signal state", &SignalState { rssi: 20, ..Default::default() });
    both("IP configuration, both families", &ip());
    both("visible providers, 8", &networks());
    let connect = SetConnect { apn: "internet".into(), ip_type: IpType::V4V6, ..Default::default() };
    let command = || {
        let (service, cid) = (SetConnect::SERVICE, SetConnect::CID);
        let body = black_box(&connect).emit();
        Frame::new(7, Content::Command { service, cid, kind: Kind::Set, body }).emit()
    };
    measure("mbim connect, emit", command().len(), command);
    let long = answer(&networks());
    measure("mbim visible providers, 64-byte fragments", long.len(), || {
        let mut joiner = Joiner::default();
        split(black_box(&long), 64).iter().map(|transfer| joiner.push(transfer)).last()
    });
}
