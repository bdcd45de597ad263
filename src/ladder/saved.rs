//! What a ladder keeps over a restart of the daemon, and over the reboot that it caused.
//!
//! Contract: any JSON may come back. The clock may be unset after a boot: what is not known to
//! have passed has not passed, so that a pause is kept rather than cut.

use std::time::{Duration, Instant};

use super::ledger::{age, ago, list};
use super::{Credit, Ladder, Limits, Trial, quiet};
use crate::fault::{Fault, Rung};
use crate::few::Listed;
use crate::json::{Value, json};

impl Ladder {
    /// For a file; `Null` while there is nothing to keep.
    pub fn save(&self, now: Instant) -> Value {
        let Some(begin) = self.begin else { return Value::Null };
        let tried: Vec<Value> =
            self.tried.iter().map(|(rung, at)| json!([rung.as_str(), age(now, *at)])).listed();
        let credit = self.credit.map(|credit| {
            json!({ "rung": credit.rung.as_str(), "fault": credit.fault.as_str(), "ago": age(now, credit.at) })
        });
        json!({
            "begin": age(now, begin),
            "tried": tried,
            "credit": credit,
            "passes": self.passes,
            "pause": self.pause.map(|pause| pause.saturating_duration_since(now).as_secs()),
            "vain": self.vain.map(|since| age(now, since)),
        })
    }

    /// From a file; `elapsed` is what is known to have passed since it was written.
    pub fn restore(now: Instant, limits: Limits, saved: &Value, elapsed: Duration) -> Ladder {
        let mut ladder = Ladder::new(limits);
        let Some(begin) = saved.get("begin").and_then(|begin| ago(now, begin, elapsed)) else {
            return ladder;
        };
        let tried =
            |item: &Value| Some((Rung::parse(item.get(0)?.as_str()?)?, ago(now, item.get(1)?, elapsed)?));
        ladder.begin = Some(begin);
        ladder.tried = list(saved, "tried").filter_map(tried).listed();
        ladder.passes = saved
            .get("passes")
            .and_then(Value::as_u64)
            .map_or(0, |passes| u32::try_from(passes).unwrap_or(u32::MAX));
        let left = |seconds: &Value| {
            Some(Duration::from_secs(seconds.as_u64()?.min(24 * 3600)).saturating_sub(elapsed))
        };
        ladder.pause = saved.get("pause").and_then(left).map(|left| now + left);
        ladder.vain = saved.get("vain").and_then(|vain| ago(now, vain, elapsed));
        ladder.credit = saved.get("credit").and_then(|credit| read_credit(now, credit, elapsed));
        // The rung that was at work is given its time anew: that of a reboot begins with the boot.
        if let Some(Credit { rung, fault, at }) = ladder.credit {
            let until = at + quiet(rung);
            if now < until {
                ladder.trial = Some(Trial { rung, fault, running: false, until });
            }
        }
        ladder
    }
}

fn read_credit(now: Instant, saved: &Value, elapsed: Duration) -> Option<Credit> {
    Some(Credit {
        rung: Rung::parse(saved.get("rung")?.as_str()?)?,
        fault: Fault::parse(saved.get("fault")?.as_str()?)?,
        at: ago(now, saved.get("ago")?, elapsed)?,
    })
}
