//! Sierra's own commands: `!GSTATUS?`, `!USBCOMP?`, `!UDUSBCOMP?`, `!IMPREF?`.
//!
//! Their answers are tables for people, mostly without a prefix: keys and values in columns.

use crate::at::fields::after;
use crate::few::Listed;
use crate::words::{Control, Signal};

/// `key: value` pairs of a table with one or two columns. A further column begins behind a tab
/// or two blanks.
pub fn pairs(lines: &[String]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for line in lines {
        let mut rest = line.as_str();
        while let Some((key, values)) = rest.split_once(':') {
            let next = next_column(values);
            let (value, tail) = values.split_at_checked(next).unwrap_or((values, ""));
            pairs.push((key.trim().to_ascii_lowercase(), collapse(value)));
            rest = tail;
        }
    }
    pairs
}

/// Where the key of the next column begins in `values`; its end where there is none.
fn next_column(values: &str) -> usize {
    let end = values.len();
    let Some(colon) = values.find(':') else { return end };
    let before = values.get(..colon).unwrap_or_default();
    let tab = before.rfind('\t').map(|at| at.saturating_add(1));
    let blanks = before.rfind("  ").map(|at| at.saturating_add(2));
    tab.max(blanks).unwrap_or(end)
}

fn collapse(value: &str) -> String {
    value.split_whitespace().listed().join(" ")
}

fn find<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let fits = |(name, value): &&(String, String)| name == key && !value.is_empty();
    pairs.iter().find(fits).map(|(_, value)| value.as_str())
}

/// The first word as a number: `20 MHz`, `39`, `---`.
fn number(value: Option<&str>) -> Option<f32> {
    value?.split_whitespace().next()?.parse().ok()
}

/// What `AT!GSTATUS?` says, as far as it is of use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GeneralStatus {
    /// Degrees Celsius.
    pub temperature: Option<f32>,
    /// `ONLINE`, `LOW POWER MODE`.
    pub mode: Option<String>,
    pub system_mode: Option<String>,
    pub packet_state: Option<String>,
    /// `B3`
    pub band: Option<String>,
    pub bandwidth_mhz: Option<f32>,
    pub channel: Option<u32>,
    pub emm_state: Option<String>,
    pub rrc_state: Option<String>,
    pub area: Option<u32>,
    pub cell: Option<u32>,
    pub signal: Signal,
}

pub fn general_status(lines: &[String]) -> Option<GeneralStatus> {
    let pairs = pairs(lines);
    let text = |key| find(&pairs, key).filter(|value| *value != "---").map(str::to_owned);
    let level = |key| number(find(&pairs, key));
    let status = GeneralStatus {
        temperature: level("temperature"),
        mode: text("mode"),
        system_mode: text("system mode"),
        packet_state: text("ps state"),
        band: text("lte band").or_else(|| text("wcdma band")),
        bandwidth_mhz: level("lte bw"),
        channel: find(&pairs, "lte rx chan").and_then(|value| value.parse().ok()),
        emm_state: text("emm state"),
        rrc_state: text("rrc state"),
        area: hexadecimal(find(&pairs, "tac")),
        cell: hexadecimal(find(&pairs, "cell id")),
        signal: Signal {
            rssi_dbm: level("pcc rxm rssi").or_else(|| level("rssi (dbm)")).and_then(whole),
            // The first antenna's stands first.
            rsrp_dbm: level("rsrp (dbm)").and_then(whole),
            rsrq_db: level("rsrq (db)"),
            sinr_db: level("sinr (db)"),
        },
    };
    (status != GeneralStatus::default()).then_some(status)
}

/// `7d2b (32043)`
fn hexadecimal(value: Option<&str>) -> Option<u32> {
    u32::from_str_radix(value?.split_whitespace().next()?, 16).ok()
}

/// Whole decibels; the cast-free way from what was parsed as a fraction.
fn whole(value: f32) -> Option<i32> {
    let whole = value.round_ties_even();
    (-200_i16..=100).find(|decibels| f32::from(*decibels) == whole).map(i32::from)
}

/// `AT!USBCOMP?` of MC74xx, EM75xx and WP76xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composition {
    pub index: u32,
    pub kind: u32,
    pub bitmask: u32,
}

impl Composition {
    pub const AT: u32 = 0x0000_0008;
    pub const QMI: u32 = 0x0000_0100;
    pub const MBIM: u32 = 0x0000_1000;

    pub fn control(&self) -> Option<Control> {
        match self.bitmask {
            mask if mask & Self::MBIM != 0 => Some(Control::Mbim),
            mask if mask & Self::QMI != 0 => Some(Control::Qmi),
            _ => None,
        }
    }

    pub fn has_at(&self) -> bool {
        self.bitmask & Self::AT != 0
    }
}

pub fn composition(lines: &[String]) -> Option<Composition> {
    let pairs = pairs(lines);
    let first = |key| find(&pairs, key).and_then(|value| value.split_whitespace().next()?.parse().ok());
    Some(Composition {
        index: first("config index")?,
        kind: first("config type")?,
        bitmask: hexadecimal(find(&pairs, "interface bitmask"))?,
    })
}

/// `!UDUSBCOMP: 6` of MC73xx: 6 is QMI, 8 MBIM, both with AT.
pub fn numbered_composition(line: &str) -> Option<u32> {
    after(line, "!UDUSBCOMP")?.split_whitespace().next()?.parse().ok()
}

