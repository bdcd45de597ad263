//! The network device: its MTU, up or down, counters, and the raw-IP switch of qmi_wwan.
//!
//! Contract: addresses and routes are netifd's; this sets what netifd does not know of. All
//! calls are answered by the kernel at once. A device that is gone gives ENODEV.
//!
//! Changes go by ioctl rather than through sysfs, because an ioctl acts on the network
//! namespace that this process is in, and a mounted sysfs on the one that mounted it.
//! For the same reason counters come from `/proc/self/net/dev` on a kernel's tree.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::sysfs::Sysfs;

mod ioctl {
    use nix::libc;
    // <linux/sockios.h>; these numbers are older than _IOR and the same on every architecture.
    nix::ioctl_read_bad!(get_flags, libc::SIOCGIFFLAGS, libc::ifreq);
    nix::ioctl_write_ptr_bad!(set_flags, libc::SIOCSIFFLAGS, libc::ifreq);
    nix::ioctl_read_bad!(get_mtu, libc::SIOCGIFMTU, libc::ifreq);
    nix::ioctl_write_ptr_bad!(set_mtu, libc::SIOCSIFMTU, libc::ifreq);
    nix::ioctl_read_bad!(get_address, libc::SIOCGIFHWADDR, libc::ifreq);
    nix::ioctl_write_ptr_bad!(set_address, libc::SIOCSIFHWADDR, libc::ifreq);
    nix::ioctl_read_bad!(get_v4, libc::SIOCGIFADDR, libc::ifreq);
}

/// The kernel's IFNAMSIZ, less the NUL.
pub const LONGEST_NAME: usize = 15;

/// What a device has carried since it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    pub rx_bytes: u64,
    pub rx_packets: u64,
    pub tx_bytes: u64,
    pub tx_packets: u64,
}

/// The smallest and largest MTU that the kernel lets this device have is its own business:
/// EINVAL says so.
pub fn set_mtu(name: &str, mtu: u32) -> io::Result<()> {
    let mut request = request(name)?;
    request.ifr_ifru.ifru_mtu = libc::c_int::try_from(mtu).map_err(|_| io::Error::from(Errno::EINVAL))?;
    let socket = control_socket()?;
    // SAFETY: the kernel reads one ifreq, with its name ended by a NUL.
    unsafe { ioctl::set_mtu(socket.as_raw_fd(), &request) }?;
    Ok(())
}

pub fn mtu(name: &str) -> io::Result<u32> {
    let mut request = request(name)?;
    let socket = control_socket()?;
    // SAFETY: the kernel reads the name and writes the union of one ifreq, as an int here.
    let mtu = unsafe {
        ioctl::get_mtu(socket.as_raw_fd(), &mut request)?;
        request.ifr_ifru.ifru_mtu
    };
    u32::try_from(mtu).map_err(|_| io::Error::from(Errno::ERANGE))
}

/// Whether the device is administratively up (IFF_UP).
pub fn is_up(name: &str) -> io::Result<bool> {
    Ok(flags(&control_socket()?, name)? & UP != 0)
}

/// Sets the device up or down; nothing happens where it is so already.
pub fn set_up(name: &str, up: bool) -> io::Result<()> {
    let socket = control_socket()?;
    let old = flags(&socket, name)?;
    let new = if up { old | UP } else { old & !UP };
    if new == old {
        return Ok(());
    }
    let mut request = request(name)?;
    request.ifr_ifru.ifru_flags = new;
    // SAFETY: as in `set_mtu`.
    unsafe { ioctl::set_flags(socket.as_raw_fd(), &request) }?;
    Ok(())
}

/// Gives an Ethernet device of qmi_wwan another address where its own could be taken for the
/// start of an IP header; the device has to be down. True where it was so.
pub fn set_apart_from_ip(name: &str) -> io::Result<bool> {
    let socket = control_socket()?;
    let mut request = request(name)?;
    // SAFETY: the kernel reads the name and writes the union of one ifreq, as a sockaddr here.
    let first = unsafe {
        ioctl::get_address(socket.as_raw_fd(), &mut request)?;
        &mut request.ifr_ifru.ifru_hwaddr.sa_data[0]
    };
    let [old] = first.to_ne_bytes();
    let Some(new) = apart_from_ip(old) else { return Ok(false) };
    *first = libc::c_char::from_ne_bytes([new]);
    // SAFETY: as in `set_mtu`; family and the other bytes are what the kernel has given.
    unsafe { ioctl::set_address(socket.as_raw_fd(), &request) }?;
    Ok(true)
}

/// qmi_wwan takes a frame to 4x:… or 6x:… (with bit 4 clear) for a bare IP packet
/// (possibly_iphdr, qmi_wwan_rx_fixup). It takes care that its own address is none of these,
/// but since Linux 6.12 usbnet draws the address only after that.
fn apart_from_ip(first: u8) -> Option<u8> {
    (first & 0xd0 == 0x40).then_some(first & 0xbf | 0x02)
}

