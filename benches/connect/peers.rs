//! The same figures of what else brings a modem up on OpenWrt.
//!
//! Contract: numbers as they were measured elsewhere, on one x86-64 bed: a real OpenWrt
//! userland with procd, netifd, hotplug and firewall, a simulated modem on a pty that answers
//! at once, medians of 2 to 5 runs. They tell an order of magnitude, not a race on this machine.

use std::time::Duration;

struct Peer {
    name: &'static str,
    wall_ms: f64,
    /// From ifup on, and before it.
    requests: (usize, usize),
    processes: usize,
    /// From the network's cut of the bearer to traffic again; `None`: never.
    cut_ms: Option<f64>,
}

const PEERS: &[Peer] = &[
    Peer { name: "umbim + mbim.sh", wall_ms: 58.0, requests: (8, 0), processes: 157, cut_ms: None },
    Peer { name: "uqmi + qmi.sh", wall_ms: 5150.0, requests: (52, 0), processes: 123, cut_ms: None },
    Peer { name: "wwand, MBIM", wall_ms: 35.0, requests: (4, 8), processes: 54, cut_ms: Some(390.0) },
    Peer { name: "wwand, QMI", wall_ms: 58.0, requests: (15, 32), processes: 54, cut_ms: Some(1080.0) },
];

pub fn table(wall: Duration, round_trips: usize, processes: usize, again: Duration) {
    println!(
        "  {:<24} {:>12} {:>24} {:>10} {:>14}",
        "ifup to link up", "wall", "requests (before ifup)", "processes", "after a cut"
    );
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let here = Peer {
        name: "uwand, measured here",
        wall_ms: ms(wall),
        requests: (round_trips, 0),
        processes,
        cut_ms: Some(ms(again)),
    };
    for Peer { name, wall_ms, requests, processes, cut_ms } in [here].iter().chain(PEERS) {
        let requests = format!("{} ({})", requests.0, requests.1);
        let cut = cut_ms.map_or("never up".to_string(), |cut| format!("{cut:.1} ms"));
        println!("  {name:<24} {wall_ms:>9.1} ms {requests:>24} {processes:>10} {cut:>14}");
    }
    println!("  (the others: measured elsewhere, in a real OpenWrt, processes of hotplug and firewall");
    println!("  included, which this bed has not; after a cut: link up here, traffic there)");
}
