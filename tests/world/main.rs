//! Everything that plays in the simulated world, in one program: `cargo test --test world NAME`
//! runs one module of it.
//!
//! Why one program? The simulated modems, bus and netifd are then compiled and linked once.

#[path = "../sim/mod.rs"]
mod sim;
#[path = "../skip/mod.rs"]
mod skip;

mod at_commands;
mod at_port;
mod chaos;
mod cli;
mod cli_asks;
mod cli_fault;
mod doctor;
mod drivers;
mod killed;
mod luci_recorded;
mod mbimcli;
mod migrate;
mod netifd_double;
mod qmicli;
mod scenarios_bus;
mod scenarios_faults;
mod scenarios_inside;
mod scenarios_mbim;
mod scenarios_network;
mod scenarios_qmap;
mod scenarios_qmi;
mod scenarios_qmi_faults;
mod scenarios_qmi_ids;
mod scenarios_removed;
mod scenarios_sim;
mod scenarios_twins;
mod sim_modem;
mod surface;
mod surface_messages;
mod surface_qmi;
mod surface_qmi_messages;
mod trace;
mod ubus_client;
mod ubus_real;
mod watchdog_days;
mod watchdog_ladder;
mod watchdog_rungs;
mod watchdog_stall;
