//! What the router is told: sections of /etc/config/network, the handler, rivals, the clock.

use std::os::unix::fs::PermissionsExt;
use std::rc::Rc;
use std::time::SystemTime;

use super::{Finding, Place, fail, ok, warn};
use crate::config::{Config, is_known, is_misspelt};
use crate::device::DeviceSpec;
use crate::few::Listed;
use crate::journal::Moment;
use crate::linux::sysfs::{Found, NotFound};
use crate::migrate::{PROTOCOLS, table};
use crate::uci::{self, Entry};
use crate::words::device_shown;

pub fn look(place: &Place, all: &mut Vec<Finding>) {
    if place.is_openwrt() {
        handler(place, all);
        sections(place, all);
    } else {
        ok(
            all,
            "handler",
            format_args!("this is no OpenWrt: nothing to check of netifd and its configuration"),
        );
    }
    rivals(place, all);
    clock(all);
    if place.sysfs.is_kernel() {
        probes(all);
    }
}

fn handler(place: &Place, all: &mut Vec<Finding>) {
    let handler = place.path("lib/netifd/proto/uwand.sh");
    let mode = std::fs::metadata(&handler).map(|metadata| metadata.permissions().mode());
    match mode {
        Ok(mode) if mode & 0o111 != 0 => ok(all, "handler", format_args!("netifd's handler is installed")),
        Ok(_) => {
            fail(
                all,
                "handler",
                format_args!("{} is not executable", handler.display()),
                "netifd leaves it out",
                &format!("chmod +x {}", handler.display()),
            );
        }
        Err(_) => {
            let why = "netifd does not know proto 'uwand' without it";
            fail(
                all,
                "handler",
                format_args!("{} is missing", handler.display()),
                why,
                "install the package again, then: service network restart",
            );
        }
    }
}

fn sections(place: &Place, all: &mut Vec<Finding>) {
    let text = place.read("etc/config/network");
    let mut ours: Vec<(String, Rc<Found>, u32)> = Vec::new();
    let mut theirs: Vec<(String, String, String)> = Vec::new();
    let mut count = 0;
    for name in uci::names(&text, "interface") {
        let mut entries = uci::section(&text, "interface", &name);
        let option = |name: &str| entries.iter().rev().find(|e| e.name == name).map(|e| e.value.clone());
        let proto = option("proto").unwrap_or_default();
        let device = option("device").unwrap_or_else(|| "auto".to_string());
        if PROTOCOLS.contains(&proto.as_str()) {
            theirs.push((name, proto, device));
        } else if proto == "uwand" {
            count += 1;
            misspelt(&name, &mut entries, all);
            ours.extend(section(place, &name, &entries, all));
        }
    }
    if count == 0 {
        let why = "netifd asks for a connection where a section of /etc/config/network says so";
        let remedy = "uci set network.wwan=interface; uci set network.wwan.proto=uwand; uci set network.wwan.apn=APN; \
                      uci commit network; service network reload; or see `uwand migrate`";
        warn(all, "config", format_args!("no interface has proto 'uwand'"), why, remedy);
    }
    shared(place, &ours, &theirs, all);
}

/// Options that were meant for us and are not; they are taken out, so that the rest is judged.
fn misspelt(name: &str, entries: &mut Vec<Entry>, all: &mut Vec<Finding>) {
    let wrong: Vec<String> =
        entries.iter().filter(|entry| is_misspelt(&entry.name)).map(|entry| entry.name.clone()).listed();
    for option in wrong {
        let why = "netifd passes only names that it knows, and drops this one without a word";
        fail(
            all,
            "config",
            format_args!("interface {name}: there is no option {option}"),
            why,
            "mend its spelling, then: service network reload",
        );
    }
    // What belongs to other packages never comes to us.
    entries.retain(|entry| is_known(&entry.name));
}

