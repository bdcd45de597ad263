//! uwand: the cellular service of an OpenWrt router.
pub mod cause;
pub mod civil;
pub mod cli;
pub mod config;
pub mod device;
pub mod globals;
pub mod link;
pub mod linux;
pub mod logging;
pub mod mbim;
pub mod netifd;
pub mod status;
pub mod ubus;
pub mod wire;
pub mod words;
