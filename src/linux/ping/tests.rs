//! Probes over the loopback device, with real sockets and peers that misbehave.

use std::cell::Cell;
use std::future::Future;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::{LocalSet, spawn_local};

use super::*;

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(200);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn source() -> Source {
    let (v4, v6) = (Some(Ipv4Addr::LOCALHOST), Some(Ipv6Addr::LOCALHOST));
    Source { netdev: "lo".into(), v4, v6, ..Source::default() }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    LocalSet::new().block_on(&runtime, work)
}

/// A server that says `answer` to whoever connects, and what it heard first.
async fn says(answer: &'static [u8]) -> (u16, Rc<Cell<Vec<u8>>>) {
    let listener = TcpListener::bind((HERE, 0)).await.expect("listener");
    let port = listener.local_addr().expect("address").port();
    let heard = Rc::new(Cell::new(Vec::new()));
    let hearing = heard.clone();
    spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 1024];
            let length = stream.read(&mut request).await.unwrap_or(0);
            request.truncate(length);
            hearing.set(request);
            let _ = stream.write_all(answer).await;
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
        }
    });
    (port, heard)
}

fn http(port: u16) -> Target {
    Target::Http { host: Host::Address(HERE), port, path: "/generate_204".into() }
}

#[test]
fn an_echo_comes_back_by_either_family() {
    run(async {
        for target in [Target::Icmp(HERE), Target::Icmp(Ipv6Addr::LOCALHOST.into())] {
            match probe(&target, &source(), LONG).await {
                Ok(rtt) => assert!(rtt < LONG),
                // A machine may forbid both kinds of sockets, or have no IPv6.
                Err(failure) => {
                    assert!(matches!(failure, Failure::NoPermission | Failure::NoAddress), "{failure}");
                    // Not eprintln!, which the runner captures.
                    let _ = writeln!(std::io::stderr().lock(), "skipped: {target}: {failure}");
                }
            }
        }
    });
}

#[test]
fn a_connection_and_a_refusal_both_prove_the_way() {
    run(async {
        let (port, _) = says(b"hello").await;
        let tcp = |port| Target::Tcp { host: Host::Address(HERE), port };
        assert_eq!(ask(&tcp(port), &source(), LONG).await.map(|answer| answer.note), Ok(None));
        let unused = TcpListener::bind((HERE, 0)).await.expect("listener");
        let closed = unused.local_addr().expect("address").port();
        drop(unused);
        let refused = ask(&tcp(closed), &source(), LONG).await.map(|answer| answer.note);
        assert_eq!(refused, Ok(Some(Note::Refused)));
        // Over HTTP it is the service that was asked for.
        assert_eq!(probe(&http(closed), &source(), LONG).await, Err(Failure::Refused));
    });
}

