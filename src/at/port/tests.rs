//! A port with a modem at the other end, in the same runtime and under its clock.

use std::future::Future;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

use super::{DEAF_AFTER, Error, Event, MOST_EVENTS, MOST_QUEUED, Manner, Port, chunks, start};
use crate::at::result::Final;
use crate::linux::channel::Io;
use crate::linux::serial;
use crate::queue::Receiver;

const SECOND: Duration = Duration::from_secs(1);

/// The modem's end.
struct Modem(UnixStream);

impl Modem {
    async fn hears(&mut self, expected: &str) {
        let mut heard = vec![0; expected.len()];
        self.0.read_exact(&mut heard).await.expect("the other end is there");
        assert_eq!(String::from_utf8_lossy(&heard), expected);
    }

    async fn says(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("the other end is there");
    }

    async fn answers(&mut self, command: &str, text: &str) {
        self.hears(&format!("{command}\r")).await;
        self.says(text).await;
    }
}

fn with_port<F: Future<Output = ()>>(test: impl FnOnce(Port, Receiver<Event>, Modem) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let all = async {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair");
        theirs.set_nonblocking(true).expect("non-blocking");
        let io = Io::stream(OwnedFd::from(ours), chunks).expect("registers");
        let (port, events) = start(io, Manner::new("ttyUSB2"));
        test(port, events, Modem(UnixStream::from_std(theirs).expect("registers"))).await;
    };
    runtime.block_on(tokio::task::LocalSet::new().run_until(all));
}