fn section(
    place: &Place,
    name: &str,
    entries: &[Entry],
    all: &mut Vec<Finding>,
) -> Option<(String, Rc<Found>, u32)> {
    let config = match Config::parse(&table(entries)) {
        Ok(config) => config,
        Err(cause) => {
            let remedy = "mend it in /etc/config/network, then: service network reload";
            fail(
                all,
                "config",
                format_args!("interface {name}: {}", cause.text()),
                "the interface stays down with BAD_CONFIG",
                remedy,
            );
            return None;
        }
    };
    let why = "the interface waits until its modem is there";
    let shown = device_shown(&config.device);
    let spec = match DeviceSpec::parse(&config.device) {
        Ok(spec) => spec,
        Err(error) => {
            fail(
                all,
                "config",
                format_args!("interface {name}: option device '{shown}'"),
                why,
                &error.to_string(),
            );
            return None;
        }
    };
    match place.sysfs.find(&spec, &|_| None) {
        Ok(found) => {
            ok(all, "config", format_args!("interface {name} uses modem {}", found.id));
            Some((name.to_string(), found, config.session))
        }
        // Only the modem itself knows its IMEI, and it is not asked here.
        Err(NotFound::AskImei(_)) => None,
        Err(NotFound::Several(text)) => {
            let why = "uwand does not guess which one is meant";
            fail(all, "config", format_args!("interface {name}: {text}"), why, "set option device");
            None
        }
        Err(NotFound::Missing(text)) => {
            fail(
                all,
                "config",
                format_args!("interface {name}: {text}"),
                why,
                "plug it in, or mend option device",
            );
            None
        }
    }
}

/// One modem, several sections.
fn shared(
    place: &Place,
    ours: &[(String, Rc<Found>, u32)],
    theirs: &[(String, String, String)],
    all: &mut Vec<Finding>,
) {
    for (index, (name, found, session)) in ours.iter().enumerate() {
        let same = ours.iter().take(index).find(|(_, other, of)| other.id == found.id && of == session);
        if let Some((other, _, _)) = same {
            let why = "each connect of one ends the other's connection";
            fail(
                all,
                "config",
                format_args!(
                    "interfaces {other} and {name} are session {session} of the same modem {}",
                    found.id
                ),
                why,
                "give one of them another option session or device",
            );
        }
        for (other, proto, device) in theirs {
            let node = device.strip_prefix("/dev/").unwrap_or(device);
            let spec = DeviceSpec::parse(device).ok();
            let meant = spec.and_then(|spec| place.sysfs.find(&spec, &|_| None).ok());
            let port = found.ports.iter().any(|port| port.name == node);
            if port || meant.is_some_and(|meant| meant.id == found.id) {
                let why = "two services on one modem end each other's connections";
                let remedy =
                    format!("`uwand migrate -i {other}` shows it as proto uwand; or delete network.{other}");
                fail(
                    all,
                    "rival",
                    format_args!(
                        "interface {other} (proto {proto}) uses modem {} as well as {name}",
                        found.id
                    ),
                    why,
                    &remedy,
                );
            }
        }
    }
}

/// Programs that take every modem they see.
fn rivals(place: &Place, all: &mut Vec<Finding>) {
    let Ok(processes) = std::fs::read_dir(place.path("proc")) else { return };
    for process in processes.flatten() {
        let comm = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        let (name, remedy) = match comm.trim() {
            "ModemManager" => ("ModemManager", "service modemmanager stop; service modemmanager disable"),
            "wwand" => ("wwand", "service wwand stop; service wwand disable"),
            // A child of netifd's shell handlers that hangs, or that works at this moment.
            "uqmi" => {
                ("uqmi", "see which interface has proto 'qmi' or 'wwan'; `uwand migrate` turns it into ours")
            }
            "umbim" => (
                "umbim",
                "see which interface has proto 'mbim' or 'wwan'; `uwand migrate` turns it into ours",
            ),
            _ => continue,
        };
        let why = "it opens modems that uwand has, and both lose answers";
        warn(all, "rival", format_args!("{name} runs"), why, remedy);
    }
}

fn clock(all: &mut Vec<Finding>) {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let unix = i64::try_from(unix).unwrap_or(0);
    match Moment::new(0, 0, unix).unix {
        Some(_) => ok(all, "clock", format_args!("the clock is set")),
        None => {
            let why = "outages have no date until it is, and TLS fails";
            warn(
                all,
                "clock",
                format_args!("the clock is not set"),
                why,
                "NTP sets it once there is a connection: option ntp in /etc/config/system",
            );
        }
    }
}

/// What the watchdog's probes need of the kernel.
fn probes(all: &mut Vec<Finding>) {
    use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
    let echo = |kind| socket(AddressFamily::Inet, kind, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp).is_ok();
    if echo(SockType::Datagram) || echo(SockType::Raw) {
        return ok(all, "probe", format_args!("this process may send pings"));
    }
    let why = "probes of an address are ICMP echo requests";
    let remedy = "run it as root, or: sysctl -w net.ipv4.ping_group_range='0 2147483647'; targets such as dns:1.1.1.1 \
                  work without";
    warn(all, "probe", format_args!("this process may not send pings"), why, remedy);
}
