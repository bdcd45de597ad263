//! The network device that the kernel sees as the modem's: a TUN device, whose packets come
//! to this process as they would go to the modem over USB.
//!
//! Contract: [`Tun::read`] gives one IP packet that the kernel sends, [`Tun::write`] hands
//! it one. The device goes with its descriptor.
#![allow(unsafe_code)]

use std::fs::OpenOptions;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::libc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use uwand::linux::fd::watch;

mod ioctl {
    use super::{libc, size_of};
    // <linux/if_tun.h>: declared with an int, used with an ifreq
    const TUNSETIFF: libc::c_ulong = nix::request_code_write!(b'T', 202, size_of::<libc::c_int>());
    nix::ioctl_write_ptr_bad!(set_iff, TUNSETIFF, libc::ifreq);
}

const DEVICE: &str = "/dev/net/tun";
/// No packet is longer; the device's MTU is the network's.
const LONGEST: usize = 65536;

pub struct Tun(AsyncFd<OwnedFd>);

impl Tun {
    pub fn new(name: &str) -> Result<Tun, String> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open(DEVICE).map_err(|error| format!("{DEVICE}: {error}"))?;
        let fd = OwnedFd::from(file);
        // SAFETY: an ifreq of zeros is a valid value of each of its members.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
            *to = libc::c_char::from_ne_bytes([from]);
        }
        // IP packets bare, without the four bytes of protocol information in front.
        let flags = libc::IFF_TUN | libc::IFF_NO_PI;
        request.ifr_ifru.ifru_flags = libc::c_short::try_from(flags).unwrap_or_default();
        // SAFETY: the kernel reads one ifreq, with its name ended by a NUL.
        unsafe { ioctl::set_iff(fd.as_raw_fd(), &request) }
            .map_err(|error| format!("{DEVICE}: no device {name}: {error}"))?;
        watch(fd, Interest::READABLE).map(Tun).map_err(|error| format!("{DEVICE}: {error}"))
    }

    pub async fn read(&self) -> io::Result<Vec<u8>> {
        let mut packet = vec![0; LONGEST];
        loop {
            let mut ready = self.0.readable().await?;
            match ready.try_io(|fd| Ok(nix::unistd::read(fd.get_ref(), &mut packet)?)) {
                Ok(Ok(length)) => {
                    packet.truncate(length);
                    return Ok(packet);
                }
                // The device is down: wait until it is up.
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
        }
    }

    pub fn write(&self, packet: &[u8]) -> io::Result<()> {
        nix::unistd::write(self.0.get_ref(), packet)?;
        Ok(())
    }
}
