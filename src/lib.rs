//! uwand: the cellular service of an OpenWrt router.
pub mod cause;
pub mod status;
pub mod wire;
pub mod words;
