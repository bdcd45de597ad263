//! One connect, measured: `cargo bench --bench connect`.
//!
//! Contract: real are the daemon and the handler, release builds in processes of their own;
//! the modem answers at once, ubusd and netifd are doubles in this process. Ends with 1 when
//! a limit is not kept: control round trips, wall time, processes.
//!
//! Why from `ifup` and not from `up`? The handler's start is part of what a person waits for;
//! what holds with it holds without.

mod peers;
mod qmi;
#[path = "../../tests/sim/mod.rs"]
mod sim;
mod trace;

use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use sim::bed::{Bed, WAN};
use sim::modem::{Asked, Setup, SimModem};
use sim::netifd::{Netifd, State};
use tokio::time::Instant;
use uwand::mbim::Kind;
use uwand::mbim::messages::Message;
use uwand::mbim::messages::connect::{IpConfiguration, SetConnect};

use uwand::json::json;

const RUNS: usize = 21;
const LIMIT: Duration = Duration::from_secs(5);
const MOST_ROUND_TRIPS: usize = 12;
const MOST_WALL: Duration = Duration::from_millis(20);
const MOST_REDIAL: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, measure()),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("connect bench: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What one run of a fresh daemon and a fresh modem took.
struct Run {
    cold: Duration,
    /// From the first control message on: what the daemon itself takes.
    procedure: Duration,
    cold_messages: usize,
    warm: Duration,
    warm_messages: usize,
    cpu: Option<Duration>,
    /// From the network's cut to the next order to connect, and to link up.
    redial: Duration,
    again: Duration,
}

async fn measure() -> Result<bool, String> {
    let program = Path::new(env!("CARGO_BIN_EXE_uwand"));
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(run(program).await?);
    }
    let median = |part: fn(&Run) -> Duration| {
        let mut times: Vec<Duration> = runs.iter().map(part).collect();
        times.sort();
        (times[RUNS / 2], times[0], times[RUNS - 1])
    };
    let most = |part: fn(&Run) -> usize| runs.iter().map(part).max().unwrap_or_default();
    let (cold, warm) = (median(|run| run.cold), median(|run| run.warm));
    let (round_trips, warm_trips) = (most(|run| run.cold_messages), most(|run| run.warm_messages));
    let traced = trace::count(program).await;

    println!("One connect, median of {RUNS} (best, worst); the modem answers at once");
    println!();
    let line = |what: &str, figure: String| println!("  {what:<52} {figure}");
    line("ifup to link up, modem never used before", spread(cold));
    line("  of it from the first control message on", spread(median(|run| run.procedure)));
    line("ifup to link up, modem still open", spread(warm));
    line("control round trips, never used before / still open", format!("{round_trips} / {warm_trips}"));
    let (redial, again) = (median(|run| run.redial), median(|run| run.again));
    line("bearer cut by the network to CONNECT asked again", spread(redial));
    line("  to link up again", spread(again));
    if let Some(cpu) = runs.iter().filter_map(|run| run.cpu).min() {
        line("daemon's CPU from ifup to link up, best", milliseconds(cpu));
    }
    let mut processes = 1;
    match &traced {
        Ok(traced) => {
            let (daemon, handler) = (traced.daemon, traced.handler);
            line("system calls: daemon / handler, its start included", format!("{daemon} / {handler}"));
            processes += traced.processes;
            line("processes started: the handler, and by the daemon", format!("1, {}", traced.processes));
        }
        Err(why) => line("system calls and processes", format!("not counted: {why}")),
    }
    println!();
    peers::table(cold.0, round_trips, processes, again.0);
    println!();
    let over_qmi = qmi::measure(program).await?;
    let kept = [
        (format!("at most {MOST_ROUND_TRIPS} control round trips"), round_trips <= MOST_ROUND_TRIPS),
        (format!("under {} from ifup to link up", milliseconds(MOST_WALL)), cold.0 < MOST_WALL),
        (
            format!("under {} from a bearer's cut to CONNECT", milliseconds(MOST_REDIAL)),
            redial.0 < MOST_REDIAL,
        ),
        ("one process: the handler".to_string(), processes == 1),
    ];
    let kept: Vec<(String, bool)> = kept.into_iter().chain(over_qmi).collect();
    for (limit, kept) in &kept {
        println!("  {} {limit}", if *kept { "kept:  " } else { "BROKEN:" });
    }
    Ok(kept.iter().all(|(_, kept)| *kept))
}

async fn run(program: &Path) -> Result<Run, String> {
    let bed = Bed::new("bench", program, Setup::default()).map_err(|error| error.to_string())?;
    let daemon = bed.start_daemon(&[], Stdio::null()).await.map_err(|error| error.to_string())?;
    bed.configure(&json!({}));
    let before = on_cpu(daemon.id());
    let begin = Instant::now();
    let cold = bed.ifup(LIMIT).await?;
    let cpu = on_cpu(daemon.id()).zip(before).map(|(after, before)| after.saturating_sub(before));
    let first = bed.modem.seen().first().map(|seen| seen.at).ok_or("no control message")?;
    let procedure = cold.saturating_sub(first.duration_since(begin));
    let cold_messages = messages(&bed.modem);
    bed.silence().await;
    let (redial, again) = cut(&bed).await?;
    bed.silence().await;
    bed.netifd.ifdown(WAN);
    if !bed.netifd.until(LIMIT, |netifd| netifd.state(WAN) == State::Down).await {
        return Err("ifdown does not end".into());
    }
    bed.silence().await;
    bed.modem.forget_requests();
    let warm = bed.ifup(LIMIT).await?;
    let warm_messages = messages(&bed.modem);
    Ok(Run { cold, procedure, cold_messages, warm, warm_messages, cpu, redial, again })
}

async fn cut(bed: &Bed) -> Result<(Duration, Duration), String> {
    let before = bed.modem.activations().len();
    let begin = Instant::now();
    bed.modem.network_disconnect(0, 0);
    let is_again = |netifd: &Netifd| bed.modem.activations().len() > before && netifd.is_up(WAN);
    if !bed.netifd.until(LIMIT, is_again).await {
        return Err(format!("not up again after a cut: {}", bed.why()));
    }
    let again = begin.elapsed();
    let (service, cid) = (SetConnect::SERVICE, SetConnect::CID);
    let orders = bed.modem.times(&Asked::Command { service, cid, kind: Kind::Set });
    let redial = orders.last().map(|at| at.saturating_duration_since(begin)).ok_or("no CONNECT")?;
    Ok((redial, again))
}

/// Control messages until the one that brings the addresses; what comes after it (home
/// network, signal) keeps nobody waiting.
fn messages(modem: &SimModem) -> usize {
    let is_last = |asked: &Asked| {
        matches!(asked, Asked::Command { service, cid, .. }
            if (*service, *cid) == (IpConfiguration::SERVICE, IpConfiguration::CID))
    };
    let seen = modem.seen();
    seen.iter().position(|seen| is_last(&seen.asked)).map_or(seen.len(), |last| last + 1)
}

/// Time that a process has been on a CPU (Documentation/scheduler/sched-stats.rst).
fn on_cpu(pid: Option<u32>) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{}/schedstat", pid?)).ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

fn spread((median, best, worst): (Duration, Duration, Duration)) -> String {
    format!("{} ({}, {})", milliseconds(median), milliseconds(best), milliseconds(worst))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
