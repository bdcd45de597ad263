//! Quectel's `+QENG`: serving and neighbour cells. The members differ by technology, `-` is
//! unknown, and cell ids are hexadecimal.

use crate::at::fields::Fields;
use crate::words::{Signal, Technology};

#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub technology: Technology,
    pub serving: bool,
    pub mcc_mnc: Option<String>,
    pub cell: Option<u64>,
    /// Physical cell id, or scrambling code.
    pub physical: Option<u32>,
    pub area: Option<u32>,
    pub channel: Option<u32>,
    pub band: Option<u32>,
    pub signal: Signal,
}

/// One line. A line with the state only (`"servingcell","NOCONN"`) has no cell; those of the
/// anchor and of its 5G neighbour follow.
pub fn cell(line: &str) -> Option<Cell> {
    let fields = Fields::after(line, "+QENG")?;
    let what = fields.text(0)?;
    match what {
        "servingcell" => named(&fields, fields.text(2)?, 3),
        "neighbourcell intra" | "neighbourcell inter" | "neighbourcell" => neighbour(&fields),
        // Under a state of its own: one column less, and no state.
        technology => named(&fields, technology, 1),
    }
}

fn named(fields: &Fields, technology: &str, from: usize) -> Option<Cell> {
    match technology {
        "LTE" | "CAT-M" | "CAT-NB" | "eMTC" | "NBIoT" => Some(lte(fields, from)),
        "NR5G-SA" => Some(standalone(fields, from)),
        "NR5G-NSA" => Some(secondary(fields, from)),
        "WCDMA" => Some(umts(fields, from)),
        _ => None,
    }
}

/// Members by their place behind the technology.
struct Members<'a> {
    fields: &'a Fields<'a>,
    from: usize,
}

impl Members<'_> {
    fn small(&self, at: usize) -> Option<u32> {
        self.fields.small(self.from.saturating_add(at))
    }

    fn hex(&self, at: usize) -> Option<u64> {
        self.fields.get(self.from.saturating_add(at))?.hex()
    }

    fn area(&self, at: usize) -> Option<u32> {
        self.hex(at).and_then(|area| u32::try_from(area).ok())
    }

    fn whole(&self, at: usize, range: std::ops::RangeInclusive<i64>) -> Option<i32> {
        let value = self.fields.number(self.from.saturating_add(at)).filter(|value| range.contains(value))?;
        i32::try_from(value).ok()
    }

    fn decibel(&self, at: usize) -> Option<f32> {
        self.whole(at, -45..=45).and_then(|value| i16::try_from(value).ok()).map(f32::from)
    }

    /// Two fields, with the zeros of the second: `460,00`.
    fn network(&self, at: usize) -> Option<String> {
        let text = |at: usize| self.fields.text(self.from.saturating_add(at));
        let (country, network) = (text(at)?, text(at.saturating_add(1))?);
        let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        (digits(country) && digits(network)).then(|| format!("{country}{network}"))
    }
}

/// `<duplex>,<MCC>,<MNC>,<cell>,<PCID>,<earfcn>,<band>,<ul>,<dl>,<TAC>,<RSRP>,<RSRQ>,<RSSI>,<SINR>,…`
fn lte(fields: &Fields, from: usize) -> Cell {
    let members = Members { fields, from };
    Cell {
        technology: Technology::Lte,
        serving: true,
        mcc_mnc: members.network(1),
        cell: members.hex(3),
        physical: members.small(4),
        channel: members.small(5),
        band: members.small(6),
        area: members.area(9),
        signal: Signal {
            rsrp_dbm: members.whole(10, -160..=-20),
            rsrq_db: members.decibel(11),
            rssi_dbm: members.whole(12, -130..=-10),
            sinr_db: members.decibel(13),
        },
    }
}

