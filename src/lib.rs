//! uwand: the cellular service of an OpenWrt router.
pub mod cause;
pub mod status;
pub mod config;
pub mod link;
pub mod wire;
pub mod words;
