//! What people type: `uwand status`, `watch`, `signal`, `reconnect`.
//!
//! Contract: output for people goes to stdout and errors to stderr, each with its remedy.
//! The process ends with 0 when it did what was asked, 1 when not, 2 on wrong use. A reader
//! that goes away (`| head`) is no error. Every string that came from a modem, a network or
//! a configuration is shown with its control characters replaced.
pub mod args;
pub mod choose;
pub mod output;
pub mod show;
pub mod table;
pub mod text;

use std::process::ExitCode;

use crate::globals::Globals;

/// Does what a person asked.
pub fn run(_globals: &Globals, _request: &args::Request) -> ExitCode {
    ExitCode::FAILURE
}
