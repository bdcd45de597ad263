//! PURE. Outages: what happened, what was tried, what helped; a ring, and its text for a file.
//!
//! Contract: bounded ([`MOST_BYTES`], oldest out first), and every text is cut and made
//! harmless on the way in. [`Journal::read`] takes any bytes: a line whose checksum does not
//! fit, or that another version wrote in a way that is not understood, is left out and the
//! others are kept. [`Journal::due`] says when the file is to be written: at the end of an
//! outage, else at most every ten minutes, and for a link that flaps at most so too. Times
//! are those of the boot clock; a date is computed when it is shown, so that a clock that
//! jumps in the middle of an outage moves the date and not the duration.
//!
//! Why text and not a database? Lines with checksums can be read after any power cut, by any
//! version, and by people.

use std::collections::VecDeque;

use crate::fault::{Diagnosis, Fault, Rung};
use crate::few::Listed;
use crate::json::{Map, Value, json};

/// What the file may take, and nearly what the ring takes in RAM.
pub const MOST_BYTES: usize = 128 * 1024;
/// First line of the file.
const HEAD: &str = "uwand outages 1";
/// Seconds between two writes.
const REST: i64 = 600;
/// So many writes in an hour may come sooner: a flapping link must not wear the flash out.
const HASTY: usize = 6;
const MOST_EVIDENCE: usize = 8;
const MOST_RUNGS: usize = 24;
const LONGEST_TEXT: usize = 200;
const CELL: [&str; 6] = ["technology", "operator", "mcc_mnc", "band", "pci", "cell_id"];
const SIGNAL: [&str; 4] = ["rssi", "rsrp", "rsrq", "sinr"];

/// A moment, by the clock that never jumps and by the one that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Tells boots apart.
    pub boot: u32,
    /// Seconds since that boot, those asleep included.
    pub at: i64,
    /// Unix seconds, where the clock is set.
    pub unix: Option<i64>,
}

impl Moment {
    /// `unix` counts from 2025 on only: before it the clock was never set.
    pub fn new(boot: u32, at: i64, unix: i64) -> Moment {
        Moment { boot, at, unix: Some(unix).filter(|unix| (1_735_689_600..4_102_444_800).contains(unix)) }
    }
}

/// A rung that was tried.
struct Tried {
    rung: Rung,
    /// Seconds after the begin.
    after: i64,
    why: String,
    worked: Option<bool>,
}

struct Outage {
    interface: String,
    boot: u32,
    begin: i64,
    /// The date of the begin as last known; what counts once its boot is over.
    unix: Option<i64>,
    /// How long it took; `None` while it lasts.
    seconds: Option<i64>,
    /// How long it had lasted when it was written.
    seen: i64,
    /// Seconds without traffic before it was noticed.
    before: i64,
    fault: Option<Fault>,
    evidence: Vec<String>,
    cell: Map,
    signal: Map,
    rungs: Vec<Tried>,
    cured_by: Option<Rung>,
}

/// How often, per interface, since the daemon started.
#[derive(Default)]
struct Count {
    interface: String,
    outages: u32,
    seconds: i64,
    rungs: [[u32; 2]; Rung::ALL.len()],
}

/// All outages that are remembered, the oldest first.
#[derive(Default)]
pub struct Journal {
    outages: VecDeque<Outage>,
    counts: Vec<Count>,
    dirty: bool,
    /// An outage ended since the last write.
    ended: bool,
    /// When it was written lately, the latest first.
    writes: VecDeque<i64>,
    /// Unix time of the boot, as last known.
    epoch: Option<i64>,
}

