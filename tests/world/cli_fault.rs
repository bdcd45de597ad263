//! What is wrong, was wrong and is measured, by the binary.

use crate::cli::{World, ended, finished, run, text, uwand};
use uwand::json::{Value, json};

#[test]
fn what_is_wrong_was_wrong_and_is_measured_is_asked_of_the_daemon() {
    run(async {
        let world = World::new("fault");
        let _daemon = world.daemon().await;
        let explained = world.run(&["explain", "-i", "wan"]).await;
        ended(&explained, 0);
        assert!(text(&explained.stdout).starts_with("wan: up, stalled\n  problem      connected, but no"));
        let outages = world.run(&["outages", "-i", "wan", "--limit", "1"]).await;
        ended(&outages, 0);
        let told = text(&outages.stdout);
        assert!(
            told.starts_with("wan: 1 min ago, for 9 s\n  problem      evil?[2J\n  cure         reconnect"),
            "{told}"
        );
        let last = world.asked.borrow().last().cloned();
        assert_eq!(last, Some(("outages".to_string(), json!({"interface": "wan", "limit": 1}))));
        let metrics = world.run(&["metrics"]).await;
        assert_eq!(text(&metrics.stdout), "# TYPE uwand info\n# EOF\n");
        // Several interfaces, and none named.
        ended(&world.run(&["explain"]).await, 1);
    });
}

#[test]
fn doctor_needs_neither_daemon_nor_bus() {
    run(async {
        let mut doctor = uwand(&["doctor", "--json"]);
        let nowhere = std::env::temp_dir().join(format!("uwand-nowhere-{}/sys", std::process::id()));
        doctor.env("UWAND_UBUS_SOCKET", "/nowhere/ubus.sock").env("UWAND_SYSFS", nowhere);
        let output = finished(doctor).await;
        ended(&output, 0);
        let reply: Value = uwand::json::from_slice(&output.stdout).expect("JSON");
        let findings = reply["findings"].as_array().expect("findings");
        let result = |check: &str| findings.iter().find(|f| f["check"] == check).map(|f| f["result"].clone());
        assert_eq!((result("modem"), result("daemon")), (Some(json!("fail")), Some(json!("warn"))));
    });
}
