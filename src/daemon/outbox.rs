//! What netifd is told, in order and one at a time, and what it shows of itself.
//!
//! Contract: messages leave in the order in which they were put in; one that netifd
//! refuses or does not answer in time is dropped with a log line. Nobody waits for one.

use std::time::Duration;

use crate::few::Listed;
use crate::json::{Value, json};
use crate::queue::{Sender, unbounded};
use crate::ubus::{Client, Status};

/// netifd answers at once, unless it hangs.
const LIMIT: Duration = Duration::from_secs(5);

enum Item {
    Notify(Value),
    Dynamic(Value),
    Renew(String),
}

pub struct Outbox {
    items: Sender<Item>,
}

/// One interface of ours in netifd's dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub interface: String,
    pub up: bool,
    pub pending: bool,
    /// Not set by an `ifdown` since.
    pub autostart: bool,
}

impl Outbox {
    pub fn start(client: Client) -> Outbox {
        let (items, mut queue) = unbounded();
        crate::task::spawn(async move {
            while let Some(item) = queue.recv().await {
                send(&client, item).await;
            }
        });
        Outbox { items }
    }

    pub fn notify(&self, message: Value) {
        self.put(Item::Notify(message));
    }

    /// An interface on top of one of ours.
    pub fn add_dynamic(&self, interface: Value) {
        self.put(Item::Dynamic(interface));
    }

    /// Has netifd run the handler's `renew`, which brings us the configuration.
    pub fn renew(&self, interface: &str) {
        self.put(Item::Renew(interface.to_string()));
    }

    fn put(&self, item: Item) {
        // The task ends only with the runtime.
        let _ = self.items.send(item);
    }
}

async fn send(client: &Client, item: Item) {
    let (what, result) = match &item {
        Item::Notify(message) => {
            ("notify_proto", client.invoke("network.interface", "notify_proto", message, LIMIT).await)
        }
        Item::Dynamic(interface) => {
            ("add_dynamic", client.invoke("network", "add_dynamic", interface, LIMIT).await)
        }
        Item::Renew(interface) => {
            let arguments = json!({ "interface": interface });
            ("renew", client.invoke("network.interface", "renew", &arguments, LIMIT).await)
        }
    };
    match result {
        Ok(_) => {}
        // While it tears an interface down it wants to hear nothing more of it.
        Err(error) if error.status() == Some(Status::PermissionDenied) => {
            log::debug!("netifd: {what} while tearing down");
        }
        Err(error) => log::warn!("netifd: {what}: {error}"),
    }
}

/// Our interfaces, as netifd's dump shows them; `None` where it shows nothing at all.
pub async fn dump(client: &Client) -> Option<Vec<Shown>> {
    let reply = client.invoke("network.interface", "dump", &json!({}), LIMIT).await;
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            log::debug!("netifd: dump: {error}");
            return None;
        }
    };
    let interfaces = reply.get("interface").and_then(Value::as_array);
    Some(interfaces?.iter().filter_map(shown).listed())
}

fn shown(interface: &Value) -> Option<Shown> {
    let flag = |name: &str| interface.get(name).and_then(Value::as_bool).unwrap_or(false);
    if interface.get("proto")?.as_str()? != "uwand" {
        return None;
    }
    Some(Shown {
        interface: interface.get("interface")?.as_str()?.to_string(),
        up: flag("up"),
        pending: flag("pending"),
        autostart: flag("autostart"),
    })
}
