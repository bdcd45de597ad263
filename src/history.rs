//! PURE. Time series for graphs: latency, loss, rates and signal, of the last hour finely
//! and of the last day coarsely.
//!
//! Contract: bounded ([`MOST_SERIES`] series of [`FINE`] and [`COARSE`] values), and nothing
//! here asks for a wake-up: whoever has a value puts it in, and what nobody measured is a
//! gap. Times are seconds of the boot clock, so a clock that jumps moves nothing.
//!
//! Why not RRD files? They are written every minute, and that to flash or not kept at all.

use crate::few::Listed;
use crate::json::{Value, json};
use crate::words;
use crate::words::Signal;

/// Seconds that one value of the last hour stands for.
const FINE_STEP: u32 = 30;
const FINE: usize = 120;
const COARSE: usize = 240;
/// Four of an interface or a modem; a router has few of both.
const MOST_SERIES: usize = 64;
/// What `history_hours` may say.
pub const MOST_HOURS: u32 = 168;

words! {
    /// What is measured.
    pub enum Measure {
        Rtt = "rtt_ms",
        Loss = "loss",
        Rx = "rx_bps",
        Tx = "tx_bps",
        Rsrp = "rsrp",
        Rssi = "rssi",
        Rsrq = "rsrq",
        Sinr = "sinr",
    }
}

impl Measure {
    fn unit(self) -> &'static str {
        match self {
            Measure::Rtt => "ms",
            Measure::Loss => "%",
            Measure::Rx | Measure::Tx => "bit/s",
            Measure::Rsrp | Measure::Rssi => "dBm",
            Measure::Rsrq | Measure::Sinr => "dB",
        }
    }

    fn is_of_modem(self) -> bool {
        matches!(self, Measure::Rsrp | Measure::Rssi | Measure::Rsrq | Measure::Sinr)
    }
}

/// Means over steps of equal length; a step without a value is `NaN`.
struct Ring {
    step: u32,
    /// The step that `values` ends with.
    last: u32,
    /// Values in that step so far.
    count: u16,
    values: Vec<f32>,
    room: usize,
}

impl Ring {
    fn new(step: u32, room: usize) -> Ring {
        Ring { step, last: 0, count: 0, values: Vec::new(), room }
    }

    fn put(&mut self, at: u32, value: f32) {
        let step = at / self.step;
        if self.values.is_empty() || step > self.last {
            let gap = if self.values.is_empty() { 0 } else { step - self.last - 1 };
            let gap = usize::try_from(gap).unwrap_or(self.room).min(self.room);
            self.values.extend(std::iter::repeat_n(f32::NAN, gap));
            self.values.push(value);
            let over = self.values.len().saturating_sub(self.room);
            self.values.drain(..over);
            (self.last, self.count) = (step, 1);
        } else if let Some(mean) = self.values.last_mut() {
            // What comes late counts for now.
            self.count = self.count.saturating_add(1);
            *mean += (value - *mean) / f32::from(self.count);
        }
    }

    /// `[ago, value]` of what lies between `from` and `to` seconds ago, the oldest first.
    fn points(&self, now: u32, from: u32, to: u32, points: &mut Vec<Value>) {
        for (back, value) in (0..self.values.len()).rev().zip(&self.values) {
            let back = u32::try_from(back).unwrap_or(u32::MAX);
            // The middle of the step stands for it.
            let at = self.last.saturating_sub(back).saturating_mul(self.step).saturating_add(self.step / 2);
            let ago = now.saturating_sub(at);
            if ago <= from && ago >= to && value.is_finite() {
                points.push(json!([ago, (f64::from(*value) * 10.0).round() / 10.0]));
            }
        }
    }
}

struct Series {
    id: String,
    measure: Measure,
    fine: Ring,
    coarse: Ring,
}

/// Counters of a network device when they were read last.
struct Traffic {
    id: String,
    at: u32,
    rx: u64,
    tx: u64,
}

/// All series.
pub struct History {
    /// Seconds of a coarse step; 0: nothing is kept.
    coarse: u32,
    series: Vec<Series>,
    traffic: Vec<Traffic>,
}

impl History {
    /// That many hours, at most [`MOST_HOURS`]; 0 keeps nothing.
    pub fn new(hours: u32) -> History {
        let seconds = hours.min(MOST_HOURS) * 3600;
        let coarse = seconds.div_ceil(240).div_ceil(FINE_STEP) * FINE_STEP;
        History { coarse, series: Vec::new(), traffic: Vec::new() }
    }

