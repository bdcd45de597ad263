//! What `uwand doctor` finds, for ubus: the same checks, with what the daemon knows of itself.
//!
//! Contract: nothing is written, and no modem is asked. What netifd knows of our handler is
//! awaited for a moment; without it its check is left out.

use std::time::Duration;

use serde_json::json;

use super::Daemon;
use crate::doctor::{Place, findings, reply};
use crate::ubus::Request;

/// netifd answers at once, or is away.
const NETIFD: Duration = Duration::from_secs(2);

impl Daemon {
    pub(super) fn on_doctor(&self, request: Request) {
        let status = self.status_of(None);
        let (place, client) = (Place::new(self.sysfs.root()), self.client.clone());
        tokio::task::spawn_local(async move {
            let handlers = client.invoke("network", "get_proto_handlers", &json!({}), NETIFD).await.ok();
            request.reply(reply(&findings(&place, Ok(&status), handlers.as_ref())));
        });
    }
}
