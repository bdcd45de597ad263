//! One table of options and the one parser of an interface section.
//!
//! Contract: [`OPTIONS`] is the only list of options in the product; the handler's dump
//! for netifd, the README and LuCI are compared with it by a test. [`Config::parse`]
//! turns netifd's JSON (strings and lists, as uci has them) into typed values or into one
//! [`Cause::BadConfig`] that names option, value and remedy. After it nobody validates.
//!
//! Why are all options declared to netifd as strings? netifd drops a value that does not
//! fit a declared number or boolean (libubox uci_blob.c), and nobody would be told.

mod names;

use std::time::Duration;

use self::names::nearest;
pub use self::names::{distance, is_known, is_misspelt, is_single};
use crate::cause::{Cause, Why};
use crate::few::Listed;
use crate::json::{Map, Value};
use crate::target::Target;
use crate::words::{Auth, Control, Mode, PdpType, Secret, device_shown};

/// What a value may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text of at most so many characters.
    Text(usize),
    /// Text that is never shown.
    Secret(usize),
    /// Exactly one of these words.
    Word(&'static [&'static str]),
    /// `0` or `1` (and uci's other spellings of them).
    Flag,
    /// A whole number in a range, both ends included.
    Number(u32, u32),
    /// Four to eight digits.
    Pin,
    /// Five or six digits: MCC and MNC.
    Plmn,
    /// A uci list; its items are checked by the room that uses them.
    List,
    /// Comma- or blank-separated words, or a list of them.
    Words(&'static [&'static str]),
}

/// One option of the interface section.
#[derive(Debug, Clone, Copy)]
pub struct Opt {
    pub name: &'static str,
    pub kind: Kind,
    /// What holds where the option is not given, as the README spells it.
    pub default: &'static str,
    pub help: &'static str,
}

const fn opt(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Opt {
    Opt { name, kind, default, help }
}

/// Rungs of the recovery ladder that a user may name.
pub const RUNGS: &[&str] = &["reconnect", "reregister", "reset", "power", "reboot"];
const MODES: &[&str] = &["gsm", "umts", "lte", "5g"];

#[rustfmt::skip]
pub const OPTIONS: &[Opt] = &[
    opt("device", Kind::Text(255), "auto", "which modem: auto, /dev/cdc-wdm0, USB path, sysfs path, usb:VID:PID, serial:…, imei:…, socket"),
    opt("control", Kind::Word(&["auto", "mbim", "qmi"]), "auto", "protocol of the control channel"),
    opt("netdev", Kind::Text(15), "found in sysfs", "network device, where it can't be found from device"),
    opt("apn", Kind::Text(100), "", "access point name"),
    opt("username", Kind::Text(255), "", "user name for the access point"),
    opt("password", Kind::Secret(255), "", "password for the access point"),
    opt("auth", Kind::Word(&["none", "pap", "chap", "both"]), "none", "how to authenticate"),
    opt("pdptype", Kind::Word(&["ipv4", "ipv6", "ipv4v6"]), "ipv4v6", "address families to ask for"),
    opt("pincode", Kind::Pin, "", "PIN, sent only when the SIM asks and tries are left"),
    opt("allow_roaming", Kind::Flag, "0", "connect while roaming"),
    opt("plmn", Kind::Plmn, "", "register on this network only"),
    opt("modes", Kind::Words(MODES), "", "radio technologies to use"),
    opt("profile", Kind::Number(1, 255), "", "QMI profile index"),
    opt("mtu", Kind::Number(576, 65535), "", "MTU instead of the network's, bytes"),
    opt("delay", Kind::Number(0, 3600), "0", "seconds to wait before the modem is used first"),
    opt("session", Kind::Number(0, 255), "0", "MBIM session, or QMAP channel above 0"),
    opt("control_at", Kind::Text(255), "found", "AT port, or none"),
    opt("watchdog", Kind::Flag, "1", "watch the traffic"),
    opt("watchdog_target", Kind::List, "the network's DNS servers, then 1.1.1.1, 2606:4700:4700::1111", "what to probe"),
    opt("watchdog_quorum", Kind::Number(1, 16), "1", "how many targets must answer"),
    opt("watchdog_interval", Kind::Number(1, 86400), "30", "seconds between rounds"),
    opt("watchdog_timeout", Kind::Number(1, 60), "3", "seconds to wait for an answer"),
    opt("watchdog_failures", Kind::Number(1, 100), "3", "failed rounds before it acts"),
    opt("watchdog_ladder", Kind::Words(RUNGS), "reconnect reregister reset power", "rungs in order"),
    opt("watchdog_budget", Kind::Number(0, 100), "6", "most resets and power cuts in 24 h"),
    opt("power", Kind::Text(64), "auto", "how to cut power: auto, none, port, authorized, rebind, gpio:LINE-NAME"),
];

/// The watchdog's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watchdog {
    pub enabled: bool,
    pub targets: Vec<String>,
    pub quorum: u32,
    pub interval: Duration,
    pub timeout: Duration,
    pub failures: u32,
    pub ladder: Vec<String>,
    pub budget: u32,
}

