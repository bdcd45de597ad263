//! What can be heard on the air, as a person asks for it: cells and networks.

use super::Modem;
use crate::answers::{Cell, Cells, Network, NetworkState, Refused};
use crate::few::Listed;
use crate::mbim::client::Error;
use crate::mbim::messages::Query;
use crate::mbim::messages::cells::*;
use crate::mbim::messages::enums::{ProviderState, ScanAction};
use crate::mbim::messages::network::{Provider, QueryVisibleProviders, rssi_dbm};
use crate::mbim::status::Status;
use crate::words::Technology;

/// Neighbours to ask for, of each technology; modems with fewer give fewer.
const MOST: u32 = 15;

const NO_CELLS: &str = "this modem does not list cells over MBIM; shown is what it tells of its own";

impl Modem {
    /// Serving and neighbour cells, or what is known of the serving one.
    pub async fn cells(&self) -> Result<Cells, Refused> {
        let query = QueryBaseStations {
            max_gsm: MOST,
            max_umts: MOST,
            max_tdscdma: MOST,
            max_lte: MOST,
            max_cdma: MOST,
        };
        match self.ask(&query).await.map(cells) {
            Ok(cells) if cells.serving.is_empty() => self.own_cell(cells.neighbours, None).await,
            Ok(cells) => Ok(self.with_signal(cells)),
            Err(Error::Refused(Status::NotRegistered | Status::RadioPowerOff, _)) => {
                Err(Refused::NotNow("the modem is not in a network".to_string()))
            }
            Err(Error::Refused(..)) => self.own_cell(Vec::new(), Some(NO_CELLS.to_string())).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The serving cell by what every modem tells, for one that does not list cells.
    async fn own_cell(&self, neighbours: Vec<Cell>, note: Option<String>) -> Result<Cells, Refused> {
        let place = self.ask(&Query::<LocationInfo>::default()).await.ok();
        if let Err(cause) = self.signal().await {
            log::debug!("no signal: {cause}");
        }
        let facts = &self.board.read().facts;
        if !facts.registration.is_some_and(|registration| registration.is_registered()) {
            return Err(Refused::NotNow("the modem is not in a network".to_string()));
        }
        let area = |place: &LocationInfo| known(place.tac).or(known(place.lac)).filter(|area| *area != 0);
        let serving = Cell {
            technology: facts.technology,
            mcc_mnc: facts.mcc_mnc.clone(),
            area: place.as_ref().and_then(area),
            cell: place.as_ref().and_then(|place| known(place.cell)).map(u64::from),
            rssi_dbm: facts.signal.rssi_dbm,
            rsrp_dbm: facts.signal.rsrp_dbm,
            rsrq_db: facts.signal.rsrq_db,
            sinr_db: facts.signal.sinr_db,
            ..Cell::default()
        };
        Ok(Cells { serving: vec![serving], neighbours, note })
    }

    /// What only the signal state tells: RSSI, and the SINR of an LTE cell.
    fn with_signal(&self, mut cells: Cells) -> Cells {
        let signal = self.board.read().facts.signal;
        if let [only] = cells.serving.as_mut_slice() {
            only.rssi_dbm = only.rssi_dbm.or(signal.rssi_dbm);
            only.sinr_db = only.sinr_db.or(signal.sinr_db);
        }
        cells
    }

    /// Goes through all bands: it takes minutes, and some modems drop their connection for it.
    pub async fn scan(&self) -> Result<Vec<Network>, Refused> {
        let found = self.ask(&QueryVisibleProviders { action: ScanAction::Full }).await;
        match found {
            Ok(found) => Ok(found.providers.into_iter().map(network).listed()),
            Err(Error::Refused(Status::ProvidersNotFound, _)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

fn network(provider: Provider) -> Network {
    let is = |state| provider.state.contains(state);
    let state = if is(ProviderState::REGISTERED) {
        NetworkState::Current
    } else if is(ProviderState::FORBIDDEN) {
        NetworkState::Forbidden
    } else if is(ProviderState::VISIBLE) || is(ProviderState::PREFERRED) || is(ProviderState::HOME) {
        NetworkState::Available
    } else {
        NetworkState::Unknown
    };
    Network {
        state,
        home: is(ProviderState::HOME),
        preferred: is(ProviderState::PREFERRED) || is(ProviderState::PREFERRED_MULTICARRIER),
        rssi_dbm: rssi_dbm(provider.rssi),
        technology: None,
        operator: Some(provider.name).filter(|name| !name.is_empty()),
        mcc_mnc: provider.id,
    }
}

/// All ones: the modem does not know.
fn known(value: u32) -> Option<u32> {
    Some(value).filter(|value| *value != u32::MAX)
}

fn within(value: i32, from: i32, to: i32) -> Option<i32> {
    Some(value).filter(|value| (from..=to).contains(value))
}

fn text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn db(value: i32) -> f32 {
    // Levels are far inside of what both types hold.
    i16::try_from(value).map_or(0.0, f32::from)
}

/// GSM's level: 0 is -111 dBm or less, 63 -48 and more (3GPP TS 45.008, 8.1.4).
fn rx_level(level: u32) -> Option<i32> {
    i32::try_from(level).ok().filter(|level| *level <= 63).map(|level| level - 111)
}

fn cells(stations: BaseStations) -> Cells {
    let mut serving: Vec<Cell> = Vec::new();
    serving.extend(stations.lte.map(lte));
    serving.extend(stations.umts.map(umts));
    serving.extend(stations.gsm.map(gsm));
    let lte = stations.lte_neighbours.into_iter().map(lte_neighbour);
    let umts = stations.umts_neighbours.into_iter().map(umts_neighbour);
    let gsm = stations.gsm_neighbours.into_iter().map(gsm_neighbour);
    Cells { serving, neighbours: lte.chain(umts).chain(gsm).listed(), note: None }
}

fn lte(cell: LteServing) -> Cell {
    let timing_advance = known(cell.timing_advance);
    let neighbour = LteNeighbour {
        provider: cell.provider,
        cell: cell.cell,
        earfcn: cell.earfcn,
        pci: cell.pci,
        tac: cell.tac,
        rsrp: cell.rsrp,
        rsrq: cell.rsrq,
    };
    Cell { timing_advance, ..lte_neighbour(neighbour) }
}

fn lte_neighbour(cell: LteNeighbour) -> Cell {
    Cell {
        technology: Some(Technology::Lte),
        mcc_mnc: text(cell.provider),
        area: known(cell.tac),
        cell: known(cell.cell).map(u64::from),
        channel: known(cell.earfcn),
        physical: known(cell.pci),
        // 36.133, 9.1: what lies outside is not a level.
        rsrp_dbm: within(cell.rsrp, -157, -30),
        rsrq_db: within(cell.rsrq, -44, -2).map(db),
        ..Cell::default()
    }
}

fn umts(cell: UmtsServing) -> Cell {
    umts_neighbour(UmtsNeighbour {
        provider: cell.provider,
        lac: cell.lac,
        cell: cell.cell,
        uarfcn: cell.uarfcn,
        scrambling_code: cell.scrambling_code,
        rscp: cell.rscp,
        ecno: cell.ecno,
        path_loss: cell.path_loss,
    })
}

fn umts_neighbour(cell: UmtsNeighbour) -> Cell {
    Cell {
        technology: Some(Technology::Umts),
        mcc_mnc: text(cell.provider),
        area: known(cell.lac),
        cell: known(cell.cell).map(u64::from),
        channel: known(cell.uarfcn),
        physical: known(cell.scrambling_code),
        rscp_dbm: within(cell.rscp, -125, -20),
        ecno_db: within(cell.ecno, -50, -2),
        ..Cell::default()
    }
}

fn gsm(cell: GsmServing) -> Cell {
    let timing_advance = known(cell.timing_advance);
    let neighbour = GsmNeighbour {
        provider: cell.provider,
        lac: cell.lac,
        cell: cell.cell,
        arfcn: cell.arfcn,
        base_station: cell.base_station,
        rx_level: cell.rx_level,
    };
    Cell { timing_advance, ..gsm_neighbour(neighbour) }
}

fn gsm_neighbour(cell: GsmNeighbour) -> Cell {
    Cell {
        technology: Some(Technology::Gsm),
        mcc_mnc: text(cell.provider),
        area: known(cell.lac),
        cell: known(cell.cell).map(u64::from),
        channel: known(cell.arfcn),
        physical: known(cell.base_station),
        rssi_dbm: rx_level(cell.rx_level),
        ..Cell::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_modem_does_not_know_is_left_out() {
        let serving = LteServing {
            provider: String::new(),
            cell: u32::MAX,
            earfcn: 1300,
            pci: 42,
            tac: u32::MAX,
            rsrp: -1,
            rsrq: -1,
            timing_advance: u32::MAX,
        };
        let cell = lte(serving);
        let expected = Cell {
            technology: Some(Technology::Lte),
            channel: Some(1300),
            physical: Some(42),
            ..Cell::default()
        };
        assert_eq!(cell, expected);
        assert_eq!(rx_level(99), None);
        assert_eq!(rx_level(63), Some(-48));
    }
}
