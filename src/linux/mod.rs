//! The kernel's side: one thin file per kernel interface.
//!
//! Contract: these files turn kernel facts into values and wishes into calls, and decide
//! nothing. Only here may `unsafe` be written, and only around an ioctl.
//!
//! A simulated world needs no root: where `--sysfs DIR/sys` names another tree than the
//! kernel's, `DIR/dev` stands for `/dev` (sockets in place of the character devices) and
//! uevents are read from the datagram socket `DIR/uevents`.

pub mod fd;
pub mod sysfs;
pub mod uevent;
pub mod wdm;
mod wwan;
