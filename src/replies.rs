//! The answers of a modem as replies on ubus.
//!
//! Contract: pure; as of `status`: what is not known is left out, and numbers and texts of
//! people are revealed here, to those whom ubus' ACL admits. A cell of NR has 36 bits, so its
//! `cell_id` may be a 64-bit integer.

use serde_json::{Map, Value, json};

use crate::answers::{Cell, Cells, Network, SimLock, UssdAnswer};
use crate::bands::{band, downlink_khz};
use crate::status::tenths;
use crate::words::Technology;

/// A table in which unknown values have no place.
#[derive(Default)]
pub struct Table(Map<String, Value>);

impl Table {
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_string(), value.into());
        self
    }

    pub fn maybe<V: Into<Value>>(self, key: &str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub fn json(self) -> Value {
        Value::Object(self.0)
    }
}

/// The reply of `cells`.
pub fn cells(modem: &str, cells: &Cells) -> Value {
    Table::default()
        .with("modem", modem)
        .with("serving", cells.serving.iter().map(cell).collect::<Vec<_>>())
        .with("neighbours", cells.neighbours.iter().map(cell).collect::<Vec<_>>())
        .maybe("note", cells.note.clone())
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
        .maybe("technology", cell.technology.map(Technology::as_str))
        .maybe("mcc_mnc", cell.mcc_mnc.clone())
        .maybe("band", carrier.and_then(|(technology, channel)| band(technology, channel)))
        .maybe(channel, cell.channel)
        .maybe("frequency", mhz)
        .maybe(physical, cell.physical)
        .maybe(area, cell.area)
        .maybe("cell_id", cell.cell)
        .maybe("rsrp", cell.rsrp_dbm)
        .maybe("rsrq", cell.rsrq_db.map(tenths))
        .maybe("sinr", cell.sinr_db.map(tenths))
        .maybe("rssi", cell.rssi_dbm)
        .maybe("rscp", cell.rscp_dbm)
        .maybe("ecno", cell.ecno_db)
        .maybe("timing_advance", cell.timing_advance)
        .json()
}

/// The reply of `scan`.
pub fn networks(modem: &str, networks: &[Network]) -> Value {
    json!({ "modem": modem, "networks": networks.iter().map(network).collect::<Vec<_>>() })
}

fn network(network: &Network) -> Value {
    Table::default()
        .with("mcc_mnc", network.mcc_mnc.clone())
        .maybe("operator", network.operator.clone())
        .with("state", network.state.as_str())
        .maybe("technology", network.technology.map(Technology::as_str))
        .maybe("home", Some(true).filter(|_| network.home))
        .maybe("preferred", Some(true).filter(|_| network.preferred))
        .maybe("rssi", network.rssi_dbm)
        .json()
}

/// The reply of `sim`; also what a refusal says beside its `error`.
pub fn sim(modem: &str, sim: &SimLock) -> Table {
    Table::default()
        .with("modem", modem)
        .with("sim", sim.sim.as_str())
        .with("lock", sim.lock.as_str())
        .maybe("enabled", sim.enabled)
        .maybe("tries", sim.tries())
        .maybe("pin_tries", sim.pin_tries)
        .maybe("puk_tries", sim.puk_tries)
}

/// The reply of `ussd`.
pub fn ussd(modem: &str, answer: &UssdAnswer) -> Value {
    Table::default()
        .with("modem", modem)
        .with("state", answer.state.as_str())
        .maybe("text", answer.text.as_ref().map(|text| text.reveal()))
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
