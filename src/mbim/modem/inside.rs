//! QMI inside MBIM (Qualcomm's modems: MC7455, EM7565, RM5xx): frames to and fro. What is in them
//! is not known here.
//!
//! Contract: a [`Passage`] keeps the channel open for as long as it lives. An answer may take a
//! minute: whoever asked may have given up before, and yet needs to know what the modem did.

use super::Modem;
use crate::answers::Refused;
use crate::cause::Why;
use crate::mbim::client::Client;
use crate::mbim::messages::qmi::SetQmiMessage;
use crate::mbim::messages::{Message, Raw};
use crate::mbim::service::Service;
use crate::queue::{Receiver, unbounded};

pub struct Passage(Client);

impl Passage {
    /// One QMUX frame there, and what answers it.
    pub async fn carry(&self, frame: Vec<u8>) -> Result<Vec<u8>, Refused> {
        let answer = self.0.command(&SetQmiMessage { qmux: Raw(frame) }).await?;
        Ok(answer.qmux.0)
    }
}

impl Modem {
    /// Whether it lists the service.
    pub async fn carries_qmi(&self) -> Result<bool, Why> {
        self.offers(Service::Qmi, SetQmiMessage::CID).await
    }

    /// The way for frames, and those that come unasked.
    pub fn passage(&self) -> (Passage, Receiver<Vec<u8>>) {
        let (told, unasked) = unbounded();
        *self.unasked.borrow_mut() = Some(told);
        (Passage(self.client.clone()), unasked)
    }
}
