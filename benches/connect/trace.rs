//! System calls of one connect, counted by strace(1).
//!
//! Contract: a run of its own, because tracing makes everything slow. Without strace, or
//! where it may not trace, an error in words.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::sim::bed::{Bed, Directory, NETDEV, WAN};
use super::sim::modem::Setup;
use uwand::json::json;

const LIMIT: Duration = Duration::from_secs(20);
/// What makes a process or a thread.
const FORKS: [&str; 5] = ["fork(", "vfork(", "clone(", "clone3(", "execve("];

pub struct Traced {
    /// From ifup to link up.
    pub daemon: usize,
    /// From its execve to its end.
    pub handler: usize,
    /// Processes and threads that the daemon started meanwhile.
    pub processes: usize,
}

pub async fn count(program: &Path) -> Result<Traced, String> {
    let directory = Directory::new("trace").map_err(|error| error.to_string())?;
    let (daemon_log, handler_log) = (directory.path().join("daemon"), directory.path().join("handler"));
    let bed = Bed::new("bench", program, Setup::default()).map_err(|error| error.to_string())?;
    let daemon = bed.start_daemon(&strace(&daemon_log, &["-D"]), Stdio::null()).await;
    let daemon = daemon.map_err(|error| format!("strace (package strace) is needed: {error}"))?;
    bed.configure(&json!({}));
    let begin = now();
    bed.ifup(LIMIT).await?;
    let end = now();
    trace_handler(&bed, &handler_log).await?;
    drop(daemon);
    let (during, forks) = read(&daemon_log, begin, end)?;
    let (handler, _) = read(&handler_log, 0.0, f64::MAX)?;
    Ok(Traced { daemon: during, handler, processes: forks })
}

/// With `-D` the traced process is our child, and strace ends with it; not the other way round.
fn strace(log: &Path, more: &[&str]) -> Vec<String> {
    let words = ["-f", "-qq", "-ttt", "-e", "signal=none", "-o"];
    let words = ["strace"].iter().chain(more).chain(&words).map(ToString::to_string);
    words.chain([log.display().to_string()]).collect()
}

/// The handler once more, by hand: `up` of what is up does nothing.
async fn trace_handler(bed: &Bed, log: &Path) -> Result<(), String> {
    let words = strace(log, &[]);
    let device: PathBuf = bed.socket().with_file_name("modem");
    let config = json!({"proto": "uwand", "device": device, "netdev": NETDEV, "apn": "internet"}).to_string();
    let mut command = tokio::process::Command::new(&words[0]);
    command.args(&words[1..]).arg(&bed.program).args(["netifd", "uwand", "setup", WAN, &config]);
    command.env("UWAND_UBUS_SOCKET", bed.socket()).stdin(Stdio::null()).stdout(Stdio::null());
    match command.status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the handler under strace: {status}")),
        Err(error) => Err(error.to_string()),
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// System calls between two times, and those of them that start something. A call that another
/// thread interrupts has a second line, "resumed", which is none.
fn read(log: &Path, begin: f64, end: f64) -> Result<(usize, usize), String> {
    let text = fs::read_to_string(log).map_err(|error| format!("no trace: {error}"))?;
    let calls = text.lines().filter_map(|line| {
        let (_pid, rest) = line.split_once(' ')?;
        let (time, call) = rest.trim_start().split_once(' ')?;
        let time: f64 = time.parse().ok()?;
        ((begin..=end).contains(&time) && !call.starts_with("<...")).then_some(call)
    });
    let calls: Vec<&str> = calls.collect();
    let forks = calls.iter().filter(|call| FORKS.iter().any(|fork| call.starts_with(fork))).count();
    if calls.is_empty() { Err("the trace is empty".into()) } else { Ok((calls.len(), forks)) }
}
