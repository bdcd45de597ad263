//! What `uwand status` and `uwand signal` print, whole.

use super::*;
use crate::json::json;

fn example() -> Value {
    json!({
        "version": "0.1.0", "uptime": 11_550,
        "interfaces": [
            {"interface": "wan", "state": "up", "since": 11_520, "modem": "1-1.2", "netdev": "wwan0",
             "control": "mbim", "technology": "lte", "mtu": 1430,
             "ipv4": {"addresses": ["10.0.0.2/30"], "gateway": "10.0.0.1", "dns": ["9.9.9.9", "1.1.1.1"]},
             "ipv6": {"addresses": [], "dns": [], "dynamic": true},
             "note": "the network granted no IPv4 DNS"},
            {"interface": "backup", "state": "waiting", "since": 12, "next_try": 48,
             "error": "CONNECT_FAILED", "reason": "the connection was refused or ended; ESM cause 27: unknown or missing APN"},
        ],
        "modems": [
            {"id": "1-1.2", "state": "open", "device": "/dev/cdc-wdm0", "driver": "cdc_mbim",
             "at_port": "/dev/ttyUSB2", "manufacturer": "Sierra Wireless", "model": "EM7565",
             "revision": "SWI9X50C_01.14.02", "imei": "353000000000000", "iccid": "89490000000000000000",
             "imsi": "262010000000000", "sim": "ready", "radio": "on", "registration": "home",
             "operator": "Telekom.de", "mcc_mnc": "26201", "technology": "lte", "roaming": false,
             "attached": true, "signal": {"rssi": -65, "rsrp": -95, "rsrq": -10.5, "sinr": 12.0, "bars": 3},
             "temperature": 45.5, "malformed": 3, "timeouts": 1},
            {"id": "1-1.4", "state": "seen", "device": "/dev/cdc-wdm1", "driver": "qmi_wwan",
             "malformed": 0, "timeouts": 0},
        ],
    })
}

#[test]
fn status_is_a_page_that_a_person_likes_to_read() {
    let expected = "\
wan: up for 3 h 12 min, LTE
  IPv4         10.0.0.2/30, via 10.0.0.1, DNS 9.9.9.9 1.1.1.1
  IPv6         by router advertisement
  MTU          1430
  device       wwan0, MBIM, modem 1-1.2
  note         the network granted no IPv4 DNS

backup: waiting for 12 s, next try in 48 s
  error        CONNECT_FAILED: the connection was refused or ended; ESM cause 27: unknown or missing APN

modem 1-1.2: open, Sierra Wireless EM7565
  firmware     SWI9X50C_01.14.02
  network      Telekom.de (26201), home, LTE, attached
  signal       ▂▃▅·· 3/5
               RSRP -95 dBm, RSRQ -10.5 dB, SINR 12.0 dB, RSSI -65 dBm
  SIM          ready
               IMSI 262010000000000, ICCID 89490000000000000000
  IMEI         353000000000000
  device       /dev/cdc-wdm0, cdc_mbim, AT /dev/ttyUSB2
  temperature  45.5 °C
  faults       3 malformed messages, 1 request without an answer

modem 1-1.4: seen
  device       /dev/cdc-wdm1, qmi_wwan

uwand 0.1.0, running for 3 h 12 min
";
    assert_eq!(status(&example(), &Style::PLAIN), expected);
}

#[test]
fn a_narrow_terminal_without_unicode_gets_short_lines_of_ascii() {
    let style = Style { colour: false, unicode: false, width: Some(44) };
    let page = status(&example(), &style);
    assert!(page.is_ascii());
    let longest = page.lines().map(str::len).max();
    assert!(longest <= Some(44), "{page}");
    assert!(page.contains("  signal       |||.. 3/5\n"), "{page}");
}

#[test]
fn a_hostile_network_cannot_move_the_cursor_or_add_a_line() {
    let reply = json!({"modems": [{"id": "m", "operator": "Evil\u{1b}[2J\nwan: up", "sim": "\u{9b}31m"}]});
    let page = status(&reply, &Style::PLAIN);
    assert!(page.contains("  network      Evil?[2J?wan: up\n"), "{page}");
    assert!(!page.contains(['\u{1b}', '\u{9b}']));
}

#[test]
fn a_reply_of_another_version_is_shown_as_far_as_it_is_understood() {
    let reply = json!({"interfaces": [{"interface": 7, "state": {"new": 1}, "since": -4, "ipv4": "x"}, 9], "modems": 3});
    assert_eq!(status(&reply, &Style::PLAIN), "7: unknown\n\n?: unknown\n");
    assert!(status(&Value::Null, &Style::PLAIN).starts_with("No interface to show."));
}

#[test]
fn a_blocked_sim_is_red_and_tells_the_tries() {
    let style = Style { colour: true, ..Style::PLAIN };
    let reply = json!({"modems": [{"id": "m", "state": "open", "sim": "pin-required", "pin_tries": 1}]});
    let page = status(&reply, &style);
    assert!(page.contains("\u{1b}[31mpin-required, 1 try left\u{1b}[0m"), "{page}");
}

#[test]
fn signal_is_a_table_or_rows_on_a_narrow_terminal() {
    let modem = json!({"id": "1-1.2", "operator": "Telekom.de", "registration": "home", "technology": "5g-nsa",
        "signal": {"rsrp": -95, "sinr": 12.0, "bars": 3}});
    let reply = json!({"modems": [modem, {"id": "1-1.4", "registration": "searching"}]});
    let table = "\
MODEM  NETWORK             SIGNAL     RSRP     SINR
1-1.2  Telekom.de  5G NSA  ▂▃▅·· 3/5  -95 dBm  12.0 dB
1-1.4  searching           unknown
";
    assert_eq!(signal(&reply, &Style::PLAIN), table);
    let rows = "\
modem 1-1.2
  network      Telekom.de, home, 5G NSA
  signal       ▂▃▅·· 3/5
               RSRP -95 dBm, SINR 12.0 dB

modem 1-1.4
  network      searching
";
    assert_eq!(signal(&reply, &Style { width: Some(50), ..Style::PLAIN }), rows);
}
