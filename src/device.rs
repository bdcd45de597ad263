//! Which modem an interface means: option `device`, parsed.
//!
//! Contract: [`DeviceSpec::parse`] looks at the text alone, never at the machine, so that a
//! modem that is not plugged in yet is not a configuration error. A text of no known form
//! gives [`BadDevice`], which says what to write instead. Finding the modem that a spec means
//! is the business of `linux::sysfs`.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::words::Id;

/// The forms of option `device`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceSpec {
    /// The only modem there is.
    Auto,
    /// A control device, by its path below `/dev`: `cdc-wdm0`, `wwan0mbim0`, or a user's link.
    Node(PathBuf),
    /// A place in the USB tree: `1-1.2`. It survives any renumbering of names.
    UsbPath(String),
    /// A directory below `/sys`, of the device or of anything in it.
    SysPath(PathBuf),
    Usb {
        vendor: u16,
        product: u16,
    },
    /// The USB serial number; an [`Id`], because several makers put the IMEI there.
    Serial(Id),
    /// Only the modem itself can tell its IMEI.
    Imei(Id),
    /// A Unix `SOCK_SEQPACKET` socket, one message a packet.
    Socket(PathBuf),
}

/// A value of option `device` that has no known form; the text names the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadDevice(pub String);

impl fmt::Display for BadDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadDevice {}

const FORMS: &str = "write auto, /dev/cdc-wdm0, a USB path such as 1-1.2, a path below /sys, \
                     usb:1199:9071, serial:…, imei:… or the path of a socket";

fn bad<T>(text: impl Into<String>) -> Result<T, BadDevice> {
    Err(BadDevice(text.into()))
}

impl DeviceSpec {
    pub fn parse(text: &str) -> Result<DeviceSpec, BadDevice> {
        let text = text.trim();
        if text.is_empty() {
            return bad("it is empty: leave the option out, or write auto");
        }
        if text.chars().any(char::is_control) {
            return bad("it holds a control character");
        }
        if text == "auto" {
            return Ok(DeviceSpec::Auto);
        }
        if text.starts_with('/') {
            return parse_path(text);
        }
        if let Some((prefix, rest)) = text.split_once(':') {
            match prefix {
                "usb" => return parse_usb_id(rest),
                "serial" => return parse_serial(rest),
                "imei" => return parse_imei(rest),
                _ => {}
            }
        }
        parse_bare(text)
    }
}

fn parse_path(text: &str) -> Result<DeviceSpec, BadDevice> {
    let path = Path::new(text);
    if path.components().any(|part| part == Component::ParentDir) {
        return bad("a path must not hold '..': write it in full");
    }
    // Collecting the components takes out doubled and trailing slashes.
    let path: PathBuf = path.components().collect();
    if let Ok(node) = path.strip_prefix("/dev") {
        return parse_node(node);
    }
    if path.starts_with("/sys") {
        if path.components().count() < 4 {
            return bad("it names no device: write a path such as /sys/bus/usb/devices/1-1.2");
        }
        return Ok(DeviceSpec::SysPath(path));
    }
    if path.components().count() < 2 {
        return bad(format!("it names no device: {FORMS}"));
    }
    Ok(DeviceSpec::Socket(path))
}

fn parse_node(node: &Path) -> Result<DeviceSpec, BadDevice> {
    let name = match node.file_name() {
        Some(name) => name.to_string_lossy(),
        None => return bad("it names no device: write a control device such as /dev/cdc-wdm0"),
    };
    if name.starts_with("tty") {
        return bad(format!(
            "/dev/{name} is a serial port: name the control device (/dev/cdc-wdm0) or the USB path here, \
             and the port in option control_at"
        ));
    }
    Ok(DeviceSpec::Node(node.to_path_buf()))
}

fn parse_usb_id(text: &str) -> Result<DeviceSpec, BadDevice> {
    let hex = |part: &str| match part.len() {
        1..=4 if part.bytes().all(|b| b.is_ascii_hexdigit()) => u16::from_str_radix(part, 16).ok(),
        _ => None,
    };
    let ids = text.split_once(':').and_then(|(vendor, product)| Some((hex(vendor)?, hex(product)?)));
    match ids {
        Some((vendor, product)) => Ok(DeviceSpec::Usb { vendor, product }),
        None => bad("after usb: come vendor and product in hexadecimal, as in usb:1199:9071"),
    }
}

fn parse_serial(text: &str) -> Result<DeviceSpec, BadDevice> {
    match text.trim() {
        "" => bad("after serial: comes the USB serial number, as 'uwand status' shows it"),
        serial => Ok(DeviceSpec::Serial(Id::new(serial))),
    }
}

/// 3GPP TS 23.003 6.2: 15 digits (14 and a check digit); an IMEISV has 16. People copy them
/// from labels with blanks and dashes in them.
fn parse_imei(text: &str) -> Result<DeviceSpec, BadDevice> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '/')).collect();
    if !digits.bytes().all(|b| b.is_ascii_digit()) || !(14..=16).contains(&digits.len()) {
        return bad("an IMEI has 15 digits, as in imei:359072060000000");
    }
    Ok(DeviceSpec::Imei(Id::new(digits)))
}

