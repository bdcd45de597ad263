//! What `uwand doctor` finds, for ubus: the same checks, with what the daemon knows of itself.
//!
//! Contract: nothing is written, and no modem is asked. What netifd knows of our handler is
//! awaited for a moment; without it its check is left out.

use std::time::Duration;

use super::Daemon;
use super::asks::{Answer, No, Reply};
use crate::doctor::{Place, findings, reply};
use crate::json::{Value, json};
use crate::ubus::Status;

/// netifd answers at once, or is away.
const NETIFD: Duration = Duration::from_secs(2);

impl Daemon {
    pub(super) fn on_doctor(&self) -> Answer {
        let status = self.status_of(None);
        let (place, client) = (Place::new(self.sysfs.root()), self.client.clone());
        Ok(Reply::Later(Box::pin(async move {
            let handlers = client.invoke("network", "get_proto_handlers", &json!({}), NETIFD).await.ok();
            // It reads what every process has open: not in the loop.
            let look = move || reply(&findings(&place, Ok(&status), handlers.as_ref()));
            tokio::task::spawn_blocking(look).await.map_err(|_| No::of(Status::UnknownError, Value::Null))
        })))
    }
}
