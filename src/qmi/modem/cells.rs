//! PURE. Cells as a QMI modem tells them, of all technologies, as everybody understands them.

use crate::answers::{Cell, Cells};
use crate::qmi::messages::nas_info::Cells as Heard;
use crate::qmi::messages::nas_types::{GsmCells, LteCell, LteIntra, LteWcdma, Nr5gCell, UmtsCells};
use crate::words::Technology;

fn tenth(value: i16) -> f32 {
    f32::from(value) / 10.0
}

fn of(technology: Technology) -> Cell {
    Cell { technology: Some(technology), ..Cell::default() }
}

/// RXLEV counts from -111 dBm in steps of one (3GPP TS 45.008, 8.1.4); more is no level.
fn rxlev(level: u16) -> Option<i32> {
    (level <= 63).then(|| i32::from(level) - 111)
}

/// What stands in a place that the modem had nothing for.
fn known(number: u16) -> Option<u32> {
    (number != u16::MAX).then(|| number.into())
}

pub fn cells(heard: &Heard) -> Cells {
    let mut cells = Cells::default();
    if let Some(intra) = &heard.lte {
        intra_lte(intra, heard.lte_timing_advance.flatten(), &mut cells);
    }
    for frequency in heard.lte_inter.iter().flat_map(|inter| &inter.frequencies) {
        cells.neighbours.extend(frequency.cells.iter().map(|cell| lte(cell, frequency.earfcn)));
    }
    if let Some(nr) = &heard.nr5g {
        let anchored = !cells.serving.is_empty();
        cells.serving.push(nr5g(nr, heard.nr5g_arfcn.flatten(), anchored));
    }
    if let Some(umts) = &heard.umts {
        umts_cells(umts, heard.umts_cell, &mut cells);
    }
    if let Some(gsm) = &heard.gsm {
        gsm_cells(gsm, &mut cells);
    }
    if let Some(wcdma) = &heard.lte_wcdma {
        cells.neighbours.extend(wcdma_of_lte(wcdma));
    }
    for frequency in heard.lte_gsm.iter().flat_map(|gsm| &gsm.frequencies) {
        cells.neighbours.extend(frequency.cells.iter().map(|cell| Cell {
            channel: known(cell.arfcn),
            physical: cell.valid.then(|| cell.bsic.into()),
            rssi_dbm: Some(i32::from(cell.rssi) / 10),
            ..of(Technology::Gsm)
        }));
    }
    for cell in heard.umts_lte.iter().flat_map(|lte| &lte.cells) {
        cells.neighbours.push(Cell {
            channel: known(cell.earfcn),
            physical: known(cell.pci),
            rsrp_dbm: whole(cell.rsrp),
            rsrq_db: Some(cell.rsrq).filter(|rsrq| rsrq.is_finite()),
            ..of(Technology::Lte)
        });
    }
    cells
}

/// A level in dBm that a modem gives with a fraction.
fn whole(level: f32) -> Option<i32> {
    let steps = (-200..=0).rev().find(|step: &i16| f32::from(*step) <= level)?;
    (level <= 0.0).then(|| steps.into())
}

fn lte(cell: &LteCell, earfcn: u16) -> Cell {
    Cell {
        channel: Some(earfcn.into()),
        physical: Some(cell.pci.into()),
        rsrp_dbm: Some(i32::from(cell.rsrp) / 10),
        rsrq_db: Some(tenth(cell.rsrq)),
        rssi_dbm: Some(i32::from(cell.rssi) / 10),
        ..of(Technology::Lte)
    }
}

fn intra_lte(intra: &LteIntra, timing_advance: Option<u32>, cells: &mut Cells) {
    for each in &intra.cells {
        let cell = lte(each, intra.earfcn);
        if each.pci != intra.serving_pci {
            cells.neighbours.push(cell);
            continue;
        }
        cells.serving.push(Cell {
            mcc_mnc: intra.plmn.digits(),
            area: Some(intra.tac.into()),
            cell: Some(intra.cell.into()),
            timing_advance,
            ..cell
        });
    }
}

fn nr5g(nr: &Nr5gCell, channel: Option<u32>, anchored: bool) -> Cell {
    let [high, middle, low] = nr.tac;
    Cell {
        mcc_mnc: nr.plmn.digits(),
        area: Some(u32::from_be_bytes([0, high, middle, low])),
        cell: Some(nr.cell),
        channel,
        physical: Some(nr.pci.into()),
        rsrp_dbm: Some(i32::from(nr.rsrp) / 10),
        rsrq_db: Some(tenth(nr.rsrq)),
        sinr_db: Some(tenth(nr.snr)),
        ..of(if anchored { Technology::FivegNsa } else { Technology::FivegSa })
    }
}

