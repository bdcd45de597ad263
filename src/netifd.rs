//! netifd's side of the product: what the protocol handler prints and does, and how a
//! bearer or a cause is told by `notify_proto`.
//!
//! Contract: [`dump`], [`link_up`], [`link_down`], [`error`] are pure; the JSON they give
//! has exactly the names and types of netifd's policies (proto-ext.c `notify_attr`,
//! proto.c `proto_ip_attributes`, interface-ip.c `route_attr`). [`main`] is what
//! `/lib/netifd/proto/uwand.sh` becomes: one call to the daemon, then it ends, and
//! `no-proto-task` keeps netifd in its setup state.

use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use crate::cause::Cause;
use crate::config::{Kind, OPTIONS, is_misspelt, is_single};
use crate::few::Listed;
use crate::globals::Globals;
use crate::json::{Map, Value, json};
use crate::linux::tty;
use crate::task;
use crate::ubus::call::call;
use crate::ubus::{Client, Error, Source, Status};
use crate::uci;
use crate::words::{Addressing, Bearer};

/// libubox `enum blobmsg_type`.
const TYPE_ARRAY: u32 = 1;
const TYPE_STRING: u32 = 3;

/// Numbers of `notify_proto` actions (netifd proto-ext.c, `proto_ext_notify`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyAction {
    UpdateLink = 0,
    Error = 3,
    BlockRestart = 4,
    Available = 5,
    SetupFailed = 7,
}

/// What `uwand netifd "" dump` prints: the description of the protocol.
pub fn dump() -> Value {
    let config: Vec<Value> = OPTIONS
        .iter()
        .map(|option| match option.kind {
            Kind::List | Kind::Words(_) => json!([option.name, TYPE_ARRAY]),
            _ => json!([option.name, TYPE_STRING]),
        })
        .listed();
    json!({
        "name": "uwand",
        "config": config,
        "no-device": true,
        "no-device-config": true,
        "no-proto-task": true,
        "available": true,
        "renew-handler": true,
        "lasterror": true,
    })
}

/// A message for `network.interface notify_proto`.
fn notify(interface: &str, action: NotifyAction) -> Map {
    let mut message = Map::new();
    message.insert("interface".into(), interface.into());
    message.insert("action".into(), (action as u32).into());
    message
}

/// The bearer, whether new or changed in place: netifd keeps what stays equal and takes
/// away what is not repeated (vlist diff in interface-ip.c).
pub fn link_up(interface: &str, bearer: &Bearer) -> Value {
    let mut message = notify(interface, NotifyAction::UpdateLink);
    message.insert("link-up".into(), true.into());
    message.insert("ifname".into(), bearer.netdev.as_str().into());
    message.insert("address-external".into(), false.into());
    // `keep` would keep old addresses beside the new ones.
    message.insert("keep".into(), false.into());
    add_ipv4(&mut message, bearer);
    add_ipv6(&mut message, bearer);
    let dns: Vec<String> = bearer.dns().map(|server| server.to_string()).listed();
    if !dns.is_empty() {
        message.insert("dns".into(), dns.into());
    }
    let mut data = json!({ "session": bearer.session });
    if let Some(technology) = bearer.technology {
        data["technology"] = technology.as_str().into();
    }
    message.insert("data".into(), data);
    Value::Object(message)
}

fn add_ipv4(message: &mut Map, bearer: &Bearer) {
    let Some(v4) = bearer.ipv4.settings() else { return };
    let addresses: Vec<Value> = v4
        .addresses
        .iter()
        .map(|(address, prefix)| json!({ "ipaddr": address.to_string(), "mask": prefix.to_string() }))
        .listed();
    message.insert("ipaddr".into(), addresses.into());
    // A gateway that no address of ours covers would be unreachable for the kernel; the link
    // is point to point, so the route needs none (seen with /32 addresses).
    let on_link = |gateway: &std::net::Ipv4Addr| {
        v4.addresses.iter().any(|(address, prefix)| {
            let mask = u32::MAX.checked_shl(32 - u32::from(*prefix)).unwrap_or(0);
            u32::from(*address) & mask == u32::from(*gateway) & mask && *prefix < 32
        })
    };
    let mut route = json!({ "target": "0.0.0.0", "netmask": "0" });
    if let Some(gateway) = v4.gateway.filter(on_link) {
        route["gateway"] = gateway.to_string().into();
    }
    if let Some(mtu) = v4.mtu {
        route["mtu"] = mtu.into();
    }
    message.insert("routes".into(), json!([route]));
}

