//! The same connect over QMI, both families: each is a call of its own there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::time::Instant;
use uwand::qmi::messages::wds::{GetCurrentSettings, IpFamily, StartNetwork};

use super::sim::bed::{Bed, WAN};
use super::sim::modem;
use super::sim::netifd::{Netifd, State};
use super::sim::qmi::{End, QmiModem, Setup};
use super::{LIMIT, RUNS, milliseconds, spread};
use uwand::json::json;

const MOST_ROUND_TRIPS: usize = 20;
const MOST_WALL: Duration = Duration::from_millis(25);
/// "Regular deactivation" (3GPP TS 24.301, 9.9.4.4).
const REGULAR: u32 = 36;

struct Run {
    cold: Duration,
    cold_messages: usize,
    warm: Duration,
    warm_messages: usize,
    again: Duration,
}

/// Prints the figures; which limits are kept.
pub async fn measure(program: &Path) -> Result<Vec<(String, bool)>, String> {
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
    let cold = median(|run| run.cold);
    let (round_trips, warm_trips) = (most(|run| run.cold_messages), most(|run| run.warm_messages));
    println!("The same over QMI");
    println!();
    let line = |what: &str, figure: String| println!("  {what:<52} {figure}");
    line("ifup to link up, modem never used before", spread(cold));
    line("ifup to link up, modem still open", spread(median(|run| run.warm)));
    line("control round trips, never used before / still open", format!("{round_trips} / {warm_trips}"));
    line("call cut by the network to link up again", spread(median(|run| run.again)));
    println!();
    Ok(vec![
        (format!("QMI: at most {MOST_ROUND_TRIPS} control round trips"), round_trips <= MOST_ROUND_TRIPS),
        (format!("QMI: under {} from ifup to link up", milliseconds(MOST_WALL)), cold.0 < MOST_WALL),
    ])
}

async fn run(program: &Path) -> Result<Run, String> {
    let bed = Bed::new("bench", program, modem::Setup::default()).map_err(|error| error.to_string())?;
    let place = bed.file("qmi");
    let modem = QmiModem::at(&place, Setup::default()).map_err(|error| error.to_string())?;
    let _daemon = bed.start_daemon(&[], Stdio::null()).await.map_err(|error| error.to_string())?;
    bed.configure(&json!({ "device": place, "control": "qmi" }));
    let cold = bed.ifup(LIMIT).await?;
    let cold_messages = modem.requests_until::<GetCurrentSettings>();
    bed.silence().await;
    let again = cut(&bed, &modem).await?;
    bed.silence().await;
    bed.netifd.ifdown(WAN);
    if !bed.netifd.until(LIMIT, |netifd| netifd.state(WAN) == State::Down).await {
        return Err("ifdown does not end".into());
    }
    bed.silence().await;
    modem.forget_requests();
    let warm = bed.ifup(LIMIT).await?;
    let warm_messages = modem.requests_until::<GetCurrentSettings>();
    Ok(Run { cold, cold_messages, warm, warm_messages, again })
}

async fn cut(bed: &Bed, modem: &QmiModem) -> Result<Duration, String> {
    let before = modem.count::<StartNetwork>();
    let begin = Instant::now();
    modem.network_disconnect(0, IpFamily::Ipv4, End::esm(REGULAR));
    let is_again = |netifd: &Netifd| modem.count::<StartNetwork>() > before && netifd.is_up(WAN);
    if !bed.netifd.until(LIMIT, is_again).await {
        return Err(format!("not up again after a cut: {}", bed.why()));
    }
    Ok(begin.elapsed())
}
