//! The logger and the panic hook.
//!
//! Contract: started by init (procd) and with `/dev/log` there, lines go to the system log
//! with their real priorities; otherwise to stderr. A line is one line, whatever a modem or
//! an operator put into the strings it shows. The log never blocks the daemon: what the
//! system log does not take is counted, and told with the next line that it takes.
//!
//! Why not leave it to procd? It logs a service's stderr as `daemon.err`, line by line: no
//! filter by priority would work, and an informative line looks like an error.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::civil::Civil;

/// Facility `daemon` of RFC 3164.
const FACILITY: u8 = 3 << 3;
const DEV_LOG: &str = "/dev/log";

/// Starts logging. Call once, before any other thread or message.
pub fn start(level: LevelFilter) {
    // An error says that a logger is there already: then that one stays.
    if log::set_boxed_logger(Box::new(Logger(syslog()))).is_ok() {
        log::set_max_level(level);
    }
}

/// To the system log, else to stderr.
struct Logger(Option<Syslog>);

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record) {
        match &self.0 {
            Some(syslog) => syslog.write(syslog_line(record, &Civil::now()).as_bytes()),
            // Where stderr is gone nobody is left to be told.
            None => {
                let _ = io::stderr().write_all(format!("uwand: {}\n", plain_line(record)).as_bytes());
            }
        }
    }

    fn flush(&self) {}
}

/// A panic is logged, then ends the process, so that procd starts us anew: a task that died
/// silently would leave a daemon that looks alive. OpenWrt's feed builds with unwinding; where a panic has no words left,
/// `linux::crash` tells of it.
pub fn abort_on_panic() {
    std::panic::set_hook(Box::new(|info| {
        log::error!("{info}");
        std::process::abort();
    }));
}

/// The init script's word that init started us: with a jail, `ujail` stands between.
const BY_INIT: &str = "UWAND_SYSLOG";

/// The system log, where init started us and somebody listens on `/dev/log`.
fn syslog() -> Option<Syslog> {
    let by_init = nix::unistd::getppid().as_raw() == 1 || std::env::var_os(BY_INIT).is_some();
    if !by_init || !Path::new(DEV_LOG).exists() {
        return None;
    }
    Syslog::new(Path::new(DEV_LOG)).ok()
}

/// Makes one datagram of each line. It names the path with each, so a logd
/// that restarts is found again.
struct Syslog {
    socket: UnixDatagram,
    path: PathBuf,
    lost: AtomicU32,
}

impl Syslog {
    fn new(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Syslog { socket, path: path.to_path_buf(), lost: AtomicU32::new(0) })
    }

    fn send(&self, line: &[u8]) -> bool {
        self.socket.send_to(line, &self.path).is_ok()
    }

    fn write(&self, line: &[u8]) {
        let lost = self.lost.swap(0, Relaxed);
        if lost > 0 {
            let text = format!("{lost} lines lost: the system log did not take them");
            if !self.send(envelope(Level::Warn, &text, &Civil::now()).as_bytes()) {
                self.lost.fetch_add(lost, Relaxed);
            }
        }
        if !self.send(line) {
            self.lost.fetch_add(1, Relaxed);
        }
    }
}

fn syslog_line(record: &Record, now: &Civil) -> String {
    envelope(record.level(), &message(record), now)
}

/// `<PRI>Nov 20 11:53:35 uwand[123]: text`. The date is there although logd has its own
/// clock: it cuts 16 characters off whenever the 16th is a space (ubox, log/syslog.c), and
/// without a date these would sometimes be ours.
fn envelope(level: Level, text: &str, now: &Civil) -> String {
    let severity = match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    };
    format!("<{}>{} uwand[{}]: {text}", FACILITY + severity, now.syslog(), std::process::id())
}

/// On stderr the level is told where it is not the usual one.
fn plain_line(record: &Record) -> String {
    match record.level() {
        Level::Info => message(record),
        level => format!("{}: {}", level.as_str().to_ascii_lowercase(), message(record)),
    }
}

/// The text on one line. Below info, the module says whose it is.
fn message(record: &Record) -> String {
    let mut text = String::new();
    if record.level() > Level::Info {
        text.push_str(record.target().trim_start_matches("uwand::"));
        text.push_str(": ");
    }
    // Writing to a String fails only if a Display of ours does.
    let _ = write!(text, "{}", record.args());
    one_line(&text)
}

/// Control characters escaped: a log line is one line, and no terminal obeys it.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.trim_end().chars() {
        match character {
            control if control.is_control() => line.extend(control.escape_default()),
            other => line.push(other),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_whatever_it_shows() {
        assert_eq!(
            one_line("operator Evil\nroot: \u{1b}[2J\u{9b}x\n"),
            "operator Evil\\nroot: \\u{1b}[2J\\u{9b}x"
        );
    }

    #[test]
    fn the_system_log_gets_priority_date_and_tag() {
        let now = Civil::from_unix(0);
        let mut builder = Record::builder();
        let record = builder.level(Level::Info);
        let line = syslog_line(&record.args(format_args!("wan: down -> up")).build(), &now);
        assert_eq!(line, format!("<30>Jan  1 00:00:00 uwand[{}]: wan: down -> up", std::process::id()));
    }

    #[test]
    fn lines_that_the_system_log_did_not_take_are_counted_and_told() {
        let path = std::env::temp_dir().join(format!("uwand-log-{}", std::process::id()));
        let syslog = Syslog::new(&path).expect("socket");
        syslog.write(b"nobody listens");
        syslog.write(b"still nobody");
        let logd = UnixDatagram::bind(&path).expect("bind");
        syslog.write(b"heard");
        let mut buffer = [0; 256];
        let length = logd.recv(&mut buffer).expect("a datagram");
        assert!(String::from_utf8_lossy(&buffer[..length]).contains("2 lines lost"));
        let length = logd.recv(&mut buffer).expect("a datagram");
        assert_eq!(&buffer[..length], b"heard");
        std::fs::remove_file(path).expect("remove");
    }
}
