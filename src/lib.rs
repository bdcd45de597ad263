//! uwand: the cellular service of an OpenWrt router.
pub mod cause;
pub mod config;
pub mod link;
pub mod status;
pub mod wire;
pub mod words;