async fn unsolicited(events: &mut Receiver<Event>) -> String {
    match events.recv().await {
        Some(Event::Unsolicited(code)) => code.line,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_are_answered_one_after_the_other() {
    with_port(|port, _events, mut modem| async move {
        let (first, second, ()) = tokio::join!(port.ask("AT+CSQ"), port.ask("AT+CFUN?"), async {
            modem.answers("AT+CSQ", "AT+CSQ\r\r\n+CSQ: 18,99\r\n\r\nOK\r\n").await;
            modem.answers("AT+CFUN?", "\r\n+CME ERROR: 14\r\n").await;
        });
        assert_eq!(first.expect("an answer").lines, ["+CSQ: 18,99"]);
        assert!(second.expect("an answer").result.is_passing());
    });
}

#[test]
fn the_second_ok_is_not_the_next_commands() {
    with_port(|port, _events, mut modem| async move {
        let (first, second, ()) = tokio::join!(port.ask("AT+CREG=2"), port.ask("AT+CSQ"), async {
            modem.answers("AT+CREG=2", "\r\nOK\r\n").await;
            sleep(Duration::from_millis(10)).await;
            modem.says("\r\nOK\r\n").await;
            modem.answers("AT+CSQ", "\r\n+CSQ: 1,99\r\n\r\nOK\r\n").await;
        });
        assert!(first.expect("an answer").lines.is_empty());
        assert_eq!(second.expect("an answer").lines, ["+CSQ: 1,99"]);
    });
}

#[test]
fn unsolicited_codes_come_also_inside_of_a_commands_window() {
    with_port(|port, mut events, mut modem| async move {
        modem.says("RDY\r\n").await;
        assert_eq!(unsolicited(&mut events).await, "RDY");
        let (reply, ()) = tokio::join!(port.ask("AT+CSQ"), async {
            modem.answers("AT+CSQ", "\r\n+CMTI: \"SM\",3\r\n\r\n+CSQ: 1,99\r\n\r\nOK\r\n").await;
        });
        assert_eq!(reply.expect("an answer").lines, ["+CSQ: 1,99"]);
        assert_eq!(unsolicited(&mut events).await, "+CMTI: \"SM\",3");
    });
}

#[test]
fn a_late_answer_is_not_the_next_commands() {
    with_port(|port, mut events, mut modem| async move {
        let started = Instant::now();
        assert_eq!(port.command("AT+COPS=?", 5 * SECOND).await, Err(Error::Timeout(5 * SECOND)));
        assert_eq!(started.elapsed(), 5 * SECOND);
        modem.hears("AT+COPS=?\r").await;
        let (reply, ()) = tokio::join!(port.ask("AT+CSQ"), async {
            sleep(Duration::from_millis(200)).await;
            modem.says("\r\n+COPS: (2,\"a\",\"a\",\"26201\")\r\n\r\n+CREG: 1\r\n\r\nOK\r\n").await;
            modem.answers("AT+CSQ", "\r\n+CSQ: 1,99\r\n\r\nOK\r\n").await;
        });
        assert_eq!(reply.expect("an answer").lines, ["+CSQ: 1,99"]);
        assert_eq!(unsolicited(&mut events).await, "+CREG: 1");
        assert!(!port.is_deaf());
    });
}

#[test]
fn a_deaf_port_never_hangs_who_asks() {
    with_port(|port, _events, modem| async move {
        for _ in 0..DEAF_AFTER {
            assert!(!port.is_deaf());
            assert_eq!(port.command("AT", SECOND).await, Err(Error::Timeout(SECOND)));
        }
        assert!(port.is_deaf() && !port.is_gone());
        drop(modem);
    });
}

#[test]
fn a_port_that_never_stops_talking_does_not_keep_the_time_out_away() {
    with_port(|port, _events, mut modem| async move {
        let talk = async {
            loop {
                modem.says("$GPGSA,A,1,,,,,,,,,,,,,,,*1E\r\n").await;
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            reply = port.command("AT", SECOND) => assert_eq!(reply, Err(Error::Timeout(SECOND))),
            () = talk => {}
        }
    });
}

#[test]
fn an_answer_without_end_is_given_up() {
    with_port(|port, _events, mut modem| async move {
        let flood = async {
            let text = format!("{}\r\n", "x".repeat(1000)).repeat(16);
            loop {
                modem.says(&text).await;
            }
        };
        tokio::select! {
            reply = port.ask("AT+CMGL=4") => assert_eq!(reply, Err(Error::Flood)),
            () = flood => {}
        }
    });
}

#[test]
fn unplugged_ends_everything_that_waits() {
    with_port(|port, mut events, mut modem| async move {
        let (first, second, ()) = tokio::join!(port.ask("AT+CSQ"), port.ask("AT"), async move {
            modem.hears("AT+CSQ\r").await;
        });
        assert_eq!((first, second), (Err(Error::Gone), Err(Error::Gone)));
        assert_eq!(events.recv().await, Some(Event::Gone));
        assert_eq!(events.recv().await, None);
        assert!(port.is_gone());
        assert_eq!(port.ask("AT").await, Err(Error::Gone));
    });
}

#[test]
fn a_message_waits_for_the_prompt() {
    with_port(|port, _events, mut modem| async move {
        let (reply, ()) = tokio::join!(port.command_with_text("AT+CMGS=14", "0011000B91", SECOND), async {
            modem.answers("AT+CMGS=14", "\r\n> ").await;
            modem.hears("0011000B91\u{1a}").await;
            modem.says("\r\n+CMGS: 9\r\n\r\nOK\r\n").await;
        });
        assert_eq!(reply.expect("an answer").lines, ["+CMGS: 9"]);
    });
}

#[test]
fn a_prompt_that_leads_nowhere_is_left() {
    with_port(|port, _events, mut modem| async move {
        let (reply, ()) = tokio::join!(port.command_with_text("AT+CMGS=14", "0011", SECOND), async {
            modem.answers("AT+CMGS=14", "\r\n> ").await;
            modem.hears("0011\u{1a}").await;
        });
        assert_eq!(reply, Err(Error::Timeout(SECOND)));
        modem.hears("\u{1b}").await;
    });
}

#[test]
fn what_nobody_waits_for_is_not_sent() {
    with_port(|port, _events, mut modem| async move {
        let (first, ()) = tokio::join!(port.ask("AT+CSQ"), async {
            let abandoned = tokio::time::timeout(SECOND, port.ask("AT+CFUN=0"));
            assert!(abandoned.await.is_err());
            modem.answers("AT+CSQ", "\r\nOK\r\n").await;
        });
        assert_eq!(first.map(|reply| reply.result), Ok(Final::Ok));
        let (last, ()) = tokio::join!(port.ask("AT+CREG?"), modem.answers("AT+CREG?", "\r\nOK\r\n"));
        assert!(last.is_ok());
    });
}

#[test]
fn an_abandoned_command_keeps_its_answer_from_the_next_one() {
    with_port(|port, _events, mut modem| async move {
        let abandoned = tokio::time::timeout(SECOND, port.ask("AT+CNUM"));
        assert!(abandoned.await.is_err());
        let (reply, ()) = tokio::join!(port.ask("AT+CSQ"), async {
            modem.answers("AT+CNUM", "\r\n+CNUM: ,\"1\",129\r\n\r\nOK\r\n").await;
            modem.answers("AT+CSQ", "\r\n+CSQ: 1,99\r\n\r\nOK\r\n").await;
        });
        assert_eq!(reply.expect("an answer").lines, ["+CSQ: 1,99"]);
    });
}

#[test]
fn queue_and_events_are_bounded() {
    with_port(|port, mut events, mut modem| async move {
        let mut asked: Vec<_> = Vec::new();
        for _ in 0..=MOST_QUEUED + 1 {
            let port = port.clone();
            asked.push(tokio::task::spawn_local(async move { port.ask("AT").await }));
        }
        tokio::task::yield_now().await;
        let codes = "RING\r\n".repeat(2 * MOST_EVENTS);
        modem.says(&codes).await;
        sleep(SECOND).await;
        drop(modem);
        let mut busy = 0;
        for one in asked {
            busy += usize::from(one.await.expect("no panic") == Err(Error::Busy));
        }
        assert!((1..=2).contains(&busy), "{busy}");
        assert!(port.dropped_events() > 0);
        let mut last = None;
        while let Some(event) = events.recv().await {
            last = Some(event);
        }
        assert_eq!(last, Some(Event::Gone));
    });
}

#[test]
fn what_is_no_line_never_reaches_the_port() {
    with_port(|port, _events, _modem| async move {
        for line in ["AT\rAT!RESET", "RESET", "AT+CMGS=1\u{1a}"] {
            assert!(matches!(port.ask(line).await, Err(Error::Refused(_))), "{line:?}");
        }
        assert!(matches!(port.command_with_text("AT+CMGS=1", "00\r", SECOND).await, Err(Error::Refused(_))));
    });
}

#[test]
fn the_last_handle_closes_the_port() {
    with_port(|port, mut events, mut modem| async move {
        drop(port);
        assert_eq!(events.recv().await, Some(Event::Gone));
        assert_eq!(modem.0.read(&mut [0; 8]).await.expect("an end"), 0);
    });
}

/// With the system's clock: a terminal is opened by a thread of its own.
#[tokio::test]
async fn a_terminal_that_hangs_up_is_gone() {
    let pair = nix::pty::openpty(None, None).expect("a pseudo terminal");
    let path = std::fs::read_link(format!("/proc/self/fd/{}", pair.slave.as_raw_fd())).expect("its path");
    let fd = serial::open(&path, 10 * SECOND).await.expect("opens");
    drop(pair.slave);
    let all = async {
        let io = Io::stream(fd, chunks).expect("registers").close_with(serial::close);
        let (port, mut events) = start(io, Manner::new("pts"));
        let modem = Io::stream(pair.master, chunks).expect("registers");
        let (reply, ()) = tokio::join!(port.ask("AT"), async {
            assert_eq!(modem.read().await.as_deref(), Ok(&b"AT\r"[..]));
            assert_eq!(modem.write(b"AT\r\r\nOK\r\n").await, Ok(9));
        });
        assert_eq!(reply.map(|reply| reply.result), Ok(Final::Ok));
        drop(modem);
        assert_eq!(events.recv().await, Some(Event::Gone));
        assert_eq!(port.ask("AT").await, Err(Error::Gone));
    };
    tokio::task::LocalSet::new().run_until(all).await;
}

/// Counts how often a task is woken.
struct Counted<F>(std::pin::Pin<Box<F>>, std::rc::Rc<std::cell::Cell<u32>>);

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<F::Output> {
        self.1.set(self.1.get() + 1);
        self.0.as_mut().poll(context)
    }
}

#[test]
fn a_port_that_nobody_uses_wakes_nobody() {
    with_port(|_port, _events, _modem| async move {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair");
        theirs.set_nonblocking(true).expect("non-blocking");
        let io = Io::stream(OwnedFd::from(ours), chunks).expect("registers");
        let (port, shared, sender, _events) = super::parts(Manner::new("ttyUSB3"));
        let polls = std::rc::Rc::new(std::cell::Cell::new(0));
        let task = Counted(Box::pin(super::task::run(io, shared, sender)), polls.clone());
        tokio::task::spawn_local(task);
        let mut modem = Modem(UnixStream::from_std(theirs).expect("registers"));
        let (reply, ()) = tokio::join!(port.ask("AT"), modem.answers("AT", "OK\r\n"));
        assert!(reply.is_ok());
        sleep(SECOND).await;
        let before = polls.get();
        sleep(24 * 3600 * SECOND).await;
        assert_eq!(polls.get(), before);
    });
}
