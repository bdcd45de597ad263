//! uwand: the cellular service of an OpenWrt router.
pub mod cause;
pub mod civil;
pub mod cli;
pub mod config;
pub mod globals;
pub mod link;
pub mod logging;
pub mod device;
pub mod linux;
pub mod status;
pub mod wire;
pub mod words;
