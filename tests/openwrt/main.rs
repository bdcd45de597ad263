//! Against the real netifd: what our messages do to a router's addresses, routes, name
//! servers and errors. Skipped without `UWAND_OPENWRT_ROOT`; see router.rs.

mod messages;
mod router;