/// One interface section, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// As the user wrote it; discovery knows its forms.
    pub device: String,
    /// `None`: ask the kernel driver.
    pub control: Option<Control>,
    pub netdev: Option<String>,
    pub apn: String,
    pub username: String,
    pub password: Secret,
    pub auth: Auth,
    pub pdptype: PdpType,
    pub pincode: Option<Secret>,
    pub allow_roaming: bool,
    pub plmn: Option<String>,
    pub modes: Vec<Mode>,
    pub profile: Option<u32>,
    pub mtu: Option<u32>,
    pub delay: Duration,
    pub session: u32,
    /// `None`: find it; `Some("none")`: leave it alone.
    pub control_at: Option<String>,
    pub watchdog: Watchdog,
    pub power: String,
}

impl Config {
    /// Parses the table that netifd (or a caller of `up`) gave.
    pub fn parse(table: &Map) -> Result<Config, Why> {
        reject_unknown(table)?;
        let section = Section { table };
        let config = Config {
            device: section.text("device")?.unwrap_or_else(|| "auto".to_string()),
            control: section.word("control")?.and_then(|word| Control::parse(&word)),
            netdev: section.text("netdev")?,
            apn: section.text("apn")?.unwrap_or_default(),
            username: section.text("username")?.unwrap_or_default(),
            password: Secret::new(section.text("password")?.unwrap_or_default()),
            auth: section.word("auth")?.and_then(|word| Auth::parse(&word)).unwrap_or(Auth::None),
            pdptype: section
                .word("pdptype")?
                .and_then(|word| PdpType::parse(&word))
                .unwrap_or(PdpType::Ipv4v6),
            pincode: section.text("pincode")?.map(Secret::new),
            allow_roaming: section.flag("allow_roaming", false)?,
            plmn: section.text("plmn")?,
            modes: section.words("modes")?.iter().filter_map(|word| Mode::parse(word)).listed(),
            profile: section.number("profile")?,
            mtu: section.number("mtu")?,
            delay: section.seconds("delay", 0)?,
            session: section.number("session")?.unwrap_or(0),
            control_at: section.text("control_at")?,
            watchdog: section.watchdog()?,
            power: section.power()?,
        };
        section.check_netdev(&config)?;
        Ok(config)
    }
}

fn reject_unknown(table: &Map) -> Result<(), Why> {
    for (name, value) in table {
        // `ubus_rpc_session` and uci's own marks (`.name`, `.type`) are not options.
        if is_known(name) || name.starts_with('.') || name == "ubus_rpc_session" {
            continue;
        }
        let near = nearest(name);
        let remedy = match near {
            Some(near) => format!("there is no such option; did you mean {near}?"),
            None => "there is no such option; remove it".to_string(),
        };
        // What it was meant for is not known, and may be a secret.
        let public = near.is_some_and(|near| !matches!(kind(near), Kind::Secret(_) | Kind::Pin));
        return Err(bad(name, &if public { device_shown(&show(value)) } else { "***".to_string() }, remedy));
    }
    Ok(())
}

fn bad(option: &str, value: &str, remedy: impl Into<String>) -> Why {
    Cause::BadConfig { option: printable(option, 40), value: printable(value, 80), remedy: remedy.into() }
        .into()
}

/// A value of the configuration may hold anything; a log line may not.
fn printable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

struct Section<'a> {
    table: &'a Map,
}

