//! PURE. Interface sections of other cellular protocols as sections of ours.
//!
//! Contract: [`plan`] reads what `uci export network` printed, and changes what a section
//! says as little as it can: what it meant under its protocol it means under ours, said
//! aloud where the defaults differ (qmi without `pdptype` is IPv4 only, qmi roams, mbim does
//! not). What has no equivalent is listed with its reason; the whole old section is saved in
//! any case. A value that our parser refuses is left out and listed as well, so that what
//! comes out is a configuration that works. Sections that cannot work are left alone.
//!
//! The defaults are those of the handlers: uqmi's qmi.sh, umbim's mbim.sh, comgt's ncm.sh and
//! 3g.sh, wwan.sh, ModemManager's modemmanager.sh.

use crate::cause::Cause;
use crate::config::{self, Config, Kind, OPTIONS};
use crate::few::Listed;
use crate::json::{Map, Value};
use crate::uci::{self, Entry, quoted_value};

pub const PROTOCOLS: [&str; 6] = ["qmi", "mbim", "ncm", "3g", "modemmanager", "wwan"];

/// A modem that is there, as far as a section may mean it.
pub struct Seen {
    /// What option `device` calls it.
    pub id: String,
    /// Names below `/dev` that are its own.
    pub nodes: Vec<String>,
    pub driver: String,
}

/// One section to change.
pub struct Change {
    pub interface: String,
    pub proto: String,
    pub old: Vec<Entry>,
    /// Empty where it is left alone.
    pub new: Vec<Entry>,
    /// Options that ours has not, each with why.
    pub dropped: Vec<(String, String)>,
    /// What to know besides.
    pub notes: Vec<String>,
}

/// Every section of a protocol that is known here, or of the one interface.
pub fn plan(export: &str, only: Option<&str>, modems: &[Seen]) -> Vec<Change> {
    let names = uci::names(export, "interface");
    let meant = names.into_iter().filter(|name| only.is_none_or(|only| only == name));
    let changes = meant.filter_map(|name| {
        let old = uci::section(export, "interface", &name);
        let proto = old.iter().find(|entry| entry.name == "proto")?.value.clone();
        PROTOCOLS.contains(&proto.as_str()).then(|| change(name, proto, old, modems))
    });
    changes.listed()
}

fn change(interface: String, proto: String, old: Vec<Entry>, modems: &[Seen]) -> Change {
    let mut work = Work { proto: &proto, old: &old, new: Vec::new(), dropped: Vec::new(), notes: Vec::new() };
    work.set("proto", "uwand");
    let usable = work.device(modems) && work.is_packet_service() && work.is_plain();
    if usable {
        work.translate();
        work.say_defaults(modems);
        work.check();
    } else {
        work.new.clear();
    }
    let Work { new, dropped, notes, .. } = work;
    Change { interface, proto, old, new, dropped, notes }
}

struct Work<'a> {
    proto: &'a str,
    old: &'a [Entry],
    new: Vec<Entry>,
    dropped: Vec<(String, String)>,
    notes: Vec<String>,
}

