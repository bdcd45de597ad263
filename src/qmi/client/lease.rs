//! A client id of one service, for as long as it is needed.

use super::table::Lost;
use super::{Answer, Asked, Client, Event, Exchange, answer, reply};
use crate::qmi::error::{QmiError, result};
use crate::qmi::frame::{BROADCAST, Service};
use crate::qmi::tlv::{self, Request};

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
    pub fn call<R: Request>(&self, request: &R) -> Asked<'_, R::Reply> {
        Asked::new(self.exchange(R::SERVICE, R::ID, tlv::emit(request)), &self.client, reply)
    }

    /// Like [`Lease::call`], but a refusal keeps the rest of the answer.
    pub fn ask<R: Request>(&self, request: &R) -> Asked<'_, Answer<R::Reply>> {
        Asked::new(self.exchange(R::SERVICE, R::ID, tlv::emit(request)), &self.client, answer)
    }

    /// Sends a request of which only the result matters.
    pub fn tell<R: Request>(&self, request: &R) -> Asked<'_, Result<(), QmiError>> {
        let read = |_: &Client, tlvs: &[u8]| Ok(result(tlvs)?);
        Asked::new(self.exchange(R::SERVICE, R::ID, tlv::emit(request)), &self.client, read)
    }

    fn exchange(&self, service: Service, message: u16, tlvs: Vec<u8>) -> Exchange<'_> {
        debug_assert_eq!(service, self.service);
        self.client.exchange(service, (self.id, Some(self.life)), message, tlvs)
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
