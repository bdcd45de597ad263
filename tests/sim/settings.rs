//! What a link-up message puts on an interface, and what the real netifd would silently
//! get wrong with it.
//!
//! Contract: [`check`] names every hazard that was seen with the real netifd, so that a test
//! fails where a router would have been without an address; [`status`] gives the lists of
//! `ifstatus`.

use std::net::{Ipv4Addr, Ipv6Addr};

use uwand::json::{Map, ToJson, Value, json};

const LINK: &[&str] = &[
    "interface",
    "action",
    "link-up",
    "ifname",
    "address-external",
    "keep",
    "ipaddr",
    "ip6addr",
    "ip6prefix",
    "routes",
    "routes6",
    "gateway",
    "ip6gw",
    "dns",
    "dns_search",
    "data",
    "tunnel",
    "neighbor",
    "neighbor6",
];
const ADDRESS: &[&str] = &["ipaddr", "mask", "broadcast", "ptp", "preferred", "valid", "offlink", "class"];
const ROUTE: &[&str] = &[
    "target", "netmask", "gateway", "metric", "mtu", "source", "valid", "table", "onlink", "type", "proto",
    "disabled",
];
/// Attributes of a route that netifd does not compare, but the kernel does.
const FLAGS: &[&str] = &["mtu", "onlink", "metric"];

fn list<'a>(message: &'a Value, key: &str) -> &'a [Value] {
    message[key].as_array().map_or(&[], Vec::as_slice)
}

/// Everything in a link-up message that netifd swallows without a word.
pub fn check(message: &Value) -> Vec<String> {
    let mut found = Vec::new();
    unknown(message, LINK, "notify_proto", &mut found);
    for key in ["ipaddr", "ip6addr", "ip6prefix", "routes", "routes6", "dns", "dns_search"] {
        if !message[key].is_null() && !message[key].is_array() {
            found.push(format!("{key} is no array"));
        }
    }
    for (key, longest) in [("ipaddr", 32), ("ip6addr", 128)] {
        list(message, key).iter().for_each(|entry| address(entry, longest, &mut found));
    }
    for (key, longest) in [("routes", 32), ("routes6", 128)] {
        list(message, key).iter().for_each(|entry| route(entry, longest, &mut found));
    }
    for server in list(message, "dns") {
        if !server.as_str().is_some_and(|text| is_v4(text) || is_v6(text)) {
            found.push(format!("dns {server} is no address"));
        }
    }
    for prefix in list(message, "ip6prefix") {
        if !prefix.as_str().is_some_and(|text| is_prefix(text.split(',').next().unwrap_or(text), 64)) {
            found.push(format!("ip6prefix {prefix} is no prefix up to /64"));
        }
    }
    found
}

fn unknown(table: &Value, known: &[&str], what: &str, found: &mut Vec<String>) {
    for key in table.as_object().into_iter().flat_map(Map::keys) {
        if !known.contains(&key.as_str()) {
            found.push(format!("{what} has no {key}"));
        }
    }
}

fn is_v4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

fn is_v6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

fn is_prefix(text: &str, longest: u8) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    is_v6(address) && length.parse::<u8>().is_ok_and(|length| (1..=longest).contains(&length))
}

fn is_address(value: &Value, longest: u8) -> bool {
    value.as_str().is_some_and(|text| if longest == 32 { is_v4(text) } else { is_v6(text) })
}

fn is_mask(value: &Value, longest: u8) -> bool {
    value.is_null()
        || value.as_str().is_some_and(|text| text.parse::<u8>().is_ok_and(|n| n <= longest) || is_v4(text))
}

fn address(entry: &Value, longest: u8, found: &mut Vec<String>) {
    unknown(entry, ADDRESS, "an address", found);
    if !is_address(&entry["ipaddr"], longest) || !is_mask(&entry["mask"], longest) {
        found.push(format!("address {entry}: netifd would leave it and all after it out"));
    }
    if entry["preferred"].as_i64().unwrap_or(0) > entry["valid"].as_i64().unwrap_or(i64::MAX) {
        found.push(format!("address {entry} is preferred for longer than valid"));
    }
}

