//! The simulated modem itself, as a host sees it transfer by transfer.

use crate::sim;

use std::os::fd::OwnedFd;
use std::time::Duration;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Grants, Setup, Sim, SimModem};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, timeout};
use uwand::linux::fd::watch;
use uwand::mbim::fragment::{Joined, Joiner, split};
use uwand::mbim::messages::basic::*;
use uwand::mbim::messages::connect::*;
use uwand::mbim::messages::enums::*;
use uwand::mbim::messages::network::*;
use uwand::mbim::messages::{Message, Query, Request};
use uwand::mbim::{Content, Frame, Kind, ProtocolError, Service, Status};
use uwand::words::Secret;

/// A host that asks one thing at a time.
struct Host {
    fd: AsyncFd<OwnedFd>,
    joiner: Joiner,
    transfer: usize,
    transaction: u32,
}

impl Host {
    async fn open(modem: &SimModem, transfer: u32) -> Host {
        let fd = watch(modem.connect().unwrap(), Interest::READABLE).unwrap();
        let transfer_size = usize::try_from(transfer).unwrap();
        let mut host = Host { fd, joiner: Joiner::default(), transfer: transfer_size, transaction: 0 };
        let answer = host.exchange(Content::Open { max_transfer: transfer }).await;
        assert_eq!(answer, Content::OpenDone(Status::Success));
        host
    }

    fn send(&mut self, content: Content) {
        self.transaction += 1;
        for transfer in split(&Frame::new(self.transaction, content).emit(), self.transfer) {
            nix::unistd::write(&self.fd, &transfer).unwrap();
        }
    }

    async fn transfer(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 65536];
        loop {
            let mut ready = self.fd.readable().await.unwrap();
            match nix::unistd::read(&self.fd, &mut buffer) {
                Ok(length) => {
                    buffer.truncate(length);
                    return buffer;
                }
                Err(_) => ready.clear_ready(),
            }
        }
    }

    async fn next(&mut self) -> Frame {
        loop {
            let transfer = self.transfer().await;
            assert!(transfer.len() <= self.transfer);
            if let Joined::Whole(message) = self.joiner.push(&transfer).unwrap() {
                return Frame::parse(&message).unwrap();
            }
        }
    }

    async fn exchange(&mut self, content: Content) -> Content {
        self.send(content);
        loop {
            let frame = self.next().await;
            if frame.transaction == self.transaction {
                return frame.content;
            }
        }
    }

    async fn ask<R: Request>(&mut self, request: R) -> Result<R::Response, Status> {
        let (service, cid, kind) = (R::SERVICE, R::CID, R::KIND);
        let content = Content::Command { service, cid, kind, body: request.emit() };
        match self.exchange(content).await {
            Content::CommandDone { status: Status::Success, body, .. } => {
                Ok(R::Response::parse(&body).unwrap())
            }
            Content::CommandDone { status, .. } => Err(status),
            other => panic!("{other:?}"),
        }
    }

    async fn indication<M: Message>(&mut self) -> M {
        loop {
            if let Content::Indication { service, cid, body } = self.next().await.content {
                if (service, cid) == (M::SERVICE, M::CID) {
                    return M::parse(&body).unwrap();
                }
            }
        }
    }
}

fn run<T>(scenario: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    tokio::task::LocalSet::new().block_on(&runtime.unwrap(), scenario)
}

fn activate(session: u32, ip_type: IpType) -> SetConnect {
    SetConnect { session, command: ActivationCommand::Activate, ip_type, ..SetConnect::default() }
}

#[test]
fn a_modem_answers_in_any_transfer_size() {
    run(async {
        for size in [64, 512, 4096] {
            let modem = SimModem::new(Setup::default());
            let mut host = Host::open(&modem, size).await;
            let caps = host.ask(Query::<DeviceCaps>::default()).await.unwrap();
            assert_eq!(caps.device_id.reveal(), "350000000000006");
        }
    });
}

#[test]
fn a_session_gets_what_the_network_grants() {
    run(async {
        for (grants, asked, granted) in [
            (Grants::Both, IpType::V4V6, Ok(IpType::V4V6)),
            (Grants::V4, IpType::V4V6, Ok(IpType::V4)),
            (Grants::V6, IpType::V4V6, Ok(IpType::V6)),
            (Grants::V6, IpType::V4, Err(Status::Failure)),
        ] {
            let modem = SimModem::new(Setup::default());
            modem.network(|network| network.grants = grants);
            let mut host = Host::open(&modem, 4096).await;
            let connected = host.ask(activate(0, asked)).await;
            assert_eq!(connected.map(|state| state.ip_type), granted);
            if granted.is_ok() {
                let ip = host.ask(QueryIpConfiguration::default()).await.unwrap();
                assert_eq!(ip.v4_addresses.is_empty(), granted == Ok(IpType::V6));
                assert_eq!(ip.v6_dns.is_empty(), granted == Ok(IpType::V4));
                assert_eq!(host.ask(activate(0, asked)).await, Err(Status::MaxActivatedContexts));
            }
        }
    });
}

