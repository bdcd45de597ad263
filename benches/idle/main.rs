//! What watching costs while nothing happens: `cargo bench --bench idle`.
//!
//! Contract: real are the daemon (a release build in a process of its own, with the options'
//! defaults), its probes and the kernel's network device; the modem, ubusd and netifd are
//! doubles in this process, and nobody uses the link. Prints wake-ups, processes and bytes of
//! probes, and ends with 1 when a limit is not kept. Where a network namespace is forbidden it
//! says "skipped".
//!
//! `UWAND_IDLE_SECONDS` measures for longer or shorter than four rounds of a quiet link.

#[path = "../../tests/demo/carrier.rs"]
mod carrier;
#[path = "../../tests/demo/namespace.rs"]
mod namespace;
#[path = "../../tests/demo/packet.rs"]
mod packet;
#[path = "../../tests/demo/pair.rs"]
mod pair;
#[path = "../../tests/demo/rtnl.rs"]
mod rtnl;
#[path = "../../tests/sim/mod.rs"]
mod sim;
#[path = "../../tests/demo/tun.rs"]
mod tun;

use std::fs;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use sim::bed::{Bed, NETDEV};
use sim::modem::Setup;
use tokio::time::sleep;

use uwand::json::json;

const LIMIT: Duration = Duration::from_secs(5);
/// The first rounds, and what the kernel says on a device that came up, are over.
const SETTLED: Duration = Duration::from_secs(100);
/// A turn of the runtime's timer wheel.
const MEASURED: u32 = 262;
const MOST_WAKE_UPS: f64 = 2.0;
const MOST_BYTES_A_MONTH: f64 = 5e6;
const MONTH: f64 = 30.0 * 86_400.0;

fn main() -> ExitCode {
    // Before the runtime: the kernel moves a process with one thread only.
    if let Err(why) = namespace::enter() {
        println!("skipped: {why}");
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, measure()),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("idle bench: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What is read before and after.
struct Reading {
    switches: u64,
    bytes: u64,
    packets: u64,
}

async fn measure() -> Result<bool, String> {
    let program = Path::new(env!("CARGO_BIN_EXE_uwand"));
    let bed = Bed::new("idle", program, Setup::default()).map_err(|error| error.to_string())?;
    let carrier = carrier::Carrier::new()?;
    let above = carrier.clone();
    bed.netifd.on_settings(move |_, link| above.apply(link));
    tokio::task::spawn_local(carrier.clone().serve(bed.modem.clone()));
    let daemon = bed.start_daemon(&[], Stdio::null()).await.map_err(|error| error.to_string())?;
    let pid = daemon.id().ok_or("the daemon has ended")?;
    bed.configure(&json!({"watchdog": "1"}));
    bed.ifup(LIMIT).await?;
    sleep(SETTLED).await;
    let seconds = std::env::var("UWAND_IDLE_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds: u32 = seconds.unwrap_or(MEASURED);
    let (before, answered) = (read(pid)?, carrier.answered.get());
    sleep(Duration::from_secs(seconds.into())).await;
    let (after, answered) = (read(pid)?, carrier.answered.get() - answered);
    let minutes = f64::from(seconds) / 60.0;
    let wake_ups = count(after.switches - before.switches) / minutes;
    let month = count(after.bytes - before.bytes) * MONTH / f64::from(seconds);
    let children = children(pid)?;
    let packets = after.packets - before.packets;
    println!("{seconds} s with the options' defaults, nobody uses the link:");
    println!("  wake-ups           {wake_ups:8.2} a minute   at most {MOST_WAKE_UPS}");
    println!("  processes          {children:8}            at most 0");
    println!("  probes answered    {answered:8}            {packets} packets both ways");
    println!("  traffic            {:8.2} MB a month at most {}", month / 1e6, MOST_BYTES_A_MONTH / 1e6);
    if answered == 0 {
        return Err("nothing was probed: that is no measurement".to_string());
    }
    Ok(wake_ups <= MOST_WAKE_UPS && children == 0 && month <= MOST_BYTES_A_MONTH)
}

fn read(pid: u32) -> Result<Reading, String> {
    let mut switches = 0;
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).map_err(|error| format!("the daemon: {error}"))?;
    for task in tasks.flatten() {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let numbers = status.lines().filter(|line| line.starts_with("voluntary"));
        switches +=
            numbers.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum::<u64>();
    }
    // sysfs still shows the machine's own devices here, /proc/net those of this namespace.
    let devices = fs::read_to_string("/proc/self/net/dev").map_err(|error| error.to_string())?;
    let line = devices.lines().find_map(|line| line.trim().strip_prefix(NETDEV)?.strip_prefix(':'));
    let numbers: Vec<u64> =
        line.ok_or("no wwan0")?.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let both = |at: usize| numbers.get(at).zip(numbers.get(at + 8)).map(|(rx, tx)| rx + tx);
    let (Some(bytes), Some(packets)) = (both(0), both(1)) else { return Err("/proc/net/dev".to_string()) };
    Ok(Reading { switches, bytes, packets })
}

/// Processes that it has now, and whether it ever waited for one (proc(5), cminflt).
fn children(pid: u32) -> Result<usize, String> {
    let now = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|error| error.to_string())?;
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let faults: u64 = behind_name.split_whitespace().nth(8).and_then(|n| n.parse().ok()).unwrap_or(1);
    Ok(now.split_whitespace().count() + usize::from(faults > 0))
}

fn count(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}
