//! The kernel's side: one thin file per kernel interface.
//!
//! Contract: these files turn kernel facts into values and wishes into calls, and decide
//! nothing. Only here may `unsafe` be written: around a call of the kernel or the C library, each
//! with the reason why it is sound.
//!
//! A simulated world needs no root: where `--sysfs DIR/sys` names another tree than the
//! kernel's, `DIR/dev` stands for `/dev` (sockets in place of the character devices) and
//! uevents are read from the datagram socket `DIR/uevents`.

pub mod channel;
pub mod crash;
pub mod fd;
pub mod files;
pub mod heal;
pub mod mwan3;
pub mod netdev;
pub mod ping;
pub mod power;
pub mod qmimux;
pub mod run;
pub mod serial;
pub mod signals;
pub mod sysfs;
pub mod text;
#[cfg(target_env = "musl")]
mod threads;
pub mod tty;
pub mod uevent;
pub mod vlan;
pub mod wdm;
mod wwan;