#[test]
fn a_sim_that_comes_late_is_read_unlocked_and_registered_with_indications() {
    run(async {
        let modem = SimModem::new(Setup { sim: None, ..Setup::default() });
        let mut host = Host::open(&modem, 4096).await;
        let ready = host.ask(Query::<SubscriberReady>::default()).await.unwrap();
        assert_eq!(ready.state, ReadyState::SimNotInserted);
        modem.insert_sim(Sim { reads_for: Duration::from_secs(2), ..Sim::locked("1234") });
        assert_eq!(host.indication::<SubscriberReady>().await.state, ReadyState::NotInitialized);
        let pin = |pin: &str| SetPin { pin_type: PinType::Pin1, pin: Secret::new(pin), ..SetPin::default() };
        assert_eq!(host.ask(pin("1234")).await, Err(Status::NotInitialized));
        assert_eq!(host.indication::<SubscriberReady>().await.state, ReadyState::DeviceLocked);
        assert_eq!(host.ask(pin("0000")).await, Err(Status::Failure));
        assert_eq!(host.ask(Query::<Pin>::default()).await.unwrap().remaining_attempts, 2);
        assert!(host.ask(pin("1234")).await.is_ok());
        assert_eq!(host.indication::<RegisterState>().await.state, Register::Home);
        assert_eq!(host.indication::<PacketService>().await.state, Packet::Attached);
        modem.remove_sim();
        assert_eq!(host.indication::<RegisterState>().await.state, Register::Deregistered);
    });
}

#[test]
fn a_network_that_ends_a_session_says_so() {
    run(async {
        let modem = SimModem::new(Setup::default());
        let mut host = Host::open(&modem, 4096).await;
        host.ask(activate(0, IpType::V4)).await.unwrap();
        modem.network_disconnect(0, 38);
        let state = host.indication::<ConnectState>().await;
        assert_eq!((state.activation, state.nw_error), (Activation::Deactivated, 38));
        assert!(modem.sessions().is_empty());
    });
}

#[test]
fn a_command_before_open_gets_a_function_error() {
    run(async {
        let modem = SimModem::new(Setup::default());
        let mut host = Host::open(&modem, 4096).await;
        assert_eq!(host.exchange(Content::Close).await, Content::CloseDone(Status::Success));
        let (service, kind) = (Service::BasicConnect, Kind::Query);
        let answer = host.exchange(Content::Command { service, cid: 1, kind, body: Vec::new() }).await;
        assert_eq!(answer, Content::FunctionError(ProtocolError::NotOpened));
    });
}

#[test]
fn faults_hit_what_they_name_as_often_as_they_say() {
    run(async {
        let modem = SimModem::new(Setup::default());
        let mut host = Host::open(&modem, 4096).await;
        let radio = On::message::<RadioState>();
        modem.fault(Fault::new(radio, Effect::Refuse(Status::Busy)).once());
        modem.fault(Fault::new(radio, Effect::Slow(Duration::from_secs(3))).after(1).once());
        modem.fault(Fault::new(radio, Effect::Deaf).after(2).lasting(Duration::from_secs(60)));
        assert_eq!(host.ask(Query::<RadioState>::default()).await, Err(Status::Busy));
        let before = Instant::now();
        assert!(host.ask(Query::<RadioState>::default()).await.is_ok());
        assert_eq!(before.elapsed().as_secs(), 3);
        let deaf = timeout(Duration::from_secs(90), host.ask(Query::<RadioState>::default())).await;
        assert!(deaf.is_err());
        assert!(host.ask(Query::<RadioState>::default()).await.is_ok());
        assert!(host.ask(Query::<DeviceCaps>::default()).await.is_ok());
    });
}

#[test]
fn a_vanished_modem_ends_the_descriptor_and_comes_back_closed() {
    run(async {
        let path = std::env::temp_dir().join(format!("uwand-sim-modem-{}", std::process::id()));
        let modem = SimModem::at(&path, Setup::default()).unwrap();
        let connect = || uwand::linux::wdm::open(&path, Duration::from_secs(1));
        let first = connect().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        modem.vanish();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(nix::unistd::read(&first.fd, &mut [0; 16]), Ok(0));
        assert!(connect().await.is_err());
        modem.come_back().unwrap();
        assert!(connect().await.is_ok());
        drop(modem);
        assert!(!path.exists());
    });
}
