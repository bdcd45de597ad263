//! Sections as people have them, and what they mean afterwards.

use super::*;

fn modem(driver: &str) -> Seen {
    let nodes = ["cdc-wdm0", "ttyUSB0", "ttyUSB2", "1-1.2"].map(String::from).to_vec();
    Seen { id: "1-1.2".into(), nodes, driver: driver.into() }
}

fn one(section: &str) -> Change {
    let mut changes =
        plan(&format!("package network\n\nconfig interface 'wan'\n{section}"), None, &[modem("qmi_wwan")]);
    assert_eq!(changes.len(), 1, "{section}");
    changes.remove(0)
}

/// `name=value` of the new section, sorted.
fn new(section: &str) -> Vec<String> {
    let mut new: Vec<String> = one(section).new.iter().map(|e| format!("{}={}", e.name, e.value)).collect();
    new.sort();
    new
}

#[test]
fn a_qmi_section_roams_and_is_ipv4_only_unless_it_says_otherwise() {
    let section = "option proto qmi\noption device '/dev/cdc-wdm0'\noption apn 'internet'\noption plmn '0'";
    let expected = ["allow_roaming=1", "apn=internet", "device=/dev/cdc-wdm0", "pdptype=ipv4", "proto=uwand"];
    assert_eq!(new(section), expected);
    let section = "option proto qmi\noption pdptype 'IPV4V6'\noption modes 'lte,umts,5gnr'\noption profile 2\n\
        option plmn 26201\noption auth both\noption metric 10\noption delay 5\noption mtu 1430\noption pincode 0123\n\
        list dns 9.9.9.9\nlist dns 1.1.1.1\noption ip4table 7\noption autoconnect 1\noption v6apn x";
    let expected = [
        "allow_roaming=1",
        "auth=both",
        "delay=5",
        "dns=1.1.1.1",
        "dns=9.9.9.9",
        "ip4table=7",
        "metric=10",
        "modes=lte,umts,5g",
        "mtu=1430",
        "pdptype=ipv4v6",
        "pincode=0123",
        "plmn=26201",
        "profile=2",
        "proto=uwand",
    ];
    assert_eq!(new(section), expected);
    let dropped: Vec<String> = one(section).dropped.into_iter().map(|(name, _)| name).collect();
    assert_eq!(dropped, ["autoconnect", "v6apn"]);
}

#[test]
fn an_mbim_section_roams_only_where_it_said_so() {
    assert_eq!(
        new("option proto mbim\noption apn x\noption auth chap"),
        ["apn=x", "auth=chap", "proto=uwand"]
    );
    let section = "option proto mbim\noption allow_roaming 1\noption allow_partner 1\noption ipv6 0";
    assert_eq!(new(section), ["allow_roaming=1", "pdptype=ipv4", "proto=uwand"]);
    assert_eq!(one(section).dropped[0].0, "allow_partner");
    assert_eq!(new("option proto mbim\noption pdptype ip"), ["proto=uwand"]);
}

#[test]
fn serial_protocols_move_to_the_modem_that_their_port_belongs_to() {
    let section = "option proto 3g\noption device /dev/ttyUSB2\noption service umts_only\noption apn x\n\
        option username u\noption password p\noption dialnumber '*99#'";
    let expected = [
        "allow_roaming=1",
        "apn=x",
        "auth=both",
        "device=1-1.2",
        "modes=umts",
        "password=p",
        "pdptype=ipv4",
        "proto=uwand",
        "username=u",
    ];
    assert_eq!(new(section), expected);
    assert_eq!(one(section).dropped[0].0, "dialnumber");
    let section =
        "option proto ncm\noption device /dev/ttyUSB0\noption mode preferlte\noption pdptype IPV4V6";
    assert_eq!(new(section), ["allow_roaming=1", "device=1-1.2", "pdptype=ipv4v6", "proto=uwand"]);
    assert_eq!(one(section).dropped[0].0, "mode");
}

#[test]
fn what_could_not_work_is_left_alone_and_says_why() {
    for section in [
        "option proto 3g\noption device /dev/ttyUSB9",
        "option proto ncm\noption device /dev/cdc-wdm7",
        "option proto 3g\noption device /dev/ttyUSB0\noption service evdo",
        "option proto qmi\noption apn 'a\nb'",
    ] {
        let change = one(section);
        assert!(change.new.is_empty() && change.diff().is_empty(), "{section}");
        assert!(change.notes.iter().any(|note| note.starts_with("left alone: ")), "{section}");
    }
}

