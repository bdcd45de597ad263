//! Which driver an interface belongs to: by class where the class says it, by ids and number where
//! a maker has used its own class.
//!
//! Contract: only interfaces of which this is certain. An interface that is left out is never
//! touched, which is the right thing for a diagnostic port.

/// Interface numbers of products, and their driver.
struct Row {
    vendor: u16,
    products: &'static [u16],
    driver: &'static str,
    interfaces: &'static [u8],
    #[cfg_attr(not(test), allow(dead_code))]
    evidence: &'static str,
}

const VENDOR_SPECIFIC: u8 = 0xff;

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { vendor: 0x1199, products: &[0x68c0, 0x9041, 0x9071, 0x9079], driver: "qmi_wwan", interfaces: &[8, 10],
          evidence: "MC73xx, MC74xx/EM74xx: qmi_wwan.c, QMI_FIXED_INTF(0x1199, …, 8 and 10)" },
    Row { vendor: 0x1199, products: &[0x9091, 0x90b1], driver: "qmi_wwan", interfaces: &[8],
          evidence: "EM75xx: qmi_wwan.c, interface 8" },
    Row { vendor: 0x1199, products: &[0x9013], driver: "qmi_wwan", interfaces: &[0],
          evidence: "MC8355, Gobi 3000: qmi_wwan.c, QMI_GOBI_DEVICE, which is interface 0" },
    Row { vendor: 0x1199, products: &[0x68c0, 0x9041, 0x9071, 0x9079, 0x9091, 0x90b1], driver: "qcserial",
          interfaces: &[0, 2, 3], evidence: "qcserial.c, QCSERIAL_SWI: DM 0, NMEA 2, AT 3" },
    Row { vendor: 0x2c7c, products: &[0x0125, 0x0306, 0x0512, 0x0800, 0x0801], driver: "qmi_wwan", interfaces: &[4],
          evidence: "EC25, EP06, EM12, RM500Q, RM520N: qmi_wwan.c, interface 4" },
    Row { vendor: 0x2c7c, products: &[0x0125, 0x0306, 0x0512, 0x0800, 0x0801], driver: "option",
          interfaces: &[0, 1, 2, 3], evidence: "the same: option.c, with interface 4 reserved" },
    Row { vendor: 0x1e0e, products: &[0x9001], driver: "qmi_wwan", interfaces: &[5],
          evidence: "SIM7100/7600: qmi_wwan.c, interface 5" },
    Row { vendor: 0x1e0e, products: &[0x9001], driver: "option", interfaces: &[1, 2, 3, 4],
          evidence: "SIM7600: option.c; its interface 0 is diagnostics" },
];

/// Makers of modems.
const MAKERS: &[u16] = &[
    0x03f0, // HP, with Sierra's and Foxconn's inside
    0x0489, // Foxconn
    0x05c6, // Qualcomm
    0x0bdb, // Ericsson
    0x0e8d, // MediaTek
    0x106c, // Pantech
    0x1199, // Sierra Wireless
    0x12d1, // Huawei
    0x1410, // Novatel
    0x1435, // Wistron
    0x1546, // u-blox
    0x16d8, // CMOTECH
    0x19d2, // ZTE
    0x1bbb, // Alcatel
    0x1bc7, // Telit
    0x1c9e, // Longcheer
    0x1e0e, // SIMCom
    0x1e2d, // Cinterion, Gemalto, Thales
    0x2020, // BroadMobi
    0x2077, // T&W
    0x2c7c, // Quectel
    0x2cb7, // Fibocom
    0x2dee, // MeiG
    0x3763, // Compal
    0x413c, // Dell, with others' inside
];

/// The driver that this interface should have.
pub fn of(vendor: u16, product: u16, interface: u8, class: (u8, u8, u8)) -> Option<&'static str> {
    match class {
        // CDC MBIM (MBIM 1.0, table 3-2); its data interface comes with it.
        (0x02, 0x0e, _) => Some("cdc_mbim"),
        (VENDOR_SPECIFIC, ..) => {
            let fits = |row: &&Row| {
                row.vendor == vendor && row.products.contains(&product) && row.interfaces.contains(&interface)
            };
            TABLE.iter().find(fits).map(|row| row.driver)
        }
        _ => None,
    }
}

/// OpenWrt's package of a driver.
pub fn package(driver: &str) -> &'static str {
    match driver {
        "cdc_mbim" => "kmod-usb-net-cdc-mbim",
        "qmi_wwan" => "kmod-usb-net-qmi-wwan",
        "qcserial" => "kmod-usb-serial-qualcomm",
        _ => "kmod-usb-serial-option",
    }
}

pub fn is_modem_maker(vendor: u16) -> bool {
    MAKERS.contains(&vendor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: (u8, u8, u8) = (0xff, 0xff, 0xff);

    #[test]
    fn every_row_has_its_evidence_and_no_interface_two_drivers() {
        for row in TABLE {
            assert!(row.evidence.len() > 20 && is_modem_maker(row.vendor));
            for product in row.products {
                for interface in row.interfaces {
                    let rows = TABLE.iter().filter(|other| {
                        other.vendor == row.vendor
                            && other.products.contains(product)
                            && other.interfaces.contains(interface)
                    });
                    assert_eq!(rows.count(), 1, "{:04x}:{product:04x} interface {interface}", row.vendor);
                }
            }
        }
    }

    #[test]
    fn a_class_says_more_than_ids() {
        assert_eq!(of(0x1234, 0x5678, 12, (2, 0x0e, 0)), Some("cdc_mbim"));
        assert_eq!(of(0x1199, 0x9013, 0, OWN), Some("qmi_wwan"));
        assert_eq!(of(0x1199, 0x9071, 3, (0xff, 0, 0)), Some("qcserial"));
        assert_eq!(of(0x1199, 0x9071, 8, (0x0a, 0, 2)), None);
        assert_eq!(of(0x1234, 0x5678, 0, OWN), None);
    }
}
