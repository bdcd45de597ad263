//! A storm: ten thousand routers lose the same network at once, and it comes back after ten
//! minutes: `cargo bench --bench storm`.
//!
//! Contract: the policy is the product's own (`link`, `watchdog`, `diagnose`, `ladder`), modems
//! and network are models, time is virtual. Three ways to lose it: the cell is gone, the core
//! refuses, packets die silently. Ends with 1 when a limit is not kept: no reboot and no power cut;
//! where the network says or shows that it is out, no reset but by those routers on which
//! only that helped before; where it does not, at most one a router; a bounded rush.

mod network;
mod router;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use network::{Network, Trouble};
use router::{Counts, Router, What};

const ROUTERS: u32 = 10_000;
const FROM: Duration = Duration::from_secs(600);
const TO: Duration = Duration::from_secs(1200);
const END: Duration = Duration::from_secs(2400);
/// What a real core grants to so many: all of them within a minute.
const CAPACITY: u32 = 200;

/// What is promised of one storm.
struct Limits {
    trouble: Trouble,
    name: &'static str,
    resets: u32,
    /// Requests a second while it is out: more than all of them in their first minute, twice.
    knocks: u32,
    /// Requests a second, when it is back.
    rush: u32,
    /// Seconds until 99 % have traffic again.
    back: u64,
}

const STORMS: [Limits; 3] = [
    storm_of(Trouble::Radio, "the cell is gone", 0),
    storm_of(Trouble::Refusing, "the core refuses", ROUTERS / 20),
    storm_of(Trouble::Silent, "packets die", ROUTERS),
];

const fn storm_of(trouble: Trouble, name: &'static str, resets: u32) -> Limits {
    Limits { trouble, name, resets, knocks: 800, rush: 400, back: 180 }
}

fn main() -> ExitCode {
    println!(
        "{ROUTERS} routers, default options, every tenth with the reboot rung; out for 600 s; the network"
    );
    println!("grants {CAPACITY} connections a second and refuses the others");
    println!();
    println!(
        "{:18} {:>8} {:>8} {:>9} {:>8} {:>7} {:>6} {:>7} {:>7} {:>7}",
        "", "peak/s", "peak/s", "reconnect", "reregis-", "resets", "power", "reboots", "50 %", "99 %"
    );
    println!(
        "{:18} {:>8} {:>8} {:>9} {:>8} {:>7} {:>6} {:>7} {:>7} {:>7}",
        "", "while out", "when back", "rungs", "ters", "", "cuts", "", "back, s", "back, s"
    );
    let mut kept = true;
    for limits in &STORMS {
        for broken in storm(limits) {
            println!("  LIMIT: {broken}");
            kept = false;
        }
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn storm(limits: &Limits) -> Vec<String> {
    let mut network = Network::new(limits.trouble, FROM, TO, END, CAPACITY);
    let routers = run(&mut network);
    let sum = |count: fn(&Counts) -> u32| routers.iter().map(|router| count(&router.counts)).sum::<u32>();
    let (resets, powers, reboots) = (sum(|c| c.resets), sum(|c| c.powers), sum(|c| c.reboots));
    let mut back: Vec<Option<u64>> =
        routers.iter().map(|router| router.back.map(|back| back.saturating_sub(TO).as_secs())).collect();
    back.sort_unstable_by_key(|back| back.unwrap_or(u64::MAX));
    let share = |percent: usize| back[routers.len() * percent / 100 - 1];
    let rush = network.peak(TO, END);
    let text = |seconds: Option<u64>| seconds.map_or("never".to_string(), |seconds| seconds.to_string());
    println!(
        "{:18} {:>8} {:>8} {:>9} {:>8} {:>7} {:>6} {:>7} {:>7} {:>7}",
        limits.name,
        network.peak(FROM, TO),
        rush,
        sum(|c| c.reconnects),
        sum(|c| c.reregisters),
        resets,
        powers,
        reboots,
        text(share(50)),
        text(share(99))
    );
    let worst = routers.iter().map(|router| router.counts.resets).max().unwrap_or_default();
    let healthy = routers.iter().filter(|router| router.is_healthy()).count();
    let mut broken = Vec::new();
    let mut must = |kept: bool, text: String| {
        if !kept {
            broken.push(text);
        }
    };
    must(reboots == 0, format!("{reboots} reboots"));
    must(powers == 0, format!("{powers} power cuts"));
    must(resets <= limits.resets && worst <= 1, format!("{resets} resets, {worst} of one router"));
    let knocks = network.peak(FROM, TO);
    must(knocks <= limits.knocks, format!("{knocks} requests in a second while it is out"));
    must(rush <= limits.rush, format!("{rush} requests in a second; {} are the most", limits.rush));
    let late = share(99).is_none_or(|seconds| seconds > limits.back);
    must(!late, format!("99 % are back after {}; {} s are the most", text(share(99)), limits.back));
    must(healthy == routers.len(), format!("{} routers are not healthy at the end", routers.len() - healthy));
    broken
}

/// All routers, from their boot until the storm is over.
fn run(network: &mut Network) -> Vec<Router> {
    let base = Instant::now();
    let mut routers: Vec<Router> = (0..ROUTERS).map(|number| Router::new(base, number)).collect();
    let mut queue = BinaryHeap::new();
    let push = |queue: &mut BinaryHeap<_>, at: Duration, number: u32, what: What| {
        queue.push(Reverse((at, number, what)));
    };
    for number in 0..ROUTERS {
        // Spread by a number that has nothing to do with the router's own jitter.
        let spread = |most: u64| Duration::from_millis(u64::from(number) * 7_919 % most);
        push(&mut queue, spread(100_000), number, What::Boot);
        if network.trouble == Trouble::Radio {
            // Radio link failure is seen within some seconds (TS 36.331, N310 and T310).
            push(&mut queue, FROM + spread(3_000), number, What::CellGone);
            push(&mut queue, TO, number, What::CellBack);
        }
    }
    while let Some(Reverse((at, number, what))) = queue.pop() {
        if at >= END {
            break;
        }
        let index = usize::try_from(number).expect("ten thousand");
        for (at, what) in routers[index].happen(at, what, network) {
            push(&mut queue, at, number, what);
        }
    }
    routers
}
