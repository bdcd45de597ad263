//! The stop-watch.

use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUND: Duration = Duration::from_millis(60);
const ROUNDS: u32 = 5;

/// Prints one line: how fast `work` is at its best. `bytes` is the length of its message.
pub fn measure<T>(name: &str, bytes: usize, mut work: impl FnMut() -> T) {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut count = 0_u32;
        while started.elapsed() < ROUND {
            for _ in 0..100 {
                black_box(work());
            }
            count += 100;
        }
        best = best.min(started.elapsed().as_secs_f64() / f64::from(count));
    }
    println!("{name:<44} {:>12.0} {:>10.0} {bytes:>7}", 1.0 / best, best * 1e9);
}