impl Journal {
    /// From the bytes of the file, and how many of its lines were left out.
    pub fn read(bytes: &[u8]) -> (Journal, usize) {
        let mut journal = Journal::default();
        let mut lost = 0;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match std::str::from_utf8(line).ok().and_then(parse_line) {
                Some(outage) => journal.outages.push_back(outage),
                None if line.starts_with(b"uwand outages ") => {}
                None => lost += 1,
            }
        }
        journal.trim();
        (journal, lost)
    }

    /// The text of the file.
    pub fn text(&self, now: Moment) -> String {
        let mut text = format!("{HEAD}\n");
        for outage in &self.outages {
            let json = outage.stored(now).to_string();
            text.push_str(&format!("{:08x} {json}\n", crc32(json.as_bytes())));
        }
        text
    }

    /// When to write the file, by the boot clock; it may be past.
    pub fn due(&mut self, now: Moment) -> Option<i64> {
        let epoch = now.unix.map(|unix| unix - now.at);
        // A date that is known better is worth a write, at its turn.
        if epoch.is_some_and(|epoch| self.epoch.is_none_or(|old| (old - epoch).abs() > 60)) {
            self.epoch = epoch;
            self.dirty |= self.outages.iter().any(|outage| outage.boot == now.boot);
        }
        if !self.dirty {
            return None;
        }
        let hasty = self.writes.get(HASTY - 1).is_none_or(|at| *at + 3600 <= now.at);
        match self.writes.front() {
            Some(last) if !(self.ended && hasty) => Some(last + REST),
            _ => Some(now.at),
        }
    }

    /// The file has been written, or could not be.
    pub fn written(&mut self, now: Moment) {
        self.dirty = false;
        self.ended = false;
        self.writes.push_front(now.at);
        self.writes.truncate(HASTY);
    }

    /// Traffic stopped, `before` seconds ago. Nothing while an outage of it is open.
    pub fn begin(&mut self, now: Moment, interface: &str, before: u32) {
        if self.open(interface).is_some() {
            return;
        }
        self.outages.push_back(Outage {
            interface: interface.to_string(),
            boot: now.boot,
            begin: now.at,
            unix: now.unix,
            seconds: None,
            seen: 0,
            before: i64::from(before),
            fault: None,
            evidence: Vec::new(),
            cell: Map::new(),
            signal: Map::new(),
            rungs: Vec::new(),
            cured_by: None,
        });
        self.count(interface).outages += 1;
        self.dirty = true;
        self.trim();
    }

    /// The cell and the signal as they were before it: tables as `cells` and `signal` show
    /// them, of which the known members are kept.
    pub fn place(&mut self, interface: &str, cell: &Value, signal: &Value) {
        if let Some(outage) = self.open(interface) {
            outage.cell = some_of(cell, &CELL);
            outage.signal = some_of(signal, &SIGNAL);
        }
    }

    /// What seems wrong; a later word replaces an earlier one.
    pub fn diagnosed(&mut self, interface: &str, diagnosis: &Diagnosis) {
        let Some(outage) = self.open(interface) else { return };
        let evidence: Vec<String> =
            diagnosis.evidence.iter().take(MOST_EVIDENCE).map(|text| clean(text)).listed();
        let changed = outage.fault != Some(diagnosis.fault);
        outage.fault = Some(diagnosis.fault);
        outage.evidence = evidence;
        self.dirty |= changed;
    }

    /// A rung begins.
    pub fn tried(&mut self, now: Moment, interface: &str, rung: Rung, why: &str) {
        let place = Rung::ALL.iter().position(|each| *each == rung).unwrap_or_default();
        if let Some([tried, _]) = self.count(interface).rungs.get_mut(place) {
            *tried += 1;
        }
        let Some(outage) = self.open(interface) else { return };
        let tried = Tried { rung, after: outage.seconds(now), why: clean(why), worked: None };
        // The first tries tell most; of many alike the last one is enough.
        outage.rungs.truncate(MOST_RUNGS - 1);
        outage.rungs.push(tried);
        self.dirty = true;
    }

    /// What the last rung did, by a probe's word.
    pub fn judged(&mut self, interface: &str, worked: bool) {
        let Some(outage) = self.open(interface) else { return };
        let Some(tried) = outage.rungs.last_mut().filter(|tried| tried.worked.is_none()) else { return };
        tried.worked = Some(worked);
        let rung = tried.rung;
        let place = Rung::ALL.iter().position(|each| *each == rung).unwrap_or_default();
        if let Some([_, cured]) = self.count(interface).rungs.get_mut(place) {
            *cured += u32::from(worked);
        }
        self.dirty = true;
    }

    /// Traffic flows again. `cured_by`: the rung that did it; `None`: it came back by itself.
    pub fn end(&mut self, now: Moment, interface: &str, cured_by: Option<Rung>) {
        if cured_by.is_some() {
            self.judged(interface, true);
        }
        let Some(outage) = self.open(interface) else { return };
        let seconds = outage.seconds(now);
        outage.seconds = Some(seconds);
        outage.cured_by = cured_by;
        if outage.boot == now.boot {
            outage.unix = outage.unix(now);
        }
        self.count(interface).seconds += seconds;
        self.dirty = true;
        self.ended = true;
        self.trim();
    }

    /// Whether an outage of it lasts, also one that began before the daemon did.
    pub fn is_open(&self, interface: &str) -> bool {
        self.outages.iter().any(|outage| outage.seconds.is_none() && outage.interface == interface)
    }

    /// The rung that cured it last.
    pub fn last_cure(&self, interface: &str) -> Option<Rung> {
        let of_it = self.outages.iter().rev().filter(|outage| outage.interface == interface);
        of_it.filter_map(|outage| outage.cured_by).next()
    }

    /// The reply of `outages`: the newest first.
    pub fn reply(&self, now: Moment, interface: Option<&str>, limit: usize) -> Value {
        let meant = self.outages.iter().rev().filter(|o| interface.is_none_or(|name| o.interface == name));
        let outages: Vec<Value> = meant.take(limit).map(|outage| outage.shown(now)).listed();
        json!({ "outages": outages })
    }

    /// Totals since the daemon started, for `metrics`.
    pub fn counts(&self) -> Value {
        let rungs = |count: &Count| -> Value {
            let each = Rung::ALL.iter().zip(count.rungs).filter(|(_, [tried, _])| *tried > 0);
            each.map(|(rung, [tried, worked])| json!({"rung": rung, "tried": tried, "worked": worked}))
                .collect()
        };
        let each = |count: &Count| {
            json!({"interface": count.interface, "outages": count.outages, "seconds": count.seconds,
                "rungs": rungs(count)})
        };
        self.counts.iter().map(each).collect()
    }

    fn open(&mut self, interface: &str) -> Option<&mut Outage> {
        self.outages.iter_mut().find(|outage| outage.seconds.is_none() && outage.interface == interface)
    }

    fn count(&mut self, interface: &str) -> &mut Count {
        let place = self.counts.iter().position(|count| count.interface == interface);
        let place = place.unwrap_or_else(|| {
            self.counts.push(Count { interface: interface.to_string(), ..Count::default() });
            self.counts.len() - 1
        });
        &mut self.counts[place]
    }

    fn trim(&mut self) {
        let mut weight: usize = self.outages.iter().map(Outage::weight).sum();
        while weight > MOST_BYTES {
            let Some(oldest) = self.outages.pop_front() else { return };
            weight -= oldest.weight();
        }
    }
}

