//! `+CSQ`, `+CESQ` (3GPP TS 27.007, 8.5 and 8.69), Intel's `+XCESQ`.

use crate::at::fields::Fields;
use crate::words::Signal;

/// [`Signal`], and what only UMTS has.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Levels {
    pub signal: Signal,
    pub rscp_dbm: Option<i32>,
    pub ecio_db: Option<f32>,
}

/// A level between 0 and `most` as `floor + level`; more means unknown (99, 255).
fn level(value: Option<i64>, most: i64, floor: i32) -> Option<i32> {
    let level = value.filter(|value| (0..=most).contains(value))?;
    i32::try_from(level).ok()?.checked_add(floor)
}

/// The same in halves of a decibel.
fn halves(value: Option<i64>, range: std::ops::RangeInclusive<i64>, floor: f32) -> Option<f32> {
    let level = value.filter(|value| range.contains(value))?;
    i16::try_from(level).ok().map(|level| f32::from(level) / 2.0 + floor)
}

/// `+CSQ: <rssi>,<ber>`. Registered on 5G alone it is 99,99.
pub fn csq(line: &str) -> Option<Signal> {
    let fields = Fields::after(line, "+CSQ")?;
    let steps = fields.number(0)?;
    let rssi_dbm = level(Some(steps), 31, 0).map(|steps| steps * 2 - 113);
    Some(Signal { rssi_dbm, ..Signal::default() })
}

/// `+CESQ: <rxlev>,<ber>,<rscp>,<ecno>,<rsrq>,<rsrp>[,<ss_rsrq>,<ss_rsrp>,<ss_sinr>]`.
pub fn cesq(line: &str) -> Option<Levels> {
    let fields = Fields::after(line, "+CESQ").filter(|fields| fields.len() >= 6)?;
    let mut levels = six(&fields, 0);
    // 5G, since release 15.
    let signal = &mut levels.signal;
    signal.rsrq_db = signal.rsrq_db.or_else(|| halves(fields.number(6), 0..=126, -43.5));
    signal.rsrp_dbm = signal.rsrp_dbm.or_else(|| level(fields.number(7), 126, -157));
    signal.sinr_db = halves(fields.number(8), 0..=127, -23.5);
    Some(levels)
}

/// `+XCESQ: <n>,` as `+CESQ`, and the signal to noise ratio in halves of a decibel.
pub fn xcesq(line: &str) -> Option<Levels> {
    let fields = Fields::after(line, "+XCESQ").filter(|fields| fields.len() >= 7)?;
    let mut levels = six(&fields, 1);
    levels.signal.sinr_db = halves(fields.number(7), -100..=100, 0.0);
    Some(levels)
}

fn six(fields: &Fields, from: usize) -> Levels {
    let number = |at: usize| fields.number(from.saturating_add(at));
    Levels {
        signal: Signal {
            rssi_dbm: level(number(0), 63, -111),
            rsrq_db: halves(number(4), 0..=34, -20.0),
            rsrp_dbm: level(number(5), 97, -141),
            sinr_db: None,
        },
        rscp_dbm: level(number(2), 96, -121),
        ecio_db: halves(number(3), 0..=49, -24.5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_none_and_not_a_bad_signal() {
        assert_eq!(csq("+CSQ: 99,99"), Some(Signal::default()));
        assert_eq!(csq("+CSQ: 31,0").and_then(|signal| signal.rssi_dbm), Some(-51));
        assert_eq!(csq("+CSQ: "), None);
        assert_eq!(cesq("+CESQ: 99,99,255,255,255,255"), Some(Levels::default()));
    }

    #[test]
    fn levels_of_5g_follow_those_of_lte() {
        let levels = cesq("+CESQ: 99,99,255,255,255,255,65,60,60").expect("levels");
        let signal = levels.signal;
        assert_eq!((signal.rsrp_dbm, signal.rsrq_db, signal.sinr_db), (Some(-97), Some(-11.0), Some(6.5)));
    }
}
