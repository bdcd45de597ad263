//! blobmsg and ubus frames that the daemon sees all day.

use crate::measure::measure;
use std::hint::black_box;
use uwand::ubus::blob::parse_table;
use uwand::ubus::message::{Message, Status, say};

use uwand::json::{Value, json};

/// What `notify_proto` carries for a link with both families.
fn link_up() -> Value {
    json!({
        "interface": "wan", "action": 0, "link-up": true, "ifname": "wwan0", "address-external": false,
        "keep": false,
        "ipaddr": [{"ipaddr": "10.64.12.2", "mask": "30"}],
        "routes": [{"target": "0.0.0.0", "netmask": "0", "gateway": "10.64.12.1", "mtu": 1430}],
        "ip6addr": [{"ipaddr": "2001:db8:1:2::1", "mask": "128"}], "ip6prefix": ["2001:db8:1:2::/64"],
        "routes6": [{"target": "::", "netmask": "0", "source": "2001:db8:1:2::/64", "mtu": 1430}],
        "dns": ["10.64.0.53", "10.64.0.54", "2001:db8::53"],
        "data": {"session": 0, "technology": "lte"},
    })
}

pub fn run() {
    let update = link_up();
    let invoke = |args: &Value| say::invoke(7, 0x1234_5678, "notify_proto", args).expect("it fits");
    let small = say::status(7, 0x1234_5678, 0x8765_4321, Status::Ok).expect("it fits");
    let frame = invoke(&update);
    measure("ubus status, parse", small.len(), || Message::parse(black_box(&small)).expect("well-formed"));
    measure("ubus status, emit", small.len(), || say::status(black_box(7), 1, 2, Status::Ok));
    measure("ubus invoke notify_proto, parse to JSON", frame.len(), || {
        let message = Message::parse(black_box(&frame)).expect("well-formed");
        parse_table(message.data.unwrap_or_default()).expect("well-formed")
    });
    measure("ubus invoke notify_proto, emit from JSON", frame.len(), || invoke(black_box(&update)));
}
