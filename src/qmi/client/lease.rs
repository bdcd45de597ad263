//! A client id of one service, for as long as it is needed.

use super::table::Lost;
use super::{Answer, Client, Error, Event, accepted};
use crate::qmi::error::QmiError;
use crate::qmi::frame::{BROADCAST, Service};
use crate::qmi::tlv::Request;

/// A client id. Dropping it releases it; see the module for what that ends.
pub struct Lease {
    client: Client,
    service: Service,
    id: u8,
    /// Which life of the modem it belongs to.
    life: u32,
    kept: bool,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.service.label(), self.id)
    }
}

impl Lease {
    pub(super) fn new(client: Client, service: Service, id: u8) -> Lease {
        let life = client.shared().table.borrow_mut().hold(service, id);
        Lease { client, service, id, life, kept: false }
    }

    pub fn service(&self) -> Service {
        self.service
    }

    pub fn id(&self) -> u8 {
        self.id
    }

    /// Leaves the client id allocated in the modem, for a successor. Gives its number.
    pub fn keep(mut self) -> u8 {
        self.kept = true;
        self.id
    }

    /// Sends a request and reads its answer.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Reply, Error> {
        accepted(self.ask(request).await?)
    }

    /// Like [`Lease::call`], but a refusal keeps the rest of the answer.
    pub async fn ask<R: Request>(&self, request: &R) -> Result<Answer<R::Reply>, Error> {
        debug_assert_eq!(R::SERVICE, self.service);
        if self.client.shared().table.borrow().is_lost(self.life) {
            // The modem would say nothing to a client id of its former life, for ten seconds.
            return Err(Error::Refused(QmiError::InvalidClientId));
        }
        self.client.ask_as(self.id, request).await
    }

    /// Whether an event is for this client id (or for all of its service).
    pub fn owns(&self, event: &Event) -> bool {
        match event {
            Event::Indication(frame) => {
                frame.service == self.service && (frame.client == self.id || frame.client == BROADCAST)
            }
            Event::Restarted | Event::Malformed(_) | Event::Gone => false,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let shared = self.client.shared();
        let lost = Lost { service: self.service, id: self.id, life: self.life };
        shared.table.borrow_mut().give_back(lost, !self.kept);
        shared.wake.notify_one();
    }
}