/// The device's first IPv4 address; EADDRNOTAVAIL where it has none.
pub fn v4(name: &str) -> io::Result<Ipv4Addr> {
    let mut request = request(name)?;
    let socket = control_socket()?;
    // SAFETY: the kernel reads the name and writes the union of one ifreq, as a sockaddr here.
    let bytes = unsafe {
        ioctl::get_v4(socket.as_raw_fd(), &mut request)?;
        request.ifr_ifru.ifru_addr.sa_data
    };
    // A sockaddr_in, less its family: the port, then the address.
    let [_, _, a, b, c, d, ..] = bytes.map(|byte| u8::from_ne_bytes(byte.to_ne_bytes()));
    Ok(Ipv4Addr::new(a, b, c, d))
}

/// An IPv6 address of the device that others can answer to; EADDRNOTAVAIL where it has none.
pub fn v6(name: &str) -> io::Result<Ipv6Addr> {
    // Where the kernel has no IPv6 there is no such file.
    let text = fs::read_to_string("/proc/self/net/if_inet6").unwrap_or_default();
    text.lines().find_map(|line| global_v6(line, name)).ok_or_else(|| Errno::EADDRNOTAVAIL.into())
}

/// `address index length scope flags name`, all but the name in hex (net/ipv6/addrconf.c,
/// if6_seq_show): of global scope, and neither tentative, a double of another's, nor deprecated.
fn global_v6(line: &str, name: &str) -> Option<Ipv6Addr> {
    const UNUSABLE: u32 = 0x40 | 0x08 | 0x20;
    let mut words = line.split_whitespace();
    let address = u128::from_str_radix(words.next()?, 16).ok()?;
    let (scope, flags) = (words.nth(2)?, u32::from_str_radix(words.next()?, 16).ok()?);
    let fits = scope == "00" && flags & UNUSABLE == 0 && words.next()? == name;
    fits.then(|| Ipv6Addr::from(address))
}

/// The kernel's number of the device, which a renaming does not change.
pub fn index(name: &str) -> io::Result<u32> {
    Ok(nix::net::if_::if_nametoindex(name)?)
}

/// `IFF_UP`, in the type that the ioctl has for flags.
const UP: libc::c_short = 1;

fn flags(socket: &OwnedFd, name: &str) -> io::Result<libc::c_short> {
    let mut request = request(name)?;
    // SAFETY: the kernel reads the name and writes the union of one ifreq, as a short here.
    unsafe {
        ioctl::get_flags(socket.as_raw_fd(), &mut request)?;
        Ok(request.ifr_ifru.ifru_flags)
    }
}

/// Any socket will do; an IPv4 one is there on every router.
fn control_socket() -> io::Result<OwnedFd> {
    Ok(socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?)
}

fn request(name: &str) -> io::Result<libc::ifreq> {
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(['\0', '/']) {
        return Err(Errno::ENODEV.into());
    }
    // SAFETY: an ifreq of zeros is a valid value of each of its members.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        // c_char is signed on some architectures; the bits are what counts.
        *to = libc::c_char::from_ne_bytes([from]);
    }
    Ok(request)
}

impl Counters {
    /// The counters of a device; in a simulated world, those of its sysfs.
    pub fn read(sysfs: &Sysfs, name: &str) -> io::Result<Counters> {
        if !sysfs.is_kernel() {
            let dir = device_dir(sysfs, name)?.join("statistics");
            if dir.is_dir() {
                let one = |counter| super::sysfs::attribute(&dir, counter).parse().unwrap_or(0);
                return Ok(Counters {
                    rx_bytes: one("rx_bytes"),
                    rx_packets: one("rx_packets"),
                    tx_bytes: one("tx_bytes"),
                    tx_packets: one("tx_packets"),
                });
            }
        }
        let text = fs::read_to_string("/proc/self/net/dev")?;
        Counters::parse(&text, name).ok_or_else(|| Errno::ENODEV.into())
    }

    /// A line is `name: 8 receive counters, 8 transmit counters` (net/core/net-procfs.c); old
    /// kernels put no blank after the colon.
    fn parse(text: &str, name: &str) -> Option<Counters> {
        let rest = text.lines().find_map(|line| {
            let (device, rest) = line.rsplit_once(':')?;
            (device.trim() == name).then_some(rest)
        })?;
        let mut numbers = rest.split_whitespace().map(|number| number.parse::<u64>().unwrap_or(0));
        Some(Counters {
            rx_bytes: numbers.next()?,
            rx_packets: numbers.next()?,
            tx_bytes: numbers.nth(6)?,
            tx_packets: numbers.next()?,
        })
    }
}