/// Whole dB and dBm here. `cell`: all 28 bits of it, which the older TLV has no room for.
fn umts_cells(umts: &UmtsCells, cell: Option<u32>, cells: &mut Cells) {
    let level = |channel, code, rscp: i16, ecio: i16| Cell {
        channel: known(channel),
        physical: known(code),
        rscp_dbm: Some(rscp.into()),
        ecno_db: Some(ecio.into()),
        ..of(Technology::Umts)
    };
    if let Some(mcc_mnc) = umts.plmn.digits() {
        cells.serving.push(Cell {
            mcc_mnc: Some(mcc_mnc),
            area: known(umts.lac),
            cell: cell.filter(|cell| *cell != u32::MAX).or(known(umts.cell)).map(u64::from),
            ..level(umts.uarfcn, umts.psc, umts.rscp, umts.ecio)
        });
    }
    let neighbours = umts.neighbours.iter();
    cells.neighbours.extend(neighbours.map(|near| level(near.uarfcn, near.psc, near.rscp, near.ecio)));
    cells.neighbours.extend(umts.gsm.iter().map(|near| Cell {
        channel: known(near.arfcn),
        physical: (near.ncc < 8 && near.bcc < 8).then(|| u32::from(near.ncc << 3 | near.bcc)),
        rssi_dbm: Some(near.rssi.into()),
        ..of(Technology::Gsm)
    }));
}

fn gsm_cells(gsm: &GsmCells, cells: &mut Cells) {
    let level = |channel, code: u8, level| Cell {
        channel: known(channel),
        physical: (code < 64).then(|| code.into()),
        rssi_dbm: rxlev(level),
        ..of(Technology::Gsm)
    };
    if let Some(mcc_mnc) = gsm.plmn.digits() {
        cells.serving.push(Cell {
            mcc_mnc: Some(mcc_mnc),
            area: known(gsm.lac),
            cell: gsm.cell.map(u64::from),
            timing_advance: gsm.timing_advance,
            ..level(gsm.arfcn, gsm.bsic, gsm.level)
        });
    }
    cells.neighbours.extend(gsm.neighbours.iter().map(|near| Cell {
        mcc_mnc: near.plmn.digits(),
        area: known(near.lac),
        cell: near.cell.map(u64::from),
        ..level(near.arfcn, near.bsic, near.level)
    }));
}

/// Tenths again, as everything that LTE tells.
fn wcdma_of_lte(wcdma: &LteWcdma) -> impl Iterator<Item = Cell> + '_ {
    wcdma.frequencies.iter().flat_map(|frequency| {
        frequency.cells.iter().map(|cell| Cell {
            channel: known(frequency.uarfcn),
            physical: known(cell.psc),
            rscp_dbm: Some(i32::from(cell.rscp) / 10),
            ecno_db: Some(i32::from(cell.ecno) / 10),
            ..of(Technology::Umts)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qmi::messages::nas_types::{Bcd, GsmNeighbour, UmtsGsmNeighbour, UmtsNeighbour};

    const PLMN: Bcd = Bcd([0x62, 0xf2, 0x10]);

    #[test]
    fn a_modem_on_umts_tells_its_cell_and_its_neighbours_of_both_kinds() {
        let umts = UmtsCells {
            cell: 0x1234,
            plmn: PLMN,
            lac: 0x8be3,
            uarfcn: 10687,
            psc: 77,
            rscp: -81,
            ecio: -6,
            neighbours: vec![UmtsNeighbour { uarfcn: 10687, psc: 78, rscp: -99, ecio: -15 }],
            gsm: vec![UmtsGsmNeighbour { arfcn: 60, ncc: 2, bcc: 5, rssi: -88 }],
        };
        let cells = cells(&Heard { umts: Some(umts), umts_cell: Some(0x001a_1234), ..Heard::default() });
        let own = &cells.serving[0];
        assert_eq!((own.technology, own.mcc_mnc.as_deref()), (Some(Technology::Umts), Some("26201")));
        assert_eq!((own.cell, own.area, own.channel), (Some(0x001a_1234), Some(0x8be3), Some(10687)));
        assert_eq!((own.physical, own.rscp_dbm, own.ecno_db), (Some(77), Some(-81), Some(-6)));
        let codes: Vec<_> = cells.neighbours.iter().map(|near| (near.technology, near.physical)).collect();
        assert_eq!(codes, [(Some(Technology::Umts), Some(78)), (Some(Technology::Gsm), Some(21))]);
    }

    #[test]
    fn a_modem_on_gsm_tells_levels_and_leaves_out_what_it_does_not_know() {
        let near = GsmNeighbour {
            cell: None,
            plmn: Bcd([0xff; 3]),
            lac: u16::MAX,
            arfcn: 62,
            bsic: 255,
            level: 200,
        };
        let gsm = GsmCells {
            cell: Some(0x2baf),
            plmn: PLMN,
            lac: 0x18d8,
            arfcn: 60,
            bsic: 21,
            timing_advance: Some(3),
            level: 40,
            neighbours: vec![near],
        };
        let cells = cells(&Heard { gsm: Some(gsm), ..Heard::default() });
        let own = &cells.serving[0];
        assert_eq!((own.cell, own.rssi_dbm, own.timing_advance), (Some(0x2baf), Some(-71), Some(3)));
        let near = Cell { channel: Some(62), ..of(Technology::Gsm) };
        assert_eq!(cells.neighbours, [near]);
    }

    #[test]
    fn cells_of_a_technology_that_does_not_serve_are_neighbours_only() {
        let nowhere = UmtsCells { plmn: Bcd([0xff; 3]), cell: u16::MAX, ..UmtsCells::default() };
        let cells = cells(&Heard { umts: Some(nowhere), ..Heard::default() });
        assert_eq!(cells, Cells::default());
        assert_eq!((whole(-95.5), whole(f32::NAN), whole(-400.0)), (Some(-96), None, None));
    }
}
