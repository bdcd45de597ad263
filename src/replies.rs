//! The answers of a modem as replies on ubus.
//!
//! Contract: pure; as of `status`: what is not known is left out, and numbers and texts of
//! people are revealed here, to those whom ubus' ACL admits. A cell of NR has 36 bits, so its
//! `cell_id` may be a 64-bit integer.

use crate::answers::{Cell, Cells, Network, SimLock, UssdAnswer};
use crate::bands::{band, downlink_khz};
use crate::few::Listed;
use crate::json::{Table, Value, json};
use crate::status::tenths;
use crate::words::Technology;

/// The reply of `cells`.
pub fn cells(modem: &str, cells: &Cells) -> Value {
    Table::default()
        .with("modem", modem)
        .with("serving", cells.serving.iter().map(cell).listed())
        .with("neighbours", cells.neighbours.iter().map(cell).listed())
        .with("note", cells.note.clone())
        .json()
}

/// What a technology calls a channel's number, a cell's code, and an area.
fn names(technology: Option<Technology>) -> [&'static str; 3] {
    match technology {
        None | Some(Technology::Lte) => ["earfcn", "pci", "tac"],
        Some(Technology::FivegNsa | Technology::FivegSa) => ["nrarfcn", "pci", "tac"],
        Some(Technology::Umts) => ["uarfcn", "psc", "lac"],
        Some(Technology::Gsm | Technology::Cdma) => ["arfcn", "bsic", "lac"],
    }
}

pub fn cell(cell: &Cell) -> Value {
    let [channel, physical, area] = names(cell.technology);
    let carrier = cell.technology.zip(cell.channel);
    let mhz = carrier.and_then(|(t, channel)| downlink_khz(t, channel)).map(|khz| f64::from(khz) / 1000.0);
    Table::default()
        .with("technology", cell.technology.map(Technology::as_str))
        .with("mcc_mnc", cell.mcc_mnc.clone())
        .with("band", carrier.and_then(|(technology, channel)| band(technology, channel)))
        .with(channel, cell.channel)
        .with("frequency", mhz)
        .with(physical, cell.physical)
        .with(area, cell.area)
        .with("cell_id", cell.cell)
        .with("rsrp", cell.rsrp_dbm)
        .with("rsrq", cell.rsrq_db.map(tenths))
        .with("sinr", cell.sinr_db.map(tenths))
        .with("rssi", cell.rssi_dbm)
        .with("rscp", cell.rscp_dbm)
        .with("ecno", cell.ecno_db)
        .with("timing_advance", cell.timing_advance)
        .json()
}

/// The reply of `scan`.
pub fn networks(modem: &str, networks: &[Network]) -> Value {
    json!({ "modem": modem, "networks": networks.iter().map(network).listed() })
}

fn network(network: &Network) -> Value {
    Table::default()
        .with("mcc_mnc", network.mcc_mnc.clone())
        .with("operator", network.operator.clone())
        .with("state", network.state.as_str())
        .with("technology", network.technology.map(Technology::as_str))
        .with("home", Some(true).filter(|_| network.home))
        .with("preferred", Some(true).filter(|_| network.preferred))
        .with("rssi", network.rssi_dbm)
        .json()
}

/// The reply of `sim`; also what a refusal says beside its `error`.
pub fn sim(modem: &str, sim: &SimLock) -> Table {
    Table::default()
        .with("modem", modem)
        .with("sim", sim.sim.as_str())
        .with("lock", sim.lock.as_str())
        .with("enabled", sim.enabled)
        .with("tries", sim.tries())
        .with("pin_tries", sim.pin_tries)
        .with("puk_tries", sim.puk_tries)
}

/// The reply of `ussd`.
pub fn ussd(modem: &str, answer: &UssdAnswer) -> Value {
    Table::default()
        .with("modem", modem)
        .with("state", answer.state.as_str())
        .with("text", answer.text.as_ref().map(|text| text.reveal()))
        .json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Lock;
    use crate::words::SimState;

    #[test]
    fn a_cell_shows_its_band_and_nothing_unknown() {
        let lte = Cell {
            technology: Some(Technology::Lte),
            mcc_mnc: Some("23003".into()),
            channel: Some(1300),
            physical: Some(42),
            rsrp_dbm: Some(-95),
            rsrq_db: Some(-10.2),
            ..Cell::default()
        };
        let expected = json!({"technology": "lte", "mcc_mnc": "23003", "band": "B3", "earfcn": 1300,
            "frequency": 1815.0, "pci": 42, "rsrp": -95, "rsrq": -10.2});
        assert_eq!(cell(&lte), expected);
        let nr = Cell { technology: Some(Technology::FivegSa), cell: Some(1 << 35), ..Cell::default() };
        assert_eq!(cell(&nr), json!({"technology": "5g-sa", "cell_id": 1_u64 << 35}));
    }

    #[test]
    fn tries_are_those_of_what_the_sim_asks_for() {
        let locked = SimLock {
            sim: SimState::PukRequired,
            lock: Lock::Puk,
            enabled: Some(true),
            pin_tries: Some(0),
            puk_tries: Some(9),
        };
        let shown = sim("1-1", &locked).json();
        assert_eq!(shown["tries"], 9);
        assert_eq!(shown["lock"], "puk");
    }
}
