//! Against the real netifd: what our messages do to a router's addresses, routes, name
//! servers and errors. Skipped without `UWAND_OPENWRT_ROOT`; see router.rs.

mod double;
mod messages;
mod router;
#[path = "../sim/mod.rs"]
mod sim;