fn add_ipv6(message: &mut Map, bearer: &Bearer) {
    let Some(v6) = bearer.ipv6.settings() else { return };
    // The /64 belongs to this link alone (TS 23.401 5.3.1.2.2), so it can be shared with the
    // LAN (RFC 7278): the address goes out as /128, the prefix to netifd's delegation.
    let addresses: Vec<Value> = v6
        .addresses
        .iter()
        .map(|(address, _)| json!({ "ipaddr": address.to_string(), "mask": "128" }))
        .listed();
    message.insert("ip6addr".into(), addresses.into());
    let prefixes: Vec<String> = v6
        .addresses
        .iter()
        .filter(|(address, prefix)| (1..=64).contains(prefix) && !is_link_local(address))
        .map(|(address, prefix)| format!("{}/{prefix}", network(address, *prefix)))
        .listed();
    let sources: Vec<String> = if prefixes.is_empty() {
        v6.addresses.iter().map(|(address, _)| format!("{address}/128")).listed()
    } else {
        prefixes.clone()
    };
    if !prefixes.is_empty() {
        message.insert("ip6prefix".into(), prefixes.into());
    }
    let gateway = v6.gateway.filter(|gateway| v6.addresses.iter().all(|(address, _)| address != gateway));
    // Our /128 covers no gateway, and the kernel refuses one that no route leads to
    // (EHOSTUNREACH). netifd sets the longer prefix first (interface-ip.c, route_cmp).
    let to_gateway = gateway.filter(|gateway| !is_link_local(gateway));
    let to_gateway = to_gateway.map(|gateway| json!({ "target": gateway.to_string(), "netmask": "128" }));
    let default = sources.into_iter().map(|source| {
        let mut route = json!({ "target": "::", "netmask": "0", "source": source });
        if let Some(gateway) = gateway {
            route["gateway"] = gateway.to_string().into();
        }
        if let Some(mtu) = v6.mtu {
            route["mtu"] = mtu.into();
        }
        route
    });
    let routes: Vec<Value> = to_gateway.into_iter().chain(default).listed();
    message.insert("routes6".into(), routes.into());
}