    /// A round of the watchdog: the latency where a target answered, the loss in percent.
    pub fn probed(&mut self, at: u32, interface: &str, rtt_ms: Option<f32>, loss: f32) {
        if let Some(rtt) = rtt_ms {
            self.put(at, interface, Measure::Rtt, rtt);
        }
        self.put(at, interface, Measure::Loss, loss);
    }

    /// The byte counters of an interface's network device, as they are now.
    pub fn counted(&mut self, at: u32, interface: &str, rx: u64, tx: u64) {
        let now = Traffic { id: interface.to_string(), at, rx, tx };
        let Some(last) = self.traffic.iter_mut().find(|traffic| traffic.id == interface) else {
            if self.traffic.len() < MOST_SERIES {
                self.traffic.push(now);
            }
            return;
        };
        let seconds = at.saturating_sub(last.at);
        if seconds == 0 {
            return;
        }
        let last = std::mem::replace(last, now);
        // A device that came anew counts from zero.
        let (Some(rx), Some(tx)) = (rx.checked_sub(last.rx), tx.checked_sub(last.tx)) else { return };
        // One rate for all the time since, so that quiet steps between two looks are no gaps.
        let from = at.saturating_sub(seconds.min(self.coarse));
        for (measure, bytes) in [(Measure::Rx, rx), (Measure::Tx, tx)] {
            let rate = rate(bytes, seconds);
            let mut step = from - from % FINE_STEP + FINE_STEP;
            while step < at - at % FINE_STEP {
                self.put(step, interface, measure, rate);
                step += FINE_STEP;
            }
            self.put(at, interface, measure, rate);
        }
    }

    /// The signal that a modem told.
    pub fn heard(&mut self, at: u32, modem: &str, signal: &Signal) {
        let levels = [(Measure::Rsrp, signal.rsrp_dbm), (Measure::Rssi, signal.rssi_dbm)];
        for (measure, dbm) in levels {
            if let Some(dbm) = dbm.and_then(|dbm| i16::try_from(dbm).ok()) {
                self.put(at, modem, measure, f32::from(dbm));
            }
        }
        for (measure, db) in [(Measure::Rsrq, signal.rsrq_db), (Measure::Sinr, signal.sinr_db)] {
            if let Some(db) = db {
                self.put(at, modem, measure, db);
            }
        }
    }

    fn put(&mut self, at: u32, id: &str, measure: Measure, value: f32) {
        if self.coarse == 0 || !value.is_finite() {
            return;
        }
        let place = self.series.iter().position(|series| series.measure == measure && series.id == id);
        let place = match place {
            Some(place) => place,
            None if self.series.len() >= MOST_SERIES => return,
            None => {
                let (fine, coarse) = (Ring::new(FINE_STEP, FINE), Ring::new(self.coarse, COARSE));
                self.series.push(Series { id: id.to_string(), measure, fine, coarse });
                self.series.len() - 1
            }
        };
        if let Some(series) = self.series.get_mut(place) {
            series.fine.put(at, value);
            series.coarse.put(at, value);
        }
    }

    /// The reply of `history`: the last `seconds` of all, of one interface or of one modem.
    pub fn reply(
        &self,
        now: u32,
        interface: Option<&str>,
        modem: Option<&str>,
        seconds: Option<u32>,
    ) -> Value {
        let meant = |series: &&Series| {
            let name = if series.measure.is_of_modem() { modem } else { interface };
            let other = if series.measure.is_of_modem() { interface } else { modem };
            name.map_or(other.is_none(), |name| name == series.id)
        };
        let all: Vec<Value> = self
            .series
            .iter()
            .filter(meant)
            .map(|series| series.shown(now, seconds.unwrap_or(u32::MAX)))
            .listed();
        json!({ "series": all })
    }
}

impl Series {
    fn shown(&self, now: u32, seconds: u32) -> Value {
        let hour = FINE_STEP * 120;
        let mut points = Vec::new();
        if seconds > hour {
            self.coarse.points(now, seconds, hour + 1, &mut points);
        }
        let rest = 360_usize.saturating_sub(points.len());
        let mut fine = Vec::new();
        self.fine.points(now, seconds.min(hour), 0, &mut fine);
        fine.drain(..fine.len().saturating_sub(rest));
        points.extend(fine);
        let kind = if self.measure.is_of_modem() { "modem" } else { "interface" };
        json!({"kind": kind, "id": self.id, "name": self.measure, "unit": self.measure.unit(), "points": points})
    }
}

fn rate(bytes: u64, seconds: u32) -> f32 {
    // A graph needs three digits; no counter of bytes comes near the bounds of f32.
    #[allow(clippy::cast_precision_loss)]
    let bits = bytes.saturating_mul(8) as f32;
    #[allow(clippy::cast_precision_loss)]
    let seconds = seconds as f32;
    bits / seconds
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
