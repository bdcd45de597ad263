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
}

const PEERS: &[Peer] = &[
    Peer { name: "umbim + mbim.sh", wall_ms: 58.0, requests: (8, 0), processes: 157 },
    Peer { name: "uqmi + qmi.sh", wall_ms: 5150.0, requests: (52, 0), processes: 123 },
    Peer { name: "wwand, MBIM", wall_ms: 35.0, requests: (4, 8), processes: 54 },
    Peer { name: "wwand, QMI", wall_ms: 58.0, requests: (15, 32), processes: 54 },
];

pub fn table(wall: Duration, round_trips: usize, processes: usize) {
    println!(
        "  {:<24} {:>12} {:>24} {:>12}",
        "ifup to link up", "wall", "requests (before ifup)", "processes"
    );
    let row = |name: &str, wall: f64, requests: (usize, usize), processes: usize| {
        let requests = format!("{} ({})", requests.0, requests.1);
        println!("  {name:<24} {wall:>9.1} ms {requests:>24} {processes:>12}");
    };
    row("uwand, measured here", wall.as_secs_f64() * 1000.0, (round_trips, 0), processes);
    for peer in PEERS {
        row(peer.name, peer.wall_ms, peer.requests, peer.processes);
    }
    println!("  (the others: measured elsewhere, in a real OpenWrt; their processes include hotplug and");
    println!("  firewall, which this bed has not)");
}
