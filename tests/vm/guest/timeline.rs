//! What a run prints: one line a step, with the time since boot and how long it took,
//! and at the end the verdict that `tests/vm/run` looks for.

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Why a step failed, in words.
pub type Step<T = ()> = Result<T, String>;

/// No step may take longer: TCG on a loaded machine is slow, a hang is for ever.
const LONGEST: Duration = Duration::from_secs(40);

#[derive(Default)]
pub struct Timeline {
    passed: u32,
    failed: u32,
}

impl Timeline {
    /// Runs one step; its text is a sentence, its value (if it says something) is shown.
    pub async fn step<T: Display>(&mut self, what: &str, work: impl Future<Output = Step<T>>) -> Option<T> {
        self.step_within(LONGEST, what, work).await
    }

    /// For what takes its time by itself.
    pub async fn step_within<T: Display>(
        &mut self,
        limit: Duration,
        what: &str,
        work: impl Future<Output = Step<T>>,
    ) -> Option<T> {
        let begin = Instant::now();
        let result = match timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(format!("not done after {} s", limit.as_secs())),
        };
        let took = begin.elapsed().as_millis();
        match result {
            Ok(value) => {
                self.passed += 1;
                println!("{:>8} ok   {what}: {value} ({took} ms)", uptime());
                Some(value)
            }
            Err(why) => {
                self.failed += 1;
                println!("{:>8} FAIL {what}: {why} ({took} ms)", uptime());
                None
            }
        }
    }

    pub fn chapter(&self, title: &str) {
        println!("{:>8} ---- {title}", uptime());
    }

    pub fn verdict(&self) {
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}

fn uptime() -> String {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    format!("{} s", text.split(' ').next().unwrap_or("?"))
}

/// Waits until `found` gives something; looks every few milliseconds.
pub async fn until<T>(what: &str, limit: Duration, mut found: impl FnMut() -> Option<T>) -> Step<T> {
    let begin = Instant::now();
    loop {
        if let Some(value) = found() {
            return Ok(value);
        }
        if begin.elapsed() > limit {
            return Err(format!("{what}: not after {} s", limit.as_secs()));
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// For `map_err`: an error with what was being done.
pub fn doing<E: Display>(what: impl Display) -> impl FnOnce(E) -> String {
    move |error| format!("{what}: {error}")
}