#[test]
fn any_status_of_http_is_an_answer_and_a_redirection_is_noted() {
    run(async {
        for (answer, status, portal) in [
            (&b"HTTP/1.1 204 No Content\r\n\r\n"[..], 204, false),
            (b"HTTP/1.0 302 Found\r\nLocation: http://login.example/\r\n\r\n", 302, true),
            (b"HTTP/1.1 511 Network Authentication Required\r\n\r\n", 511, true),
            (b"HTTP/1.1 500", 500, false),
        ] {
            let (port, heard) = says(answer).await;
            let note = ask(&http(port), &source(), LONG).await.map(|answer| answer.note);
            assert_eq!(note, Ok(Some(Note::Status(status))));
            assert_eq!(Note::Status(status).is_portal(), portal);
            let expected =
                format!("GET /generate_204 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
            assert_eq!(String::from_utf8(heard.take()).as_deref(), Ok(expected.as_str()));
        }
    });
}

#[test]
fn what_speaks_no_http_is_told_from_silence() {
    run(async {
        for answer in [&b"SSH-2.0-OpenSSH_9.9\r\n"[..], b"HTTP/1.1"] {
            let (port, _) = says(answer).await;
            let failure = probe(&http(port), &source(), LONG).await.expect_err("no HTTP");
            // The server closes before all was read, or after: a reset or an end.
            assert!(failure.proves_traffic(), "{failure}");
        }
        let (port, _) = says(b"").await;
        assert_eq!(probe(&http(port), &source(), SHORT).await, Err(Failure::Timeout));
    });
}

#[test]
fn a_dns_server_is_alive_whatever_it_says() {
    run(async {
        for (code, note) in [(0, None), (2, Some(Note::Code(2))), (5, Some(Note::Code(5)))] {
            let server = UdpSocket::bind((HERE, 0)).await.expect("server");
            let target = Target::Dns(server.local_addr().expect("address"));
            spawn_local(async move {
                let (mut packet, peer) = question(&server).await;
                packet[2..4].copy_from_slice(&[0x81, 0x80 | code]);
                server.send_to(&packet, peer).await.expect("sent");
            });
            assert_eq!(ask(&target, &source(), LONG).await.map(|answer| answer.note), Ok(note));
        }
    });
}

#[test]
fn a_forged_dns_answer_is_passed_over() {
    run(async {
        let server = UdpSocket::bind((HERE, 0)).await.expect("server");
        let forger = UdpSocket::bind((HERE, 0)).await.expect("forger");
        let target = Target::Dns(server.local_addr().expect("address"));
        spawn_local(async move {
            let (mut packet, peer) = question(&server).await;
            packet[2] |= 0x80;
            forger.send_to(&packet, peer).await.expect("another port");
            let mut wrong = packet.clone();
            wrong[0] ^= 1;
            server.send_to(&wrong, peer).await.expect("another transaction");
            server.send_to(&packet[..7], peer).await.expect("cut short");
            server.send_to(&[], peer).await.expect("empty");
            tokio::time::sleep(SHORT).await;
            server.send_to(&packet, peer).await.expect("sent");
        });
        let rtt = probe(&target, &source(), LONG).await.expect("the right one");
        assert!(rtt >= SHORT, "a forged answer was believed after {rtt:?}");
    });
}

async fn question(server: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut packet = vec![0; 512];
    let (length, peer) = server.recv_from(&mut packet).await.expect("a question");
    packet.truncate(length);
    (packet, peer)
}

#[test]
fn a_silent_server_takes_the_time_out_and_a_missing_one_does_not() {
    run(async {
        let server = UdpSocket::bind((HERE, 0)).await.expect("server");
        let target = Target::Dns(server.local_addr().expect("address"));
        let begin = Instant::now();
        assert_eq!(probe(&target, &source(), SHORT).await, Err(Failure::Timeout));
        assert!(begin.elapsed() >= SHORT);
        drop(server);
        // The kernel's ICMP error comes at once.
        assert_eq!(probe(&target, &source(), LONG).await, Err(Failure::Refused));
        assert!(begin.elapsed() < LONG);
    });
}

#[test]
fn what_this_router_lacks_is_told_at_once() {
    run(async {
        let begin = Instant::now();
        let target = Target::Dns(SocketAddr::new(HERE, 9));
        let without = Source { v4: None, ..source() };
        assert_eq!(probe(&target, &without, LONG).await, Err(Failure::NoAddress));
        let foreign = Source { v4: Some(Ipv4Addr::new(192, 0, 2, 77)), ..source() };
        assert_eq!(probe(&target, &foreign, LONG).await, Err(Failure::NoAddress));
        let gone = Source { netdev: "gone0".into(), ..source() };
        assert_eq!(probe(&target, &gone, LONG).await, Err(Failure::NoDevice));
        let named = Target::Tcp { host: Host::Name("example.org".into()), port: 80 };
        assert_eq!(probe(&named, &source(), LONG).await, Err(Failure::NoName), "a link without DNS servers");
        assert!(begin.elapsed() < LONG);
        assert!(Failure::NoAddress.is_local() && !Failure::Timeout.is_local());
    });
}