fn is_link_local(address: &Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

fn network(address: &Ipv6Addr, prefix: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
    Ipv6Addr::from(u128::from(*address) & mask)
}

/// The link is lost for now: netifd goes to setup without running the handler.
pub fn link_down(interface: &str) -> Value {
    let mut message = notify(interface, NotifyAction::UpdateLink);
    message.insert("link-up".into(), false.into());
    Value::Object(message)
}

/// The code and what follows it, as `ifstatus` shows them.
pub fn error(interface: &str, cause: &Cause) -> Value {
    let mut words = vec![cause.code().to_string()];
    words.extend(cause.details());
    let mut message = notify(interface, NotifyAction::Error);
    message.insert("error".into(), words.into());
    Value::Object(message)
}

/// An action that needs no more than its number.
pub fn plain(interface: &str, action: NotifyAction) -> Value {
    Value::Object(notify(interface, action))
}

/// Whether netifd has to be told "link lost" before it can be told `new`: its diff of routes
/// loses one whose `mtu` comes or goes (interface-ip.c compares them without it).
pub fn cannot_update(old: &Bearer, new: &Bearer) -> bool {
    let mtu = |bearer: &Bearer| {
        let v4 = bearer.ipv4.settings().map(|v4| v4.mtu.is_some());
        let v6 = bearer.ipv6.settings().map(|v6| v6.mtu.is_some());
        (v4, v6)
    };
    let ((old4, old6), (new4, new6)) = (mtu(old), mtu(new));
    let flips = |old: Option<bool>, new: Option<bool>| old.is_some() && new.is_some() && old != new;
    old.netdev != new.netdev || flips(old4, new4) || flips(old6, new6)
}

/// Options of an interface section that an interface on top of it inherits (mbim.sh, qmi.sh).
pub const INHERITED: &[&str] =
    &["metric", "defaultroute", "peerdns", "dns_metric", "ip4table", "ip6table", "zone", "delegate"];

/// Interfaces for `network add_dynamic` where the modem tells no addresses of a granted
/// family: DHCP or router advertisements run on top of the link, as after the stock
/// handlers (mbim.sh `_4` and `_6`).
pub fn dynamic(interface: &str, bearer: &Bearer, inherited: &Map) -> Vec<Value> {
    let on_top = |suffix: &str, proto: &str| {
        let mut message = inherited.clone();
        message.insert("name".into(), format!("{interface}_{suffix}").into());
        message.insert("device".into(), format!("@{interface}").into());
        message.insert("proto".into(), proto.into());
        message
    };
    let mut interfaces = Vec::new();
    if bearer.ipv4 == Addressing::Dynamic {
        interfaces.push(Value::Object(on_top("4", "dhcp")));
    }
    if bearer.ipv6 == Addressing::Dynamic {
        let mut message = on_top("6", "dhcpv6");
        // RFC 7278: the one /64 of the link also for the LAN.
        message.insert("extendprefix".into(), "1".into());
        interfaces.push(Value::Object(message));
    }
    interfaces
}

/// How long the handler waits for a daemon that is being restarted, before it says so, and in
/// all. procd starts it again after 1 s.
const PATIENCE: Duration = Duration::from_secs(3);
const LONG_PATIENCE: Duration = Duration::from_secs(60);
/// netifd kills a teardown after 5 s; the daemon answers within 4.
const TEARDOWN: Duration = Duration::from_millis(4500);
const CALL: Duration = Duration::from_secs(5);
/// Where netifd has its interfaces from.
const NETWORK: &str = "/etc/config/network";

/// The handler process: `"" dump`, `uwand setup|renew|teardown IFACE JSON [DEVICE]`.
pub fn main(args: &[String], globals: &Globals) -> ExitCode {
    let words: Vec<&str> = args.iter().map(String::as_str).listed();
    match words.as_slice() {
        [_, "dump", ..] => match tty::print(&format!("{}\n", dump())) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        [_, "setup" | "renew", interface, config, ..] => setup(interface, config, globals),
        [_, "teardown", interface, ..] => teardown(interface, globals),
        _ => {
            eprintln!(
                "uwand netifd: netifd calls this; wanted: \"\" dump, or uwand setup|renew|teardown IFACE JSON"
            );
            ExitCode::from(2)
        }
    }
}

fn setup(interface: &str, config: &str, globals: &Globals) -> ExitCode {
    let mut config: Map = match crate::json::from_str(config) {
        Ok(Value::Object(config)) => config,
        _ => {
            eprintln!("uwand netifd: the configuration of {interface} is not a JSON object");
            return ExitCode::from(2);
        }
    };
    if let Ok(text) = std::fs::read_to_string(NETWORK) {
        add_swallowed(&mut config, &text, interface);
    }
    let arguments = json!({ "interface": interface, "config": config });
    let sockets = &globals.ubus_sockets;
    let mut result = call(sockets, "uwand", "up", &arguments, CALL);
    if matches!(&result, Err(error) if is_absent(error)) {
        if !daemon_comes(interface, sockets) {
            return ExitCode::FAILURE;
        }
        result = call(sockets, "uwand", "up", &arguments, CALL);
    }
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("uwand netifd: {interface}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What netifd dropped of our own without a word: an option with a misspelt name, and a list
/// where one value is wanted. The daemon refuses both by name.
fn add_swallowed(config: &mut Map, network: &str, interface: &str) {
    for entry in uci::section(network, "interface", interface) {
        if config.contains_key(&entry.name) {
            continue;
        }
        if is_misspelt(&entry.name) {
            config.insert(entry.name, entry.value.into());
        } else if entry.is_list && is_single(&entry.name) {
            config.insert(entry.name, json!([entry.value]));
        }
    }
}

fn is_absent(error: &Error) -> bool {
    matches!(error, Error::Gone) || error.status() == Some(Status::NotFound)
}

/// Waits for the daemon; tells netifd after a while, and gives the setup up in the end.
fn daemon_comes(interface: &str, sockets: &[PathBuf]) -> bool {
    let Ok(runtime) = task::runtime() else { return false };
    let waiting = async {
        let client = Client::start(Source::Paths(sockets.to_vec()));
        let came = |limit| task::timeout(limit, client.wait_for("uwand"));
        if came(PATIENCE).await.is_ok() {
            return true;
        }
        let client = &client;
        let tell = |message: Value| async move {
            // Without netifd nobody is left to be told.
            let _ = client.invoke("network.interface", "notify_proto", &message, CALL).await;
        };
        tell(error(interface, &Cause::NoDaemon)).await;
        if came(LONG_PATIENCE).await.is_ok() {
            return true;
        }
        // netifd tries again by itself.
        tell(plain(interface, NotifyAction::SetupFailed)).await;
        false
    };
    let mut comes = false;
    task::block_on(&runtime, pin!(async { comes = waiting.await }));
    comes
}

fn teardown(interface: &str, globals: &Globals) -> ExitCode {
    let arguments = json!({ "interface": interface });
    match call(&globals.ubus_sockets, "uwand", "down", &arguments, TEARDOWN) {
        Ok(_) => ExitCode::SUCCESS,
        // Without a daemon there is nothing to take down.
        Err(error) if is_absent(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("uwand netifd: {interface}: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::cause::Reason;
    use crate::words::Family;

    fn v4(address: &str, prefix: u8, gateway: &str) -> Addressing<Ipv4Addr> {
        Addressing::Static(Family {
            addresses: vec![(address.parse().unwrap(), prefix)],
            gateway: Some(gateway.parse().unwrap()),
            dns: vec!["10.0.0.53".parse().unwrap()],
            mtu: Some(1430),
        })
    }

    #[test]
    fn the_dump_declares_every_option_once_and_lists_as_arrays() {
        let dump = dump();
        let config = dump["config"].as_array().unwrap();
        assert_eq!(config.len(), OPTIONS.len());
        assert!(config.contains(&json!(["apn", 3])) && config.contains(&json!(["watchdog_target", 1])));
        assert_eq!((&dump["no-proto-task"], &dump["lasterror"]), (&json!(true), &json!(true)));
    }

    #[test]
    fn an_ipv4_bearer_becomes_address_route_dns_and_mtu() {
        let bearer =
            Bearer { netdev: "wwan0".into(), ipv4: v4("10.1.2.3", 30, "10.1.2.1"), ..Bearer::default() };
        let message = link_up("wan", &bearer);
        assert_eq!(message["ipaddr"], json!([{ "ipaddr": "10.1.2.3", "mask": "30" }]));
        let route = json!([{ "target": "0.0.0.0", "netmask": "0", "gateway": "10.1.2.1", "mtu": 1430 }]);
        assert_eq!(message["routes"], route);
        assert_eq!(message["dns"], json!(["10.0.0.53"]));
        assert_eq!((&message["link-up"], &message["action"]), (&json!(true), &json!(0)));
        assert!(message.get("ip6addr").is_none());
    }

    #[test]
    fn a_gateway_out_of_reach_is_left_out_of_the_route() {
        let bearer = Bearer { ipv4: v4("10.1.2.3", 32, "10.1.2.1"), ..Bearer::default() };
        assert_eq!(link_up("wan", &bearer)["routes"][0].get("gateway"), None);
    }

    #[test]
    fn an_ipv6_prefix_is_shared_and_the_address_is_the_routers_own() {
        let ipv6 = Addressing::Static(Family {
            addresses: vec![("2001:db8:1:2:3::4".parse().unwrap(), 64)],
            gateway: Some("fe80::1".parse().unwrap()),
            dns: vec![],
            mtu: None,
        });
        let message = link_up("wan", &Bearer { ipv6, ..Bearer::default() });
        assert_eq!(message["ip6addr"], json!([{ "ipaddr": "2001:db8:1:2:3::4", "mask": "128" }]));
        assert_eq!(message["ip6prefix"], json!(["2001:db8:1:2::/64"]));
        let route =
            json!([{ "target": "::", "netmask": "0", "source": "2001:db8:1:2::/64", "gateway": "fe80::1" }]);
        assert_eq!(message["routes6"], route);
    }

    #[test]
    fn a_global_ipv6_gateway_gets_a_route_of_its_own_first() {
        let family = |gateway: &str| Family {
            addresses: vec![("2001:db8:1::2".parse().unwrap(), 64)],
            gateway: Some(gateway.parse().unwrap()),
            dns: vec![],
            mtu: None,
        };
        let routes = |gateway| {
            let ipv6 = Addressing::Static(family(gateway));
            link_up("wan", &Bearer { ipv6, ..Bearer::default() })["routes6"].clone()
        };
        let global = routes("2001:db8:1::1");
        assert_eq!(global[0], json!({ "target": "2001:db8:1::1", "netmask": "128" }));
        assert_eq!(global[1]["gateway"], "2001:db8:1::1");
        assert_eq!(routes("2001:db8:1::2")[0].get("gateway"), None, "a gateway can't be the address itself");
    }

    #[test]
    fn an_error_carries_code_words_and_the_networks_cause() {
        let message = error("wan", &Cause::ConnectFailed(Some(Reason::esm(27))));
        assert_eq!(message["error"][0], "CONNECT_FAILED");
        assert_eq!(message["error"][2], "ESM cause 27: unknown or missing APN: check option apn");
        assert_eq!(message["action"], 3);
    }

    #[test]
    fn what_netifd_dropped_is_found_in_the_file() {
        let network = "config interface wan\n\toption apnn x\n\tlist mtu 1400\n\toption ttl 65\n\
            \tlist dns 1.1.1.1\n\toption metric 7\nconfig interface lan\n\toption apm y\n";
        let mut config = json!({ "metric": 7 }).as_object().unwrap().clone();
        add_swallowed(&mut config, network, "wan");
        assert_eq!(Value::Object(config), json!({ "metric": 7, "apnn": "x", "mtu": ["1400"] }));
    }

    #[test]
    fn a_family_without_addresses_from_the_modem_gets_dhcp_on_top() {
        let bearer = Bearer { ipv4: Addressing::Dynamic, ipv6: Addressing::Dynamic, ..Bearer::default() };
        let inherited = json!({ "metric": 20 }).as_object().unwrap().clone();
        let interfaces = dynamic("wan", &bearer, &inherited);
        let v4 = json!({ "metric": 20, "name": "wan_4", "device": "@wan", "proto": "dhcp" });
        assert_eq!((interfaces.len(), &interfaces[0]), (2, &v4));
    }
}