/// `<duplex>,<MCC>,<MNC>,<cell>,<PCID>,<TAC>,<arfcn>,<band>,<dl>,<RSRP>,<RSRQ>,<SINR>,…`
fn standalone(fields: &Fields, from: usize) -> Cell {
    let members = Members { fields, from };
    Cell {
        technology: Technology::FivegSa,
        serving: true,
        mcc_mnc: members.network(1),
        cell: members.hex(3),
        physical: members.small(4),
        area: members.area(5),
        channel: members.small(6),
        band: members.small(7),
        signal: Signal {
            rsrp_dbm: members.whole(9, -160..=-20),
            rsrq_db: members.decibel(10),
            sinr_db: members.decibel(11),
            rssi_dbm: None,
        },
    }
}

/// `<MCC>,<MNC>,<PCID>,<RSRP>,<SINR>,<RSRQ>,<arfcn>,<band>,…`
fn secondary(fields: &Fields, from: usize) -> Cell {
    let members = Members { fields, from };
    Cell {
        technology: Technology::FivegNsa,
        serving: true,
        mcc_mnc: members.network(0),
        cell: None,
        physical: members.small(2),
        area: None,
        channel: members.small(6),
        band: members.small(7),
        signal: Signal {
            rsrp_dbm: members.whole(3, -160..=-20),
            sinr_db: members.decibel(4),
            rsrq_db: members.decibel(5),
            rssi_dbm: None,
        },
    }
}

/// `<MCC>,<MNC>,<LAC>,<cell>,<uarfcn>,<PSC>,<RAC>,<RSCP>,<EcIo>,…`
fn umts(fields: &Fields, from: usize) -> Cell {
    let members = Members { fields, from };
    Cell {
        technology: Technology::Umts,
        serving: true,
        mcc_mnc: members.network(0),
        area: members.area(2),
        cell: members.hex(3),
        channel: members.small(4),
        physical: members.small(5),
        band: None,
        signal: Signal::default(),
    }
}

/// `"neighbourcell …","LTE",<earfcn>,<PCID>,<RSRQ>,<RSRP>,<RSSI>,…`
fn neighbour(fields: &Fields) -> Option<Cell> {
    if fields.text(1)? != "LTE" {
        return None;
    }
    let members = Members { fields, from: 2 };
    Some(Cell {
        technology: Technology::Lte,
        serving: false,
        mcc_mnc: None,
        cell: None,
        physical: members.small(1),
        area: None,
        channel: members.small(0),
        band: None,
        signal: Signal {
            rsrq_db: members.decibel(2),
            rsrp_dbm: members.whole(3, -160..=-20),
            rssi_dbm: members.whole(4, -130..=-10),
            sinr_db: None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_5g_cell_has_a_long_id() {
        let line = "+QENG: \"servingcell\",\"NOCONN\",\"NR5G-SA\",\"TDD\",460,00,170C23000,901,46550B,504990,41,-,-54,-10,16,-,-";
        let found = cell(line).expect("a cell");
        assert_eq!((found.technology, found.mcc_mnc.as_deref()), (Technology::FivegSa, Some("46000")));
        assert_eq!((found.cell, found.area, found.band), (Some(0x1_70c2_3000), Some(0x46_550b), Some(41)));
        assert_eq!((found.signal.rsrp_dbm, found.signal.sinr_db), (Some(-54), Some(16.0)));
    }

    #[test]
    fn an_anchor_and_its_5g_neighbour_stand_in_lines_of_their_own() {
        assert_eq!(cell("+QENG: \"servingcell\",\"NOCONN\""), None);
        let anchor = cell("+QENG: \"LTE\",\"FDD\",262,01,1A2B301,321,1300,3,5,5,7D2B,-95,-11,-65,14,10,-,-");
        assert_eq!(anchor.and_then(|cell| cell.signal.rsrp_dbm), Some(-95));
        let second = cell("+QENG: \"NR5G-NSA\",262,01,65,-98,17,-11,627264,78,12,1").expect("a cell");
        assert_eq!((second.physical, second.band, second.signal.sinr_db), (Some(65), Some(78), Some(17.0)));
    }

    #[test]
    fn neighbours_have_few_members() {
        let found =
            cell("+QENG: \"neighbourcell intra\",\"LTE\",1300,55,-14,-104,-72,-,-,-,-,-").expect("a cell");
        assert_eq!((found.serving, found.physical, found.signal.rsrp_dbm), (false, Some(55), Some(-104)));
    }
}
