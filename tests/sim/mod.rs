//! The simulated world: peers of the daemon as tasks of the test's own runtime.
#![allow(dead_code, unused_imports)]

pub mod at;
pub mod bed;
mod bus;
pub mod fault;
mod handler;
mod interface;
pub mod line;
pub mod modem;
pub mod net;
pub mod netifd;
mod plug;
pub mod qmi;
mod qmimux;
mod settings;
pub mod sysfs_tree;
pub mod ubusd;
pub mod world;