impl Outage {
    /// How long it lasts, or lasted. Over a reboot by the date, where there are two.
    fn seconds(&self, now: Moment) -> i64 {
        let lasting = || match (self.unix, now.unix) {
            _ if self.boot == now.boot => now.at - self.begin,
            (Some(begin), Some(now_unix)) => (now_unix - begin).max(self.seen),
            _ => self.seen + now.at,
        };
        self.seconds.unwrap_or_else(lasting).max(0)
    }

    /// The date of its begin.
    fn unix(&self, now: Moment) -> Option<i64> {
        match now.unix {
            Some(unix) if self.boot == now.boot => Some(unix - (now.at - self.begin)),
            _ => self.unix,
        }
    }

    fn shown(&self, now: Moment) -> Value {
        let (begin, seconds) = (self.unix(now), self.seconds(now));
        let mut shown = Map::new();
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                shown.insert(key.to_string(), value);
            }
        };
        set("interface", Some(self.interface.as_str().into()));
        set("begin", begin.map(Value::from));
        set("end", begin.filter(|_| self.seconds.is_some()).map(|begin| (begin + seconds).into()));
        let ago = if self.boot == now.boot {
            Some(now.at - self.begin)
        } else {
            now.unix.zip(self.unix).map(|(now, begin)| now - begin)
        };
        set("ago", ago.filter(|ago| *ago >= 0).map(Value::from));
        set("seconds", Some(seconds.into()));
        set("open", Some(self.seconds.is_none().into()));
        set("fault", self.fault.map(|fault| fault.as_str().into()));
        set("text", self.fault.map(|fault| fault.text().into()));
        set("evidence", Some(self.evidence.clone().into()));
        set("cell", Some(Value::from(self.cell.clone())).filter(|_| !self.cell.is_empty()));
        set("signal", Some(Value::from(self.signal.clone())).filter(|_| !self.signal.is_empty()));
        set("rungs", Some(self.rungs.iter().map(|tried| tried.shown(begin)).collect()));
        set("cured_by", self.cured_by.map(|rung| rung.as_str().into()));
        set("traffic_lost_s", Some((self.before + seconds).into()));
        Value::Object(shown)
    }

    /// As a line of the file: `shown` with what the next process needs.
    fn stored(&self, now: Moment) -> Value {
        let mut stored = self.shown(now);
        stored["boot"] = self.boot.into();
        stored["at"] = self.begin.into();
        stored["before"] = self.before.into();
        if let Some(stored) = stored.as_object_mut() {
            for derived in ["ago", "end", "text", "traffic_lost_s"] {
                stored.swap_remove(derived);
            }
        }
        stored
    }

    fn parse(json: &Value) -> Option<Outage> {
        let number = |key: &str| json.get(key).and_then(Value::as_i64);
        let word = |key: &str| json.get(key).and_then(Value::as_str);
        let list = |key: &str| json.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let seen = number("seconds")?.clamp(0, 1 << 40);
        Some(Outage {
            interface: word("interface").filter(|name| name.len() <= 64)?.to_string(),
            boot: number("boot").and_then(|boot| u32::try_from(boot).ok())?,
            begin: number("at")?.clamp(-(1 << 40), 1 << 40),
            unix: number("begin").and_then(|begin| Moment::new(0, 0, begin).unix),
            seconds: Some(seen).filter(|_| json.get("open") != Some(&Value::Bool(true))),
            seen,
            before: number("before").unwrap_or(0).clamp(0, 1 << 40),
            // A word that a later version added is not known here; the rest still counts.
            fault: word("fault").and_then(Fault::parse),
            evidence: list("evidence")
                .iter()
                .filter_map(Value::as_str)
                .take(MOST_EVIDENCE)
                .map(clean)
                .listed(),
            cell: json.get("cell").map(|cell| some_of(cell, &CELL)).unwrap_or_default(),
            signal: json.get("signal").map(|signal| some_of(signal, &SIGNAL)).unwrap_or_default(),
            rungs: list("rungs").iter().filter_map(Tried::parse).take(MOST_RUNGS).listed(),
            cured_by: word("cured_by").and_then(Rung::parse),
        })
    }

    /// Bytes of its line, about.
    fn weight(&self) -> usize {
        let texts = |map: &Map| map.len() * 32;
        let evidence: usize = self.evidence.iter().map(|text| text.len() + 4).sum();
        let rungs: usize = self.rungs.iter().map(|tried| tried.why.len() + 80).sum();
        300 + self.interface.len() + evidence + rungs + texts(&self.cell) + texts(&self.signal)
    }
}

