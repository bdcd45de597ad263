//! The simulated world: peers of the daemon as tasks of the test's own runtime.
#![allow(dead_code)]

mod bus;
pub mod ubusd;
#![allow(dead_code, unused_imports)]

pub mod fault;
pub mod modem;
