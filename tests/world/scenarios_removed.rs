//! An interface that is taken out of the configuration, while the daemon runs.

use crate::sim;

use sim::modem::Setup;
use sim::world::{SECOND, WAN, World};

use uwand::json::{Value, json};

async fn interfaces(w: &World) -> Vec<Value> {
    w.status().await["interfaces"].as_array().cloned().unwrap_or_default()
}

#[test]
fn an_interface_that_is_removed_leaves_the_status_and_gives_its_modem_back() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(5 * SECOND).await;
        w.netifd.configure(WAN, None);
        w.pass(10).await;
        assert!(interfaces(w).await.is_empty(), "{:?}", interfaces(w).await);
        assert_eq!((w.of_modem("state").await, w.modem.sessions().len()), (json!("seen"), 0));
        // Written anew, it is as good as the first time.
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(5 * SECOND).await;
        assert_eq!(interfaces(w).await.len(), 1);
    });
}

#[test]
fn an_interface_that_is_only_down_stays_and_keeps_its_modem_open() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(5 * SECOND).await;
        w.netifd.ifdown(WAN);
        w.pass(60).await;
        assert_eq!(w.of_interface("state").await, "down");
        assert_eq!(w.of_modem("state").await, "open");
    });
}

#[test]
fn one_that_is_written_again_at_once_is_not_forgotten() {
    World::run(Setup::default(), async |w| {
        for _ in 0..20 {
            w.ifup(json!({ "apn": "internet" }));
            w.up_within(5 * SECOND).await;
            w.netifd.configure(WAN, None);
            w.pass(1).await;
        }
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(5 * SECOND).await;
        w.pass(60).await;
        assert_eq!(w.of_interface("state").await, "up");
    });
}