impl Section<'_> {
    /// The option's text, checked against its kind. Empty counts as not given, as in uci.
    fn text(&self, name: &str) -> Result<Option<String>, Why> {
        let text = match self.table.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => u8::from(*flag).to_string(),
            Some(other) => {
                return Err(bad(name, &self.shown(name, other), "one value is wanted, not a list or table"));
            }
        };
        if text.is_empty() {
            return Ok(None);
        }
        match wrong(kind(name), &text) {
            None => Ok(Some(text)),
            Some(remedy) => Err(bad(name, &self.hide(name, text), remedy)),
        }
    }

    fn hide(&self, name: &str, text: String) -> String {
        match kind(name) {
            Kind::Secret(_) | Kind::Pin => "***".to_string(),
            _ if name == "device" => device_shown(&text),
            _ => text,
        }
    }

    fn shown(&self, name: &str, value: &Value) -> String {
        self.hide(name, show(value))
    }

    /// A word, with `auto` as not given.
    fn word(&self, name: &str) -> Result<Option<String>, Why> {
        Ok(self.text(name)?.filter(|word| word != "auto"))
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, Why> {
        Ok(self
            .text(name)?
            .map_or(default, |text| matches!(text.as_str(), "1" | "on" | "true" | "yes" | "enabled")))
    }

    fn number(&self, name: &str) -> Result<Option<u32>, Why> {
        Ok(self.text(name)?.and_then(|text| text.parse().ok()))
    }

    fn seconds(&self, name: &str, default: u32) -> Result<Duration, Why> {
        Ok(Duration::from_secs(self.number(name)?.unwrap_or(default).into()))
    }

    /// A uci list, or one string as a list of one.
    fn list(&self, name: &str) -> Result<Vec<String>, Why> {
        match self.table.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(text.split_whitespace().map(str::to_string).listed()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) if text.len() <= 255 => Ok(text.clone()),
                    other => Err(bad(name, &show(other), "a list of texts is wanted")),
                })
                .collect(),
            Some(other) => Err(bad(name, &show(other), "a list is wanted")),
        }
    }

    fn words(&self, name: &str) -> Result<Vec<String>, Why> {
        let Kind::Words(allowed) = kind(name) else { return self.list(name) };
        let items = self.list(name)?;
        let words: Vec<String> = items
            .iter()
            .flat_map(|item| item.split([',', ' ']))
            .filter(|word| !word.is_empty())
            .map(str::to_string)
            .listed();
        match words.iter().find(|word| !allowed.contains(&word.as_str())) {
            Some(word) => Err(bad(name, word, format!("use some of {}", allowed.join(", ")))),
            None => Ok(words),
        }
    }

    fn watchdog(&self) -> Result<Watchdog, Why> {
        let ladder = self.words("watchdog_ladder")?;
        let watchdog = Watchdog {
            enabled: self.flag("watchdog", true)?,
            targets: self.targets()?,
            quorum: self.number("watchdog_quorum")?.unwrap_or(1),
            interval: self.seconds("watchdog_interval", 30)?,
            timeout: self.seconds("watchdog_timeout", 3)?,
            failures: self.number("watchdog_failures")?.unwrap_or(3),
            ladder: if ladder.is_empty() {
                ["reconnect", "reregister", "reset", "power"].map(str::to_string).to_vec()
            } else {
                ladder
            },
            budget: self.number("watchdog_budget")?.unwrap_or(6),
        };
        let targets = watchdog.targets.len();
        if targets > 0 && usize::try_from(watchdog.quorum).is_ok_and(|quorum| quorum > targets) {
            let value = watchdog.quorum.to_string();
            return Err(bad(
                "watchdog_quorum",
                &value,
                format!("only {targets} targets are named; lower it"),
            ));
        }
        Ok(watchdog)
    }

    fn targets(&self) -> Result<Vec<String>, Why> {
        let name = "watchdog_target";
        let targets = self.list(name)?;
        for target in &targets {
            Target::read(target).map_err(|remedy| bad(name, target, remedy))?;
        }
        Ok(targets)
    }

    fn power(&self) -> Result<String, Why> {
        let power = self.text("power")?.unwrap_or_else(|| "auto".to_string());
        let line = power.strip_prefix("gpio:");
        if line.is_some_and(|name| !name.is_empty())
            || matches!(power.as_str(), "auto" | "none" | "port" | "authorized" | "rebind")
        {
            return Ok(power);
        }
        Err(bad("power", &power, "use auto, none, port, authorized, rebind or gpio:LINE-NAME"))
    }

    fn check_netdev(&self, config: &Config) -> Result<(), Why> {
        let Some(name) = &config.netdev else { return Ok(()) };
        if name.contains(['/', ' ', ':']) || name.starts_with('.') {
            return Err(bad("netdev", name, "the name of a network device is wanted, e.g. wwan0"));
        }
        Ok(())
    }
}

fn kind(name: &str) -> Kind {
    OPTIONS.iter().find(|o| o.name == name).map_or(Kind::List, |o| o.kind)
}