impl Tried {
    fn shown(&self, begin: Option<i64>) -> Value {
        let mut shown = json!({"rung": self.rung, "after": self.after, "why": self.why});
        if let Some(begin) = begin {
            shown["at"] = (begin + self.after).into();
        }
        if let Some(worked) = self.worked {
            shown["worked"] = worked.into();
        }
        shown
    }

    fn parse(json: &Value) -> Option<Tried> {
        Some(Tried {
            rung: Rung::parse(json.get("rung")?.as_str()?)?,
            after: json.get("after")?.as_i64()?.clamp(0, 1 << 40),
            why: clean(json.get("why")?.as_str()?),
            worked: json.get("worked").and_then(Value::as_bool),
        })
    }
}

fn parse_line(line: &str) -> Option<Outage> {
    let (sum, json) = line.split_once(' ')?;
    let sum = u32::from_str_radix(sum, 16).ok()?;
    if sum != crc32(json.as_bytes()) {
        return None;
    }
    Outage::parse(&crate::json::from_str(json).ok()?)
}

/// Members of a table that are numbers or short texts.
fn some_of(table: &Value, keys: &[&str]) -> Map {
    let member = |key: &&str| {
        let value = match table.get(*key)? {
            Value::String(text) => Value::from(clean(text)),
            Value::Number(number) => Value::Number(*number),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((key.to_string(), value))
    };
    keys.iter().filter_map(member).collect()
}

/// Fit for a file and a terminal; and what has as many digits as an IMSI stays out of flash.
fn clean(text: &str) -> String {
    let shown = text.chars().take(LONGEST_TEXT).map(|c| if c.is_control() { '?' } else { c });
    let mut shown: String = shown.collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        shown.pop();
        shown.push('…');
    }
    let long = |part: &str| part.len() >= 14;
    if !shown.split(|c: char| !c.is_ascii_digit()).any(long) {
        return shown;
    }
    let words = shown
        .split(' ')
        .map(|word| if word.split(|c: char| !c.is_ascii_digit()).any(long) { "***" } else { word });
    words.listed().join(" ")
}

/// The CRC of zip and Ethernet; a few hundred bytes a line need no table.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