fn parse_bare(text: &str) -> Result<DeviceSpec, BadDevice> {
    if is_usb_path(text) {
        return Ok(DeviceSpec::UsbPath(text.to_owned()));
    }
    if let Some((device, _)) = text.split_once(':') {
        if is_usb_path(device) {
            return bad(format!("'{text}' is one interface of the modem: write {device}"));
        }
        if let Ok(DeviceSpec::Usb { .. }) = parse_usb_id(text) {
            return bad(format!("for a modem by its USB ids write usb:{text}"));
        }
    }
    if text.starts_with("cdc-wdm") {
        return bad(format!("write the whole path: /dev/{text}"));
    }
    if text.starts_with("wwan") || text.starts_with("usb") || text.starts_with("eth") {
        return bad(format!(
            "'{text}' looks like a network device: name the modem here (its network device is found, \
             or goes in option netdev)"
        ));
    }
    if text.bytes().filter(u8::is_ascii_digit).count() >= 8 {
        // An IMEI or a serial number, which a log must not show.
        return bad(
            "for a modem by its IMEI write imei: before the digits, by its USB serial number serial:",
        );
    }
    bad(format!("'{text}' has no known form: {FORMS}"))
}

/// `BUS-PORT[.PORT]…`, as the kernel names USB devices (drivers/usb/core/usb.c, usb_alloc_dev).
pub fn is_usb_path(text: &str) -> bool {
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        Some((bus, ports)) => number(bus) && ports.split('.').all(number),
        None => false,
    }
}

/// Whether a modem that says `told` is the one that `wanted` means. The check digit may be
/// missing or, in an IMEISV, replaced by two digits of software version: 14 digits decide.
pub fn same_imei(wanted: &Id, told: &Id) -> bool {
    match (wanted.reveal().get(..14), told.reveal().get(..14)) {
        (Some(wanted), Some(told)) => wanted == told,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> DeviceSpec {
        DeviceSpec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_form_of_the_contract_is_understood() {
        assert_eq!(parsed("auto"), DeviceSpec::Auto);
        assert_eq!(parsed("/dev/cdc-wdm0"), DeviceSpec::Node("cdc-wdm0".into()));
        assert_eq!(parsed("/dev//wwan0mbim0"), DeviceSpec::Node("wwan0mbim0".into()));
        assert_eq!(parsed("1-1.2"), DeviceSpec::UsbPath("1-1.2".into()));
        assert_eq!(parsed("10-1"), DeviceSpec::UsbPath("10-1".into()));
        let sys = "/sys/devices/platform/usb1/1-1";
        assert_eq!(parsed(sys), DeviceSpec::SysPath(sys.into()));
        assert_eq!(parsed("usb:1199:9071"), DeviceSpec::Usb { vendor: 0x1199, product: 0x9071 });
        assert_eq!(parsed("usb:2C7C:125"), DeviceSpec::Usb { vendor: 0x2c7c, product: 0x0125 });
        assert_eq!(parsed("serial:XYZ"), DeviceSpec::Serial(Id::new("XYZ")));
        assert_eq!(parsed("imei:35-907206-000000-0"), DeviceSpec::Imei(Id::new("359072060000000")));
        assert_eq!(parsed("/var/run/modem.sock"), DeviceSpec::Socket("/var/run/modem.sock".into()));
    }

    #[test]
    fn a_wrong_form_names_its_remedy() {
        for (text, remedy) in [
            ("", "write auto"),
            ("wwan0", "netdev"),
            ("cdc-wdm0", "/dev/cdc-wdm0"),
            ("/dev/ttyUSB2", "control_at"),
            ("/dev", "/dev/cdc-wdm0"),
            ("/sys/bus", "/sys/bus/usb/devices/1-1.2"),
            ("/", "socket"),
            ("1-1.2:1.4", "write 1-1.2"),
            ("1199:9071", "usb:1199:9071"),
            ("usb:1199", "usb:1199:9071"),
            ("usb:11999:9071", "hexadecimal"),
            ("usb:+199:9071", "hexadecimal"),
            ("serial:", "USB serial"),
            ("imei:35907206000000x", "15 digits"),
            ("imei:123", "15 digits"),
            ("359072060000000", "imei:"),
            ("/dev/../etc/passwd", "in full"),
            ("1-", "socket"),
            ("1-1..2", "socket"),
            ("EM7455", "socket"),
            ("a\nb", "control character"),
        ] {
            let error = DeviceSpec::parse(text).expect_err(text);
            assert!(error.0.contains(remedy), "{text:?}: {error}");
        }
    }

    #[test]
    fn an_imei_or_serial_is_never_printed() {
        let shown = format!("{:?} {:?}", parsed("imei:359072060000000"), parsed("serial:359072060000000"));
        assert!(!shown.contains("3590"), "{shown}");
        for text in ["imei:86012304567890123", "860123045678901", "IMEI 860123045678901"] {
            let error = DeviceSpec::parse(text).expect_err(text);
            assert!(!error.0.contains("8601230"), "{error}");
        }
    }

    #[test]
    fn an_imei_matches_with_and_without_its_check_digit() {
        let id = Id::new;
        assert!(same_imei(&id("359072060000000"), &id("35907206000000")));
        assert!(same_imei(&id("359072060000000"), &id("3590720600000012")));
        assert!(!same_imei(&id("359072060000000"), &id("359072060000018")));
        assert!(!same_imei(&id("359072060000000"), &id("")));
    }
}