impl Work<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let entry = self.old.iter().rev().find(|entry| entry.name == name)?;
        Some(entry.value.as_str()).filter(|value| !value.is_empty())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| matches!(value, "1" | "on" | "true" | "yes" | "enabled"))
    }

    fn set(&mut self, name: &str, value: &str) {
        self.new.push(Entry { name: name.to_string(), value: value.to_string(), is_list: false });
    }

    fn drop(&mut self, name: &str, why: &str) {
        if !self.dropped.iter().any(|(dropped, _)| dropped == name) {
            self.dropped.push((name.to_string(), why.to_string()));
        }
    }

    /// Writes option `device`; false where no modem can be meant.
    fn device(&mut self, modems: &[Seen]) -> bool {
        let device =
            self.get(if self.proto == "wwan" { "bus" } else { "device" }).unwrap_or("auto").to_string();
        let node = device.strip_prefix("/dev/").unwrap_or(&device);
        let seen = modems.iter().find(|seen| seen.nodes.iter().any(|own| own == node));
        match (self.proto, seen) {
            ("qmi" | "mbim" | "modemmanager" | "wwan", None) if !node.starts_with("tty") => {
                if device != "auto" {
                    self.set("device", &device);
                }
                true
            }
            ("qmi" | "mbim", Some(_)) if !node.starts_with("tty") => {
                self.set("device", &device);
                true
            }
            (_, Some(seen)) => {
                self.notes.push(format!("{device} belongs to modem {}", seen.id));
                self.set("device", &seen.id);
                true
            }
            (_, None) => {
                self.notes.push(format!(
                    "left alone: no modem with MBIM or QMI is seen at {device}; plug it in, or switch it to a \
                     mode that has a control device /dev/cdc-wdm0, and try again"
                ));
                false
            }
        }
    }

    fn is_packet_service(&mut self) -> bool {
        let cdma = self.proto == "3g" && matches!(self.get("service"), Some("cdma" | "evdo"));
        if cdma {
            self.notes.push("left alone: CDMA has no APN, and uwand no CDMA".to_string());
        }
        !cdma
    }

    /// What `uci batch` reads line by line must not hold a line's end.
    fn is_plain(&mut self) -> bool {
        let odd = self.old.iter().find(|e| e.value.chars().any(char::is_control)).map(|e| e.name.clone());
        if let Some(name) = &odd {
            self.notes.push(format!("left alone: option {name} holds a control character"));
        }
        odd.is_none()
    }

    fn translate(&mut self) {
        for entry in self.old {
            let value = entry.value.as_str();
            match entry.name.as_str() {
                "proto" | "device" | "bus" => {}
                "apn" | "username" | "password" | "pincode" | "delay" | "profile" | "mtu" => {
                    self.set(&entry.name, value);
                }
                "auth" | "allowedauth" => self.auth(value),
                "pdptype" | "iptype" => {}
                "ipv6" if self.proto != "3g" => {}
                "modes" | "mode" | "allowedmode" | "service" => self.modes(&entry.name, value),
                // qmi.sh: 0 goes back to automatic.
                "plmn" if value == "0" => {}
                "plmn" => self.set("plmn", value),
                "allow_roaming" => {}
                "allow_partner" => {
                    self.drop("allow_partner", "a partner network counts as roaming: see allow_roaming");
                }
                "v6apn" => self.drop("v6apn", "both families use option apn"),
                "v6profile" => self.drop("v6profile", "both families use option profile"),
                "autoconnect" | "force_connection" => {
                    self.drop(&entry.name, "uwand always tries again by itself");
                }
                "timeout" => self.drop("timeout", "uwand never gives up on a registration"),
                "dhcp" | "dhcpv6" => {
                    self.drop(&entry.name, "uwand uses DHCP where the modem tells no address")
                }
                "ifname" => {
                    self.drop("ifname", "the network device is found by itself; option netdev names it")
                }
                name if config::is_known(name) => self.new.push(entry.clone()),
                name => self.drop(name, "uwand has no such option"),
            }
        }
    }

    fn auth(&mut self, value: &str) {
        let has = |word: &str| value.split([' ', ',', '|']).any(|part| part.eq_ignore_ascii_case(word));
        let ours = match (has("pap") || has("both"), has("chap") || has("both")) {
            (true, true) => "both",
            (true, false) => "pap",
            (false, true) => "chap",
            (false, false) if has("none") => "none",
            (false, false) => return self.drop("auth", "modems know PAP and CHAP only"),
        };
        // A list comes once for each of its items.
        let ours = match self.new.iter().position(|entry| entry.name == "auth") {
            Some(place) if self.new.remove(place).value != ours => "both",
            _ => ours,
        };
        self.set("auth", ours);
    }

    fn modes(&mut self, option: &str, value: &str) {
        let mut modes: Vec<&str> = Vec::new();
        for word in value.split([',', ' ', '|']).filter(|word| !word.is_empty()) {
            modes.extend(match word {
                "gsm" | "2g" | "gprs_only" => Some("gsm"),
                // 3g.sh: preferred, not demanded.
                "umts" if option == "service" => None,
                "umts" | "3g" | "umts_only" => Some("umts"),
                "lte" | "4g" => Some("lte"),
                "5gnr" | "nr5g" | "5g" => Some("5g"),
                "all" | "any" | "auto" => None,
                _ => {
                    self.drop(option, "what it prefers is not said by modes, which allows only");
                    None
                }
            });
        }
        if !modes.is_empty() {
            self.set("modes", &modes.join(","));
        }
    }

    /// What the old handler did unasked, and ours does not.
    fn say_defaults(&mut self, modems: &[Seen]) {
        let pdptype = self.get("pdptype").or(self.get("iptype")).map(str::to_ascii_lowercase);
        let known = match pdptype.as_deref() {
            Some(word @ ("ipv6" | "ipv4v6")) => Some(word),
            Some("ip" | "ipv4") => Some("ipv4"),
            _ => None,
        };
        let pdptype = match self.proto {
            "mbim" if self.flag("ipv6") == Some(false) => Some("ipv4"),
            // The modem's own default, which is what the network grants.
            "mbim" if pdptype.as_deref() == Some("ip") => None,
            "mbim" | "wwan" => known,
            "3g" => Some("ipv4"),
            _ => known.or(Some("ipv4")),
        };
        if let Some(pdptype) = pdptype {
            self.set("pdptype", pdptype);
        }
        if matches!(self.proto, "3g" | "modemmanager") && self.get("username").is_some() {
            let told = self.new.iter().any(|entry| entry.name == "auth");
            // pppd and ModemManager offer whatever the network asks for.
            if !told && self.get("allowedauth").is_none() {
                self.set("auth", "both");
            }
        }
        let driver = |seen: &Seen| self.new.iter().any(|e| e.name == "device" && e.value == seen.id);
        let qmi = modems.iter().find(|seen| driver(seen)).map(|seen| seen.driver.starts_with("qmi_wwan"));
        let roams = match self.proto {
            "mbim" => self.flag("allow_roaming") == Some(true),
            "modemmanager" => self.flag("allow_roaming") != Some(false),
            "wwan" if qmi.is_none() => {
                self.notes.push("add allow_roaming '1' if it should connect abroad".to_string());
                false
            }
            "wwan" => qmi == Some(true),
            _ => true,
        };
        if roams {
            self.set("allow_roaming", "1");
        }
    }

    /// What our parser refuses is left out, and said.
    fn check(&mut self) {
        while let Err(why) = Config::parse(&table(&self.new)) {
            let Cause::BadConfig { option, remedy, .. } = &*why else { return };
            let before = self.new.len();
            self.new.retain(|entry| entry.name != *option);
            self.drop(option, remedy);
            if self.new.len() == before {
                return;
            }
        }
    }
}