/// What is wrong with this text, as a remedy; `None` if nothing is.
fn wrong(kind: Kind, text: &str) -> Option<String> {
    let digits = |least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match kind {
        Kind::Text(most) | Kind::Secret(most) => {
            if text.chars().count() > most {
                return Some(format!("at most {most} characters"));
            }
            text.chars().any(char::is_control).then(|| "control characters are not allowed".to_string())
        }
        Kind::Word(words) => (!words.contains(&text)).then(|| format!("use one of {}", words.join(", "))),
        Kind::Flag => {
            let flags = ["0", "1", "on", "off", "true", "false", "yes", "no", "enabled", "disabled"];
            (!flags.contains(&text)).then(|| "use 0 or 1".to_string())
        }
        Kind::Number(least, most) => {
            let fits = text.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number));
            (!fits).then(|| format!("use a whole number from {least} to {most}"))
        }
        Kind::Pin => (!digits(4, 8)).then(|| "a PIN has 4 to 8 digits".to_string()),
        Kind::Plmn => (!digits(5, 6)).then(|| "use 5 or 6 digits: MCC and MNC, e.g. 26201".to_string()),
        Kind::List | Kind::Words(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    fn parse(value: Value) -> Result<Config, Why> {
        let Value::Object(table) = value else { panic!("a test gives a table") };
        Config::parse(&table)
    }

    fn refusal(value: Value) -> String {
        parse(value).expect_err("must be refused").text()
    }

    #[test]
    fn an_apn_is_a_complete_configuration() {
        let config = parse(json!({"proto": "uwand", "apn": "internet", "metric": 10, "auto": true})).unwrap();
        assert_eq!((config.device.as_str(), config.apn.as_str()), ("auto", "internet"));
        assert_eq!(config.pdptype, PdpType::Ipv4v6);
        assert_eq!(config.watchdog.ladder.join(" "), "reconnect reregister reset power");
        assert_eq!(config.watchdog.interval, Duration::from_secs(30));
    }

    #[test]
    fn a_misspelt_option_is_told_with_the_right_name() {
        assert_eq!(
            refusal(json!({"apnn": "x"})),
            "option apnn 'x': there is no such option; did you mean apn?"
        );
        assert!(refusal(json!({"frobnicate": "x"})).ends_with("remove it"));
    }

    #[test]
    fn a_misspelt_secret_stays_one() {
        for name in ["pasword", "pincod", "sim_pin"] {
            assert!(!refusal(json!({ name: "hunter2" })).contains("hunter2"), "{name}");
        }
    }

    #[test]
    fn a_wrong_value_names_option_value_and_remedy() {
        assert_eq!(refusal(json!({"auth": "papp"})), "option auth 'papp': use one of none, pap, chap, both");
        assert_eq!(refusal(json!({"mtu": "9"})), "option mtu '9': use a whole number from 576 to 65535");
        assert_eq!(refusal(json!({"watchdog": "maybe"})), "option watchdog 'maybe': use 0 or 1");
        assert_eq!(
            refusal(json!({"plmn": "26a01"})),
            "option plmn '26a01': use 5 or 6 digits: MCC and MNC, e.g. 26201"
        );
        assert_eq!(
            refusal(json!({"modes": ["lte", "6g"]})),
            "option modes '6g': use some of gsm, umts, lte, 5g"
        );
    }

    #[test]
    fn a_target_that_no_probe_fits_is_refused() {
        let good = ["1.1.1.1", "2606:4700:4700::1111", "dns:9.9.9.9", "dns:::1", "tcp:h:53", "http://a/b"];
        assert_eq!(parse(json!({ "watchdog_target": good })).unwrap().watchdog.targets, good);
        for wrong in
            ["", "example.org", "dns:", "dns:x", "tcp:h", "tcp:h:0", "tcp::1", "http:a", "icmp:1.1.1.1"]
        {
            let text = refusal(json!({ "watchdog_target": [wrong] }));
            assert!(text.starts_with(&format!("option watchdog_target '{wrong}': use an IP")), "{text}");
        }
    }

    #[test]
    fn a_wrong_pin_is_refused_without_showing_it() {
        let text = refusal(json!({"pincode": "12x4"}));
        assert_eq!(text, "option pincode '***': a PIN has 4 to 8 digits");
    }

    #[test]
    fn numbers_may_come_as_numbers_and_words_with_commas() {
        let config = parse(json!({"mtu": 1430, "modes": "lte,5g", "allow_roaming": true})).unwrap();
        assert_eq!((config.mtu, config.allow_roaming), (Some(1430), true));
        assert_eq!(config.modes, [Mode::Lte, Mode::Fiveg]);
    }

    #[test]
    fn control_characters_never_reach_a_message() {
        assert_eq!(refusal(json!({"ap\nn": "c\u{1b}[31m"})).split(':').next(), Some("option ap?n 'c?[31m'"));
    }
}