#[test]
fn a_modemmanager_section_keeps_its_sysfs_path_and_its_consent_to_roam() {
    let section = "option proto modemmanager\noption device /sys/devices/platform/usb1/1-1\noption apn x\n\
        list allowedauth pap\nlist allowedauth chap\noption allowedmode '3g|4g'\noption preferredmode 4g\n\
        option iptype ipv4v6\noption signalrate 30\noption username u";
    let expected = [
        "allow_roaming=1",
        "apn=x",
        "auth=both",
        "device=/sys/devices/platform/usb1/1-1",
        "modes=umts,lte",
        "pdptype=ipv4v6",
        "proto=uwand",
        "username=u",
    ];
    assert_eq!(new(section), expected);
    let dropped: Vec<String> = one(section).dropped.into_iter().map(|(name, _)| name).collect();
    assert_eq!(dropped, ["preferredmode", "signalrate"]);
    assert_eq!(new("option proto modemmanager\noption allow_roaming 0"), ["pdptype=ipv4", "proto=uwand"]);
    let eap = one("option proto modemmanager\noption allowedauth 'eap'");
    assert_eq!(eap.dropped[0].0, "auth");
}

#[test]
fn a_wwan_section_does_as_the_driver_behind_it_did() {
    assert_eq!(
        new("option proto wwan\noption bus 1-1.2"),
        ["allow_roaming=1", "device=1-1.2", "proto=uwand"]
    );
    let change = one("option proto wwan\noption apn x");
    assert!(change.new.iter().all(|entry| entry.name != "allow_roaming") && change.notes.len() == 1);
}

#[test]
fn what_our_parser_refuses_is_saved_and_said() {
    let change = one("option proto qmi\noption pincode 12\noption mtu 20\noption apn x");
    let names: Vec<&str> = change.new.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["proto", "apn", "pdptype", "allow_roaming"]);
    assert_eq!(change.dropped.len(), 2);
    assert!(change.dropped.iter().all(|(_, why)| !why.is_empty()));
}

#[test]
fn every_option_of_a_section_is_kept_dropped_aloud_or_said_otherwise() {
    // Any option of the six handlers; nothing may vanish without a word.
    const ALL: &str = "apn v6apn auth username password pincode delay modes pdptype profile v6profile dhcp dhcpv6 \
        sourcefilter delegate autoconnect plmn timeout mtu metric defaultroute peerdns ip4table ip6table zone \
        allow_roaming allow_partner ipv6 mode service dialnumber allowedauth allowedmode preferredmode iptype \
        signalrate lowpower force_connection init_epsbearer bus ppp_redial keepalive";
    for proto in PROTOCOLS {
        for name in ALL.split(' ').filter(|name| !name.is_empty()) {
            let value = match name {
                "plmn" => "26201",
                "pincode" => "1234",
                "mtu" => "1400",
                "auth" | "allowedauth" => "pap",
                "modes" | "mode" => "lte",
                "allowedmode" => "4g",
                "service" => "gprs_only",
                "pdptype" | "iptype" => "ipv6",
                "bus" => "1-1.2",
                _ => "1",
            };
            let change =
                one(&format!("option proto {proto}\noption device /dev/ttyUSB0\noption {name} '{value}'"));
            let translated = ["iptype", "allow_roaming", "ipv6", "bus", "pdptype"].contains(&name)
                || ["mode", "allowedmode", "service", "allowedauth"].contains(&name);
            let kept = change.new.iter().any(|entry| entry.name == name);
            let said = change.dropped.iter().any(|(dropped, why)| dropped == name && !why.is_empty());
            assert!(kept || said || translated, "{proto} {name}");
            assert!(change.saved(&[]).contains(&format!("option {name} '{value}'")), "{proto} {name}");
        }
    }
}

#[test]
fn the_diff_hides_secrets_and_the_batch_has_them() {
    let change = one("option proto qmi\noption password 'it'\\''s'\noption pincode 1234\noption apn x");
    let diff = change.diff().join("\n");
    let expected = "- option proto 'qmi'\n  option password '***'\n  option pincode '***'\n  option apn 'x'\n\
        + option proto 'uwand'\n+ option pdptype 'ipv4'\n+ option allow_roaming '1'";
    assert_eq!(diff, expected);
    let batch = change.batch();
    assert!(batch.contains("set network.wan.password='it'\\''s'\n"), "{batch}");
    assert!(batch.starts_with("delete network.wan.proto\ndelete network.wan.password\n"), "{batch}");
    let saved = change.saved(&["wan".into(), "wan_2".into()]);
    assert!(saved.starts_with("config interface 'wan_3'\n\toption proto 'qmi'\n"), "{saved}");
}

#[test]
fn other_sections_are_none_of_our_business() {
    let text = "config interface lan\noption proto static\nconfig interface\noption proto qmi\n\
        config interface w1\noption proto uwand\nconfig interface w2\noption proto mbim\nconfig interface w3\noption proto qmi";
    let names =
        |only| -> Vec<String> { plan(text, only, &[]).into_iter().map(|change| change.interface).collect() };
    assert_eq!(names(None), ["w2", "w3"]);
    assert_eq!(names(Some("w3")), ["w3"]);
    assert_eq!(names(Some("lan")), [""; 0]);
}
