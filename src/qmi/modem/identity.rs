//! Who the modem is, and whose SIM it has: asked beside the link, never on its way up.
//!
//! Why not DMS for ICCID and IMSI? MC74xx and later answer "no such command"; what the card
//! holds is read from its files. Modems without UIM have only DMS.

use super::Modem;
use crate::cause::Why;
use crate::few::Listed;
use crate::qmi::client::{Error, Lease};
use crate::qmi::messages::dms;
use crate::qmi::messages::uim::{Extent, File, ReadTransparent, Session, SessionType};
use crate::words::Id;

/// 3GPP TS 31.102, 4.2.2 and TS 102 221, 13.2; a path has the low byte first.
const ICCID: (u16, [u8; 2]) = (0x2fe2, [0x00, 0x3f]);
const IMSI: (u16, [u8; 4]) = (0x6f07, [0x00, 0x3f, 0xff, 0x7f]);

impl Modem {
    pub(super) async fn ask_device(&self) -> Result<(), Why> {
        let ids = self.dms.call(&dms::GetIds::default()).await?;
        let manufacturer = self.dms.call(&dms::GetManufacturer::default()).await?.manufacturer;
        let model = self.dms.call(&dms::GetModel::default()).await?.model;
        let revision = self.dms.call(&dms::GetRevision::default()).await?.revision;
        self.board.post(|known| {
            known.facts.imei = ids.imei.filter(|imei: &Id| !imei.is_empty());
            known.facts.manufacturer = manufacturer;
            known.facts.model = model;
            known.facts.revision = revision;
            Vec::new()
        });
        Ok(())
    }

    /// Once a card: taking it out makes what was known of it unknown.
    pub(super) async fn ask_subscriber(&self) -> Result<(), Why> {
        if self.board.read().facts.iccid.is_some() {
            return Ok(());
        }
        let (iccid, imsi) = match &self.uim {
            Some(uim) => (
                read(uim, ICCID.0, &ICCID.1).await?.and_then(|content| iccid(&content)),
                read(uim, IMSI.0, &IMSI.1).await?.and_then(|content| imsi(&content)),
            ),
            None => (
                given(self.dms.call(&dms::SimGetIccid::default()).await)?.and_then(|told| told.iccid),
                given(self.dms.call(&dms::SimGetImsi::default()).await)?.and_then(|told| told.imsi),
            ),
        };
        let number = given(self.dms.call(&dms::GetNumber::default()).await)?.and_then(|told| told.number);
        self.board.post(|known| {
            known.facts.iccid = iccid;
            known.facts.imsi = imsi;
            known.facts.numbers = number.into_iter().filter(|number: &Id| !number.is_empty()).listed();
            Vec::new()
        });
        Ok(())
    }
}

/// A whole file of the card; `None` where the modem or the card refuses.
async fn read(uim: &Lease, id: u16, path: &[u8]) -> Result<Option<Vec<u8>>, Why> {
    let request = ReadTransparent {
        session: Some(Session { kind: SessionType::PrimaryGw, application: Vec::new() }),
        file: Some(File { id, path: path.to_vec() }),
        // Length 0 is all of it.
        extent: Some(Extent { offset: 0, length: 0 }),
    };
    Ok(given(uim.call(&request).await)?.and_then(|read| read.content).map(|content| content.0))
}

/// A refusal is "unknown".
fn given<T>(answer: Result<T, Error>) -> Result<Option<T>, Why> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Refused(error)) => {
            log::debug!("not told: {error}");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Digits with swapped nibbles, up to the filler 0xf. Some ICCIDs have hexadecimal digits.
fn swapped(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    nibbles
        .take_while(|nibble| *nibble < 15)
        .filter_map(|nibble| char::from_digit(nibble.into(), 15))
        .collect()
}

fn iccid(content: &[u8]) -> Option<Id> {
    Some(Id::new(swapped(content))).filter(|iccid| !iccid.is_empty())
}

/// A length byte, then a nibble of parity and type before the first digit.
fn imsi(content: &[u8]) -> Option<Id> {
    let (length, rest) = content.split_first()?;
    let body = rest.get(..usize::from(*length)).unwrap_or(rest);
    let digits = swapped(body);
    let imsi = digits.get(1..)?;
    (imsi.len() >= 6 && imsi.bytes().all(|byte| byte.is_ascii_digit())).then(|| Id::new(imsi))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: Option<Id>) -> Option<String> {
        id.map(|id| id.reveal().to_string())
    }

    #[test]
    fn an_iccid_ends_at_its_filler_and_may_have_letters() {
        let iccid = |bytes: &[u8]| text(super::iccid(bytes));
        assert_eq!(iccid(&[0x98, 0x94, 0x10, 0xf7]).as_deref(), Some("8949017"));
        assert_eq!(iccid(&[0x98, 0xa4]).as_deref(), Some("894a"));
        assert_eq!((iccid(&[]), iccid(&[0xff; 10])), (None, None));
    }

    #[test]
    fn an_imsi_of_either_parity_is_read_and_an_empty_file_is_none() {
        let imsi = |bytes: &[u8]| text(super::imsi(bytes));
        assert_eq!(imsi(&[8, 0x09, 0x10, 0x10, 0, 0, 0, 0, 0x71]).as_deref(), Some("001010000000017"));
        assert_eq!(imsi(&[8, 0x01, 0x10, 0x10, 0, 0, 0, 0, 0xf1]).as_deref(), Some("00101000000001"));
        assert_eq!(imsi(&[0xff; 9]), None);
        assert_eq!((imsi(&[]), imsi(&[200, 0x09]), imsi(&[0])), (None, None, None));
    }
}