/// Whether qmi_wwan frames nothing (raw IP) on this device; `None` where the driver is another.
pub fn raw_ip(sysfs: &Sysfs, name: &str) -> Option<bool> {
    match super::sysfs::attribute(&device_dir(sysfs, name).ok()?.join("qmi"), "raw_ip").as_str() {
        "Y" => Some(true),
        "N" => Some(false),
        _ => None,
    }
}

/// Switches raw IP. The driver answers EBUSY while the device is up (qmi_wwan.c, raw_ip_store),
/// so the caller has taken it down.
pub fn set_raw_ip(sysfs: &Sysfs, name: &str, raw: bool) -> io::Result<()> {
    let path = device_dir(sysfs, name)?.join("qmi/raw_ip");
    // Never create: on another driver there is no such file and must not be one.
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    io::Write::write_all(&mut file, if raw { b"Y" } else { b"N" })
}

fn device_dir(sysfs: &Sysfs, name: &str) -> io::Result<PathBuf> {
    request(name)?;
    Ok(sysfs.root().join("class/net").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROC_NET_DEV: &str = "Inter-|   Receive                                                |  Transmit\n \
        face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n\
        \x20   lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n\
        \x20wwan0:18446744073709551615 22 0 0 0 0 0 0 44 55 0 0 0 0 0 0\n\
        wwan0.2: 7 6 0 0 0 0 0 0 5 4 0 0 0 0 0 0\n";

    #[test]
    fn counters_are_those_of_exactly_this_device() {
        let read = |name| Counters::parse(PROC_NET_DEV, name);
        let expected = Counters { rx_bytes: u64::MAX, rx_packets: 22, tx_bytes: 44, tx_packets: 55 };
        assert_eq!(read("wwan0"), Some(expected));
        assert_eq!(read("wwan0.2").map(|c| c.tx_packets), Some(4));
        assert_eq!(read("wwan"), None);
        assert_eq!(Counters::parse("wwan0: 1 2", "wwan0"), None);
    }

    #[test]
    fn the_loopback_device_tells_about_itself() {
        assert!(mtu("lo").is_ok_and(|mtu| mtu >= 1280));
        assert!(is_up("lo").is_ok());
        assert_eq!(index("lo").ok(), Some(1));
        assert!(Counters::read(&Sysfs::default(), "lo").is_ok());
    }

    #[test]
    fn an_ipv6_address_that_can_be_used_is_told_from_others() {
        let read = |line: &str| global_v6(line, "wwan0").map(|address| address.to_string());
        let line = "20010db8000000000000000000000002 05 40 00 00    wwan0";
        assert_eq!(read(line).as_deref(), Some("2001:db8::2"));
        for wrong in [
            "20010db8000000000000000000000002 05 40 00 40    wwan0",
            "20010db8000000000000000000000002 05 40 00 20    wwan0",
            "fe800000000000000000000000000002 05 40 20 80    wwan0",
            "20010db8000000000000000000000002 06 40 00 00    wwan0.2",
            "20010db80000000000000000000000021 05 40 00 00   wwan0",
            "20010db8000000000000000000000002 05 40 00",
            "",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_that_looks_like_an_ip_header_is_told_from_others() {
        let taken: Vec<u8> = (0..=u8::MAX).filter(|first| apart_from_ip(*first).is_some()).collect();
        assert_eq!(taken.len(), 32);
        assert!(taken.iter().all(|first| matches!(first >> 4, 4 | 6)));
        assert!(
            taken.iter().filter_map(|first| apart_from_ip(*first)).all(|new| apart_from_ip(new).is_none())
        );
        // Locally administered, and not of a group unless it was before.
        assert_eq!(
            (apart_from_ip(0x42), apart_from_ip(0x6e), apart_from_ip(0x02)),
            (Some(0x02), Some(0x2e), None)
        );
        assert_eq!(set_apart_from_ip("lo").ok(), Some(false));
    }

    #[test]
    fn a_device_that_is_gone_is_an_error() {
        for name in ["gone0", "", "a name that is far too long", "../lo"] {
            let code = |error: io::Error| error.raw_os_error();
            assert_eq!(mtu(name).map_err(code), Err(Some(libc::ENODEV)), "{name}");
            assert_eq!(set_up(name, true).map_err(code), Err(Some(libc::ENODEV)), "{name}");
            assert!(Counters::read(&Sysfs::default(), name).is_err());
            assert_eq!(v4(name).map_err(code), Err(Some(libc::ENODEV)), "{name}");
            assert_eq!(v6(name).map_err(code), Err(Some(libc::EADDRNOTAVAIL)), "{name}");
        }
    }

    #[test]
    fn an_mtu_that_no_device_has_is_refused() {
        assert!(set_mtu("lo", u32::MAX).is_err());
    }
}
