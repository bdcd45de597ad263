//! Every codec against recorded bytes, whole, cut and flipped: `cargo test --test bytes NAME`.

#[path = "../mbim_table/mod.rs"]
mod mbim_table;
#[path = "../vectors/mod.rs"]
mod vectors;

mod captures_at;
mod captures_mbim;
mod captures_own;
mod captures_qmi;
mod captures_sms;
mod captures_ubus;
mod replay_at;
mod replay_ubus;
mod ubus_hostile;
