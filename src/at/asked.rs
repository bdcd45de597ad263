//! What a person asks of a modem, by AT: messages and USSD, where the control channel of the
//! modem has none of it.
//!
//! Contract: as `modem::asked`: it fails with [`Refused`]. Messages pass as PDUs. Where the
//! answer to a USSD code comes is the business of whoever listens to the port.

use std::time::Duration;

use super::codec::Reply;
use super::port::{Error, Port, SEND_TIMEOUT, USUAL_TIMEOUT};
use super::read::{message, ussd};
use super::result::Final;
use crate::answers::{Folder, Refused, Stored, UssdAnswer, UssdOrder, UssdState};
use crate::few::Listed;
use crate::words::Id;

/// Many messages over a slow SIM.
const LIST_TIMEOUT: Duration = Duration::from_secs(45);

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        match error {
            Error::Gone => Refused::Gone,
            Error::Timeout(_) => Refused::Silent,
            other => Refused::Said(other.to_string()),
        }
    }
}

fn accepted(reply: Reply) -> Result<Reply, Refused> {
    match reply.result {
        Final::Ok => Ok(reply),
        refused if refused.is_unsupported() => Err(Refused::Unsupported),
        refused => Err(Refused::Said(format!("the modem refused: {refused}"))),
    }
}

async fn call(port: &Port, line: &str, timeout: Duration) -> Result<Reply, Refused> {
    accepted(port.command(line, timeout).await?)
}

/// New messages are stored and told from now on (27.005, 3.4.1: mode 2, so that what comes
/// while the port is busy is told later).
pub async fn hear_messages(port: &Port) -> Result<(), Refused> {
    call(port, "AT+CMGF=0", USUAL_TIMEOUT).await?;
    call(port, "AT+CNMI=2,1", USUAL_TIMEOUT).await.map(drop)
}

/// All messages of the store that is in use, or the one at `index`.
pub async fn messages(port: &Port, index: Option<u32>) -> Result<Vec<Stored>, Refused> {
    call(port, "AT+CMGF=0", USUAL_TIMEOUT).await?;
    let found = match index {
        None => message::list(&call(port, "AT+CMGL=4", LIST_TIMEOUT).await?.lines),
        Some(index) => {
            let reply = call(port, &format!("AT+CMGR={index}"), USUAL_TIMEOUT).await?;
            message::read(index, &reply.lines).into_iter().listed()
        }
    };
    Ok(found.into_iter().map(stored).listed())
}

/// The message that a `+CMTI` or `+CDSI` tells of.
pub async fn arrived(port: &Port, line: &str) -> Result<Vec<Stored>, Refused> {
    let Some((store, index)) = message::arrived(line) else { return Ok(Vec::new()) };
    if store.len() == 2 && store.bytes().all(|byte| byte.is_ascii_uppercase()) {
        // Reading goes by the first store, which may be another one.
        call(port, &format!("AT+CPMS=\"{store}\""), USUAL_TIMEOUT).await?;
    }
    messages(port, Some(index)).await
}

/// Sends an SMS-SUBMIT with the service centre in front; gives the reference.
pub async fn send_message(port: &Port, pdu: &[u8]) -> Result<u32, Refused> {
    let centre = pdu.first().map_or(0, |length| usize::from(*length)).saturating_add(1);
    let Some(length) = pdu.len().checked_sub(centre) else {
        return Err(Refused::Wrong("the message has no content".to_string()));
    };
    call(port, "AT+CMGF=0", USUAL_TIMEOUT).await?;
    let digits: String = pdu.iter().map(|byte| format!("{byte:02X}")).collect();
    let sent = port.command_with_text(&format!("AT+CMGS={length}"), &digits, SEND_TIMEOUT).await?;
    let reference = accepted(sent)?.lines.iter().find_map(|line| message::sent(line));
    Ok(reference.map(u32::from).unwrap_or_default())
}

pub async fn delete_message(port: &Port, index: u32) -> Result<(), Refused> {
    call(port, &format!("AT+CMGD={index}"), USUAL_TIMEOUT).await.map(drop)
}

/// Begins a turn of a USSD dialogue; the network's answer comes as a `+CUSD` of its own.
pub async fn begin_ussd(port: &Port, order: &UssdOrder) -> Result<(), Refused> {
    let line = match order {
        UssdOrder::Cancel => Some("AT+CUSD=2".to_string()),
        UssdOrder::Initiate(text) | UssdOrder::Continue(text) => ussd::request(text.reveal()),
    };
    let line = line.ok_or_else(|| Refused::Wrong("text may hold digits, * and # only".to_string()))?;
    call(port, &line, SEND_TIMEOUT).await.map(drop)
}

/// The network's answer to a turn.
pub fn ussd_answer(line: &str) -> Option<Result<UssdAnswer, Refused>> {
    let told = ussd::ussd(line)?;
    let state = match told.next {
        ussd::Next::Done => UssdState::Done,
        ussd::Next::Answer => UssdState::Asks,
        ussd::Next::Ended => UssdState::Ended,
        ussd::Next::NotSupported => {
            return Some(Err(Refused::Said("the network does not know this code".to_string())));
        }
        ussd::Next::Timeout => {
            return Some(Err(Refused::Said("the network did not answer in time".to_string())));
        }
    };
    Some(Ok(UssdAnswer { state, text: Some(told.text).filter(|text: &Id| !text.is_empty()) }))
}

fn stored(message: message::Stored) -> Stored {
    let folder = match message.status {
        0 => Folder::Unread,
        2 => Folder::Draft,
        3 => Folder::Sent,
        _ => Folder::Read,
    };
    Stored { index: message.index, folder, pdu: message.pdu }
}