fn route(entry: &Value, longest: u8, found: &mut Vec<String>) {
    unknown(entry, ROUTE, "a route", found);
    let gateway = &entry["gateway"];
    let right = is_address(&entry["target"], longest)
        && is_mask(&entry["netmask"], longest)
        && (gateway.is_null() || is_address(gateway, longest))
        && ["mtu", "metric", "valid"]
            .iter()
            .all(|key| entry[*key].is_null() || entry[*key].as_i64().is_some());
    if !right {
        found.push(format!("route {entry}: netifd would leave it out"));
    }
}

/// What is lost from the kernel when `new` replaces `old` in place, because netifd adds the
/// new entry before it removes the old one, and the kernel takes both for one.
pub fn check_change(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for before in list(old, "ip6addr") {
        let same = list(new, "ip6addr").iter().find(|after| after["ipaddr"] == before["ipaddr"]);
        if same.is_some_and(|after| after["mask"] != before["mask"]) {
            found.push(format!("{} changes its mask in place: lost", before["ipaddr"]));
        }
    }
    let key = |route: &Value| ["target", "netmask", "source"].map(|key| route[key].clone());
    for family in ["routes", "routes6"] {
        for before in list(old, family) {
            let same = list(new, family).iter().find(|after| key(after) == key(before));
            let flipped =
                |after: &Value| FLAGS.iter().any(|flag| after[*flag].is_null() != before[*flag].is_null());
            if same.is_some_and(flipped) {
                found.push(format!("route to {} changes a flag in place: lost", before["target"]));
            }
        }
    }
    found
}

/// Whether netifd sees a change that it tells as `interface.update`.
pub fn is_update(old: &Value, new: &Value) -> bool {
    let shape = |message: &Value| {
        let routes = |family: &str| -> Vec<Value> {
            let key =
                |route: &Value| json!([route["target"], route["netmask"], route["source"], route["metric"]]);
            list(message, family).iter().map(key).collect()
        };
        json!([
            list(message, "ipaddr"),
            list(message, "ip6addr"),
            list(message, "ip6prefix"),
            message["data"],
            routes("routes"),
            routes("routes6")
        ])
    };
    shape(old) != shape(new)
}

/// The lists of `ifstatus` for an interface that is up.
pub fn status(link: &Value, table: &mut Map) {
    let addresses = |key: &str, longest: u8| -> Value {
        let shown =
            |entry: &Value| json!({"address": entry["ipaddr"], "mask": mask(&entry["mask"], longest)});
        list(link, key).iter().map(shown).collect()
    };
    let mut routes = Vec::new();
    for (key, longest, any) in [("routes", 32, "0.0.0.0"), ("routes6", 128, "::")] {
        routes.extend(list(link, key).iter().map(|entry| shown_route(entry, longest, any)));
    }
    let prefixes: Value = list(link, "ip6prefix").iter().filter_map(shown_prefix).collect();
    table.insert("l3_device".into(), link["ifname"].clone());
    table.insert("ipv4-address".into(), addresses("ipaddr", 32));
    table.insert("ipv6-address".into(), addresses("ip6addr", 128));
    table.insert("ipv6-prefix".into(), prefixes);
    table.insert("route".into(), routes.into());
    table.insert("dns-server".into(), list(link, "dns").to_json());
    table.insert("dns-search".into(), list(link, "dns_search").to_json());
}

fn shown_prefix(prefix: &Value) -> Option<Value> {
    let (address, mask) = prefix.as_str()?.split(',').next()?.split_once('/')?;
    Some(json!({"address": address, "mask": mask.parse::<u8>().ok()?, "class": "wan"}))
}

fn shown_route(entry: &Value, longest: u8, any: &str) -> Value {
    let text = |key: &str, default: &str| entry[key].as_str().unwrap_or(default).to_string();
    let mut route = json!({
        "target": entry["target"], "mask": mask(&entry["netmask"], longest), "nexthop": text("gateway", any),
    });
    for key in ["mtu", "metric"] {
        if !entry[key].is_null() {
            route[key] = entry[key].clone();
        }
    }
    route["source"] = text("source", &format!("{any}/0")).into();
    route
}

fn mask(mask: &Value, longest: u8) -> u32 {
    let text = mask.as_str().unwrap_or_default();
    let dotted = || text.parse::<Ipv4Addr>().ok().map(|mask| u32::from(mask).leading_ones());
    text.parse().ok().or_else(dotted).unwrap_or(longest.into())
}
