//! PURE. What single models do otherwise: one table, one row a family, each with its evidence.
//!
//! Contract: a row matches by USB ids. A use site reads a named flag; no other room knows a model's name. A modem
//! without a row gets the defaults, which are what most modems do.

/// Named flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quirks {
    /// Knows no 802.3: only raw IP may be asked for.
    pub raw_ip_only: bool,
    /// The data format is set only with the number of the USB interface.
    pub format_by_endpoint: bool,
    /// bInterfaceNumber of the port that takes AT commands.
    pub at_interface: Option<u8>,
    /// Has serial ports, none of which answers AT: asking them costs time and gives nothing.
    pub no_at: bool,
}

struct Row {
    vendor: u16,
    products: &'static [u16],
    quirks: Quirks,
    /// The models, and where it is known from.
    #[cfg_attr(not(test), allow(dead_code))]
    evidence: &'static str,
}

const NONE: Quirks =
    Quirks { raw_ip_only: false, format_by_endpoint: false, at_interface: None, no_at: false };

const TABLE: &[Row] = &[
    Row {
        vendor: 0x1199,
        products: &[0x68c0, 0x9041],
        quirks: Quirks { at_interface: Some(3), ..NONE },
        evidence: "MC7304/7354/7355: qcserial.c QCSERIAL_SWI (DM 0, NMEA 2, AT 3, QMI 8 and 10); 802.3 by default",
    },
    Row {
        vendor: 0x1199,
        products: &[0x9071, 0x9079],
        quirks: Quirks { raw_ip_only: true, at_interface: Some(3), ..NONE },
        evidence: "MC7455/EM7455: MDM9x30, raw IP only (qmi_wwan.c QMI_QUIRK_SET_DTR and its comment); AT on 3 (qcserial.c)",
    },
    Row {
        vendor: 0x1199,
        products: &[0x9091, 0x90b1],
        quirks: Quirks { raw_ip_only: true, at_interface: Some(3), ..NONE },
        evidence: "EM7565: MDM9x50, interfaces 0, 2, 3, 8 in a kernel log; raw IP as its predecessor",
    },
    Row {
        vendor: 0x1199,
        products: &[0x9013],
        quirks: Quirks { no_at: true, ..NONE },
        evidence: "MC8355: Gobi 3000, three qcserial ports that do not answer AT, QMI on interface 0, 802.3",
    },
    Row {
        vendor: 0x2c7c,
        products: &[0x0125, 0x0306, 0x0512],
        quirks: Quirks { at_interface: Some(2), ..NONE },
        evidence: "EC25, EP06, EM12: option 0 to 3, AT on 2, QMI on 4 (usb-devices of EC25 and EP06; option.c)",
    },
    Row {
        vendor: 0x2c7c,
        products: &[0x0800, 0x0801],
        quirks: Quirks { raw_ip_only: true, format_by_endpoint: true, at_interface: Some(2), ..NONE },
        evidence: "RM500Q/RM520N: the NMEA port 1 has AT's protocol 40, AT is 2, QMI 4 (usb-devices, firmware R13)",
    },
    Row {
        vendor: 0x12d1,
        products: &[0x15c1],
        quirks: Quirks { at_interface: Some(2), ..NONE },
        evidence: "ME906: MBIM in configuration 3 of 3, one serial port ff/06/14 on 2 (usb-devices)",
    },
    Row {
        vendor: 0x2cb7,
        products: &[0x0007],
        quirks: NONE,
        evidence: "L850: XMM7360, MBIM by 2cb7:0007 after its flash loader 8087:07f5 has gone; AT on cdc-acm",
    },
    Row {
        vendor: 0x1e0e,
        products: &[0x9001],
        quirks: Quirks { at_interface: Some(2), ..NONE },
        evidence: "SIM7600: option 0 to 4, AT on 2, QMI on 5 (usb-devices)",
    },
    Row {
        vendor: 0x0e8d,
        products: &[0x7126, 0x7127],
        quirks: NONE,
        evidence: "FM350: MediaTek T700; MBIM where it is in that composition, RNDIS with AT is out of our reach",
    },
];

/// The flags of a model.
pub fn of(vendor: u16, product: u16) -> Quirks {
    let row = TABLE.iter().find(|row| row.vendor == vendor && row.products.contains(&product));
    row.map_or(NONE, |row| row.quirks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_its_evidence_and_no_product_stands_twice() {
        let mut seen = Vec::new();
        for row in TABLE {
            assert!(row.evidence.len() > 20, "{:04x} has no evidence", row.vendor);
            for product in row.products {
                assert!(!seen.contains(&(row.vendor, *product)), "{:04x}:{product:04x} twice", row.vendor);
                seen.push((row.vendor, *product));
            }
        }
    }

    #[test]
    fn an_unknown_modem_has_no_quirks() {
        assert_eq!(of(0x1234, 0x5678), Quirks::default());
        assert!(of(0x1199, 0x9071).raw_ip_only);
    }
}
