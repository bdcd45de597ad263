//! Against the real netifd and ubusd. Skipped without `UWAND_OPENWRT_ROOT`; see router.rs.
//!
//! ```text
//!  messages   what our messages do to a router's addresses, routes, name servers and errors
//!  double     the netifd of tests/sim beside the real one
//!  daemon     the daemon and its handler, from ifup to ifdown, and configurations that are wrong
//!  recovery   what ends and comes back: bearer, modem, SIM, ubusd, netifd, the daemon itself
//!  router     a router in namespaces
//!  stand      a router with the daemon on it and a simulated modem under it
//! ```

mod daemon;
mod double;
mod messages;
mod recovery;
mod router;
#[path = "../sim/mod.rs"]
mod sim;
mod stand;
