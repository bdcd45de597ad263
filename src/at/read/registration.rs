//! `+CREG`, `+CGREG`, `+CEREG`, `+C5GREG`: answers and reports (3GPP TS 27.007, 7.2, 10.1).

use crate::at::fields::{Field, Fields};
use crate::few::Listed;
use crate::words::{Registration, Technology};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Calls and messages.
    Circuit,
    /// Packets over GSM and UMTS.
    Packet,
    Eps,
    Fiveg,
}

const PREFIXES: [(&str, Domain); 4] = [
    ("+CREG", Domain::Circuit),
    ("+CGREG", Domain::Packet),
    ("+CEREG", Domain::Eps),
    ("+C5GREG", Domain::Fiveg),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub domain: Domain,
    /// As the modem has it, 0 to 11.
    pub stat: u8,
    /// Location or tracking area code.
    pub area: Option<u32>,
    pub cell: Option<u64>,
    pub technology: Option<Technology>,
}

impl Status {
    pub fn registration(&self) -> Registration {
        match self.stat {
            // 8 and 11 are for emergencies only.
            0 | 8 | 11 => Registration::NotRegistered,
            // 6: messages only; 9: circuit switched fallback not preferred.
            1 | 6 | 9 => Registration::Home,
            2 => Registration::Searching,
            3 => Registration::Denied,
            5 | 7 | 10 => Registration::Roaming,
            _ => Registration::Unknown,
        }
    }
}

/// 27.007, 7.2: `<AcT>`.
pub fn technology(act: u32) -> Option<Technology> {
    Some(match act {
        0 | 1 | 3 | 8 => Technology::Gsm,
        2 | 4..=6 => Technology::Umts,
        7 | 9 | 10 => Technology::Lte,
        11 | 12 => Technology::FivegSa,
        13 => Technology::FivegNsa,
        _ => return None,
    })
}

fn fields(line: &str) -> Option<(Domain, Fields<'_>)> {
    PREFIXES.iter().find_map(|(prefix, domain)| Fields::after(line, prefix).map(|fields| (*domain, fields)))
}

/// An answer to `AT+CREG?` begins with the report mode, a report does not.
///
/// What follows a report's state is an area: in quotes, in at least four digits, or with
/// letters. One family of modems pads everything with zeros: then the first field, too.
fn begins_with_mode(fields: &Fields) -> bool {
    let (Some(first), Some(second)) = (fields.get(0), fields.get(1)) else { return false };
    let is_state = second.small().is_some_and(|state| state <= 11);
    let padded = first.text.len() >= 3;
    !second.quoted && is_state && (second.text.len() <= 2 || padded)
}

/// Whether a line is a report, and not the answer to a question.
pub fn is_report(line: &str) -> bool {
    fields(line).is_some_and(|(_, fields)| !begins_with_mode(&fields))
}

/// An answer or a report.
pub fn status(line: &str) -> Option<Status> {
    let (domain, fields) = fields(line)?;
    let at = usize::from(begins_with_mode(&fields));
    let stat = fields.small(at).and_then(|stat| u8::try_from(stat).ok())?;
    let rest: Vec<Field> = (at.saturating_add(1)..fields.len()).filter_map(|at| fields.get(at)).listed();
    let act =
        |field: &Field| field.small().filter(|act| field.text.len() <= 3 && *act <= 13 && !field.quoted);
    // Area, cell, technology; or area, routing area, cell, technology.
    let (cell, technology_at) = match rest.as_slice() {
        [_, _, third, fourth, ..]
            if act(third).is_none() && act(fourth).is_some() && third.hex().is_some_and(|id| id > 0xff) =>
        {
            (Some(third), Some(fourth))
        }
        [_, cell, third, ..] => (Some(cell), Some(third)),
        [_, cell] => (Some(cell), None),
        _ => (None, None),
    };
    Some(Status {
        domain,
        stat,
        area: rest.first().and_then(Field::hex).and_then(|area| u32::try_from(area).ok()),
        cell: cell.and_then(Field::hex),
        technology: technology_at.and_then(act).and_then(technology),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_reports_are_told_apart() {
        for answer in
            ["+CREG: 0,1", "+CREG: 2,1,8BE3,2BAF", "+CREG:002,001,\"18d8\",\"ffff\"", "+CREG: 1,1,84CD,00D3"]
        {
            assert!(!is_report(answer), "{answer}");
        }
        for report in [
            "+CREG: 1",
            "+CREG: 1,8BE3,2BAF",
            "+CREG: 1,\"0001\",\"0010\",0",
            "+CREG: 10,0001,0010,0",
            "+CREG: 2,,",
        ] {
            assert!(is_report(report), "{report}");
        }
    }

    #[test]
    fn an_answer_of_5g_has_everything() {
        let status = status("+C5GREG: 2,5,\"170C23\",\"46550B123\",11,6,\"01.000001\"").expect("an answer");
        assert_eq!(status.registration(), Registration::Roaming);
        assert_eq!((status.area, status.cell), (Some(0x17_0c23), Some(0x4_6550_b123)));
        assert_eq!(status.technology, Some(Technology::FivegSa));
    }
}