/// A line of `AT!UDUSBCOMP=?`: `6  - DM   NMEA  AT    QMI    SUPPORTED`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub number: u32,
    pub functions: Vec<String>,
    pub supported: bool,
}

pub fn choice(line: &str) -> Option<Choice> {
    let (number, words) = line.split_once('-')?;
    let number = number.trim().parse().ok()?;
    let words: Vec<&str> = words.split_whitespace().listed();
    let (last, rest) = words.split_last()?;
    if *last != "SUPPORTED" {
        return None;
    }
    let supported = rest.last() != Some(&"NOT");
    let functions = rest.iter().filter(|word| **word != "NOT").map(|word| word.to_string()).listed();
    Some(Choice { number, functions, supported })
}

/// A firmware with its carrier's settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    pub version: Option<String>,
    pub carrier: Option<String>,
    pub config: Option<String>,
}

/// `AT!IMPREF?` (MC74xx, EM75xx) and `AT!GOBIIMPREF?` (MC73xx): the image that is wanted and
/// the one that runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImagePreference {
    pub preferred: Image,
    pub current: Image,
}

pub fn image_preference(lines: &[String]) -> Option<ImagePreference> {
    let pairs = pairs(lines);
    let image = |which: &str| {
        let text = |what: &str| find(&pairs, &format!("{which} {what}")).map(str::to_owned);
        Image { version: text("fw version"), carrier: text("carrier name"), config: text("config name") }
    };
    let preference = ImagePreference { preferred: image("preferred"), current: image("current") };
    (preference != ImagePreference::default()).then_some(preference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    const STATUS: &str = "!GSTATUS: \n\
        Current Time:  3128\t\tTemperature: 39\n\
        Reset Counter: 2\t\tMode:        ONLINE         \n\
        System mode:   LTE        \tPS state:    Attached     \n\
        LTE band:      B3     \t\tLTE bw:      20 MHz  \n\
        LTE Rx chan:   1300\t\tLTE Tx chan: 19300\n\
        LTE CA state:  NOT ASSIGNED\n\
        EMM state:     Registered     \tNormal Service \n\
        RRC state:     RRC Connected  \n\
        IMS reg state: No Srv  \t\tIMS mode:    Normal\n\
        \n\
        PCC RxM RSSI:  -54             RSRP (dBm):  -83\n\
        PCC RxD RSSI:  -57             RSRP (dBm):  -85\n\
        Tx Power:      --              TAC:         7d2b (32043)\n\
        RSRQ (dB):     -9.4            Cell ID:     01a2b301 (27439873)\n\
        SINR (dB):      13.0\n";

    #[test]
    fn both_columns_of_the_status_are_read() {
        let status = general_status(&lines(STATUS)).expect("a status");
        assert_eq!((status.temperature, status.mode.as_deref()), (Some(39.0), Some("ONLINE")));
        assert_eq!(
            (status.band.as_deref(), status.bandwidth_mhz, status.channel),
            (Some("B3"), Some(20.0), Some(1300))
        );
        assert_eq!(status.emm_state.as_deref(), Some("Registered Normal Service"));
        assert_eq!((status.area, status.cell), (Some(32043), Some(27_439_873)));
        let Signal { rssi_dbm, rsrp_dbm, rsrq_db, sinr_db } = status.signal;
        assert_eq!((rssi_dbm, rsrp_dbm, rsrq_db, sinr_db), (Some(-54), Some(-83), Some(-9.4), Some(13.0)));
        assert_eq!(general_status(&lines("what?")), None);
    }

    #[test]
    fn compositions_tell_the_control_protocol() {
        let of = |mask: &str| {
            composition(&lines(&format!(
                "Config Index: 1\nConfig Type:  1 (Generic)\nInterface bitmask: {mask}"
            )))
        };
        let mbim = of("0000100D (diag,nmea,modem,mbim)").expect("a composition");
        assert_eq!((mbim.control(), mbim.has_at()), (Some(Control::Mbim), true));
        assert_eq!(of("0000010D (diag,nmea,modem,rmnet0)").and_then(|qmi| qmi.control()), Some(Control::Qmi));
        assert_eq!(of("junk"), None);
        assert_eq!(numbered_composition("!UDUSBCOMP: 6"), Some(6));
    }

    #[test]
    fn choices_say_what_is_supported() {
        let choice =
            |line| choice(line).map(|choice| (choice.number, choice.functions.join(" "), choice.supported));
        assert_eq!(
            choice("6  - DM   NMEA  AT    QMI    SUPPORTED"),
            Some((6, "DM NMEA AT QMI".into(), true))
        );
        assert_eq!(choice("0 - reserved NOT SUPPORTED"), Some((0, "reserved".into(), false)));
        assert_eq!(choice("OK"), None);
    }

    #[test]
    fn the_preferred_image_may_not_be_the_current_one() {
        let text = "!IMPREF: \n preferred fw version:    02.24.05.06\n preferred carrier name:  GENERIC\n \
                    preferred config name:   GENERIC_002.026_000\n current fw version:      02.20.03.00\n \
                    current carrier name:    VERIZON\n";
        let found = image_preference(&lines(text)).expect("a preference");
        assert_eq!(found.preferred.version.as_deref(), Some("02.24.05.06"));
        assert_eq!(found.current.carrier.as_deref(), Some("VERIZON"));
        assert_eq!(found.current.config, None);
    }
}
