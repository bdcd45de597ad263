//! Serving and neighbour cells, and where the modem is camped (MBIMEx 1.1 and 3, CIDs 11
//! and 12 of the Basic Connect Extensions).
//!
//! What a modem does not know is all ones (or, for levels, a value outside the range).

use super::enums::*;
use super::{messages, structure};

messages! { Extensions;
    11 answer BaseStations {
        system: DataClass as number,
        gsm: Option<GsmServing> as held,
        umts: Option<UmtsServing> as held,
        tdscdma: Option<TdscdmaCell> as held,
        lte: Option<LteServing> as held,
        gsm_neighbours: Vec<GsmNeighbour> as list,
        umts_neighbours: Vec<UmtsNeighbour> as list,
        tdscdma_neighbours: Vec<TdscdmaCell> as list,
        lte_neighbours: Vec<LteNeighbour> as list,
        cdma: Vec<CdmaCell> as list,
    }
    /// The most neighbours of each technology that the answer shall have.
    11 query QueryBaseStations -> BaseStations {
        max_gsm: u32 as number,
        max_umts: u32 as number,
        max_tdscdma: u32 as number,
        max_lte: u32 as number,
        max_cdma: u32 as number,
    }
    /// The layout of MBIMEx 3.
    11 answer BaseStationsV3 {
        system: DataClass as number,
        subsystem: DataSubclass as number,
        gsm: Option<GsmServing> as held,
        umts: Option<UmtsServing> as held,
        tdscdma: Option<TdscdmaCell> as held,
        lte: Option<LteServing> as held,
        gsm_neighbours: Vec<GsmNeighbour> as list,
        umts_neighbours: Vec<UmtsNeighbour> as list,
        tdscdma_neighbours: Vec<TdscdmaCell> as list,
        lte_neighbours: Vec<LteNeighbour> as list,
        cdma: Vec<CdmaCell> as list,
        nr: Vec<NrServing> as list,
        nr_neighbours: Vec<NrNeighbour> as list,
    }
    11 query QueryBaseStationsV3 -> BaseStationsV3 {
        max_gsm: u32 as number,
        max_umts: u32 as number,
        max_tdscdma: u32 as number,
        max_lte: u32 as number,
        max_cdma: u32 as number,
        max_nr: u32 as number,
    }

    12 answer LocationInfo { lac: u32 as number, tac: u32 as number, cell: u32 as number }
}

structure! {
    #[derive(Default)]
    GsmServing {
        provider: String as text,
        lac: u32 as number,
        cell: u32 as number,
        timing_advance: u32 as number,
        arfcn: u32 as number,
        base_station: u32 as number,
        rx_level: u32 as number,
    }
}

structure! {
    #[derive(Default)]
    GsmNeighbour {
        provider: String as text,
        lac: u32 as number,
        cell: u32 as number,
        arfcn: u32 as number,
        base_station: u32 as number,
        rx_level: u32 as number,
    }
}

structure! {
    #[derive(Default)]
    UmtsServing {
        provider: String as text,
        lac: u32 as number,
        cell: u32 as number,
        frequency_ul: u32 as number,
        frequency_dl: u32 as number,
        frequency_nt: u32 as number,
        uarfcn: u32 as number,
        scrambling_code: u32 as number,
        rscp: i32 as number,
        ecno: i32 as number,
        path_loss: u32 as number,
    }
}

structure! {
    #[derive(Default)]
    UmtsNeighbour {
        provider: String as text,
        lac: u32 as number,
        cell: u32 as number,
        uarfcn: u32 as number,
        scrambling_code: u32 as number,
        rscp: i32 as number,
        ecno: i32 as number,
        path_loss: u32 as number,
    }
}

structure! {
    #[derive(Default)]
    TdscdmaCell {
        provider: String as text,
        lac: u32 as number,
        cell: u32 as number,
        uarfcn: u32 as number,
        parameter: u32 as number,
        timing_advance: u32 as number,
        rscp: i32 as number,
        path_loss: u32 as number,
    }
}

structure! {
    #[derive(Default)]
    LteServing {
        provider: String as text,
        cell: u32 as number,
        earfcn: u32 as number,
        pci: u32 as number,
        tac: u32 as number,
        /// dBm.
        rsrp: i32 as number,
        /// dB.
        rsrq: i32 as number,
        timing_advance: u32 as number,
    }
}

structure! {
    #[derive(Default)]
    LteNeighbour {
        provider: String as text,
        cell: u32 as number,
        earfcn: u32 as number,
        pci: u32 as number,
        tac: u32 as number,
        rsrp: i32 as number,
        rsrq: i32 as number,
    }
}

structure! {
    #[derive(Default)]
    CdmaCell {
        serving: u32 as number,
        nid: u32 as number,
        sid: u32 as number,
        base_station: u32 as number,
        latitude: u32 as number,
        longitude: u32 as number,
        ref_pn: u32 as number,
        gps_seconds: u32 as number,
        pilot_strength: u32 as number,
    }
}

structure! {
    #[derive(Default)]
    NrServing {
        provider: String as text,
        nci: u64 as long,
        pci: u32 as number,
        nrarfcn: u32 as number,
        tac: u32 as number,
        /// dBm above -156; all ones where unknown, as in the following.
        rsrp: u32 as number,
        /// dB above -43.
        rsrq: u32 as number,
        /// dB above -23.
        sinr: u32 as number,
        timing_advance: u64 as long,
    }
}

structure! {
    #[derive(Default)]
    NrNeighbour {
        subsystem: DataSubclass as number,
        provider: String as text,
        cell: String as text,
        pci: u32 as number,
        tac: u32 as number,
        rsrp: u32 as number,
        rsrq: u32 as number,
        sinr: u32 as number,
    }
}

/// The levels of an NR cell in dBm and dB, where the modem knows them.
pub fn nr_levels(rsrp: u32, rsrq: u32, sinr: u32) -> (Option<i32>, Option<i32>, Option<i32>) {
    let level = |value: u32, floor: i32| i32::try_from(value).ok().filter(|v| *v <= 127).map(|v| v + floor);
    (level(rsrp, -156), level(rsrq, -43), level(sinr, -23))
}
