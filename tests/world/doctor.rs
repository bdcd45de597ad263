//! `doctor` over ubus, by a daemon with a modem.

use crate::sim::modem::Setup;
use crate::sim::world::{MINUTE, SECOND, World};
use uwand::json::{Value, json};

fn result(reply: &Value, check: &str) -> Option<String> {
    let findings = reply["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["check"] == check)?;
    Some(format!("{}: {}", found["result"], found["what"]).replace('"', ""))
}

#[test]
fn the_daemon_tells_what_it_finds_and_nothing_of_identities() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(30 * SECOND).await;
        let reply = w.bus.invoke("uwand", "doctor", &json!({}), MINUTE).await.expect("findings");
        assert_eq!(result(&reply, "link").as_deref(), Some("ok: interface wan is up"));
        assert!(result(&reply, "daemon").is_some_and(|told| told.starts_with("ok: uwand ")), "{reply}");
        assert!(result(&reply, "registration").is_some_and(|told| told.starts_with("ok: ")), "{reply}");
        let status = w.bus.invoke("uwand", "status", &json!({}), MINUTE).await.expect("status");
        for key in ["imei", "imsi", "iccid"] {
            let secret = status["modems"][0][key].as_str().expect("told");
            assert!(!reply.to_string().contains(secret), "{key}");
        }
    });
}