/// As netifd hands a section over.
pub fn table(entries: &[Entry]) -> Map {
    let mut table = Map::new();
    for entry in entries {
        match table.get_mut(&entry.name) {
            Some(Value::Array(items)) if entry.is_list => items.push(entry.value.as_str().into()),
            _ if entry.is_list => {
                table.insert(entry.name.clone(), vec![entry.value.as_str()].into());
            }
            _ => {
                table.insert(entry.name.clone(), entry.value.as_str().into());
            }
        }
    }
    table
}

impl Change {
    /// What is different, without secrets: lines that begin with `-`, `+` or a blank.
    pub fn diff(&self) -> Vec<String> {
        let line = |mark: char, entry: &Entry| {
            let secret = OPTIONS.iter().any(|option| {
                option.name == entry.name && matches!(option.kind, Kind::Secret(_) | Kind::Pin)
            });
            let word = if entry.is_list { "list" } else { "option" };
            let value = if secret { "'***'".to_string() } else { quoted_value(&entry.value) };
            format!("{mark} {word} {} {value}", entry.name)
        };
        if self.new.is_empty() {
            return Vec::new();
        }
        let mark = |entry: &&Entry| if self.new.contains(entry) { ' ' } else { '-' };
        let mut lines: Vec<String> = self.old.iter().map(|entry| line(mark(&entry), entry)).listed();
        let added = self.new.iter().filter(|entry| !self.old.contains(entry));
        lines.extend(added.map(|entry| line('+', entry)));
        lines
    }

    /// Lines for `uci batch`.
    pub fn batch(&self) -> String {
        let place = format!("network.{}", self.interface);
        let mut lines = String::new();
        let mut gone: Vec<&str> = Vec::new();
        for entry in &self.old {
            if !gone.contains(&entry.name.as_str()) {
                gone.push(&entry.name);
                lines.push_str(&format!("delete {place}.{}\n", entry.name));
            }
        }
        for entry in &self.new {
            let verb = if entry.is_list { "add_list" } else { "set" };
            lines.push_str(&format!("{verb} {place}.{}={}\n", entry.name, quoted_value(&entry.value)));
        }
        lines
    }

    /// The old section for `uci import`, under a name that `taken` does not hold.
    pub fn saved(&self, taken: &[String]) -> String {
        let mut name = self.interface.clone();
        for number in 2..1000 {
            if !taken.contains(&name) {
                break;
            }
            name = format!("{}_{number}", self.interface);
        }
        let mut text = format!("config interface {}\n", quoted_value(&name));
        for entry in &self.old {
            let word = if entry.is_list { "list" } else { "option" };
            text.push_str(&format!("\t{word} {} {}\n", entry.name, quoted_value(&entry.value)));
        }
        text
    }
}

#[cfg(test)]
#[path = "migrate_tests.rs"]
mod tests;
