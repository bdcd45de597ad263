//! uwand: the cellular service of an OpenWrt router. One daemon on ubus, netifd's protocol
//! handler, and what people type.
//!
//! # The map
//!
//! | room | what it is for |
//! |---|---|
//! | [`words`] [`cause`] | the shared vocabulary; why a link is not up |
//! | [`wire`] | the ground of all codecs: a reader that cannot run off the end |
//! | [`json`] | PURE: values as JSON and blobmsg know them, read, made and shown |
//! | [`config`] [`device`] [`dial`] | the option table; which modem is meant; what a link asks of it |
//! | [`fault`] | PURE: the words of watching and mending |
//! | [`target`] [`dns`] | PURE: what a probe asks, and what it costs; the bytes of DNS |
//! | [`journal`] [`history`] | PURE: outages, and time series for graphs |
//! | [`ledger`] | where outages outlive the router |
//! | [`doctor`] | what keeps a modem from working, as far as it can be seen |
//! | [`migrate`] | PURE: sections of other protocols as sections of ours |
//! | [`explain`] [`metrics`] | PURE: what is thought to be wrong; OpenMetrics |
//! | [`link`] | PURE: one link, events in, actions out |
//! | [`watchdog`] | PURE: when to probe which targets; healthy, suspect, stalled |
//! | [`diagnose`] | PURE: facts in, the most likely fault out |
//! | [`ladder`] | PURE: what to try next; budgets, back-off, what helped before |
//! | [`mbim`] [`qmi`] | the protocols: frames, messages as data, client, procedure |
//! | [`quirks`] | PURE: what single models do otherwise, with evidence |
//! | [`pin`] | PURE: whether a PIN may be sent |
//! | [`board`] | what a modem told so far, to read and to wait on |
//! | [`modem`] [`answers`] | a modem, whatever it speaks; what it answers a person |
//! | [`at`] [`sms`] | the AT side channel of a modem; short messages |
//! | [`ubus`] | the bus: blobmsg, messages, a client that reconnects |
//! | [`netifd`] | the handler; bearers and causes as `notify_proto` |
//! | [`linux`] | one thin file per kernel interface |
//! | [`daemon`] | the only loop: what happens -> link -> work |
//! | [`bands`] [`ussd`] | from a channel number to its band; the text of USSD |
//! | [`status`] [`replies`] [`post`] [`cli`] | what is shown, and to people |
//! | [`task`] [`queue`] [`few`] | tasks, all of one type, their limits, and what passes between them; maps and lists of a few entries |
//! | [`globals`] [`logging`] [`civil`] | where the outside is; where log lines go; dates in them |
//!
//! Arrows point down only: `tests/architecture.rs` has the table.
//!
//! # One connect
//!
//! 1. `ifup`: netifd runs `uwand netifd uwand setup wan '{"apn":"internet",…}'`.
//! 2. [`netifd::main`] calls `uwand up {interface, config}` on ubus and ends.
//! 3. `daemon::methods` answers at once; [`config::Config::parse`] makes typed values, or
//!    `BAD_CONFIG` is told, and the link waits for another configuration.
//! 4. [`link::Link::handle`] takes `Wanted` and answers `[Connect]`.
//! 5. `daemon::links` finds the modem in [`linux::sysfs`], and starts the link's one job:
//!    `daemon::slot` opens it ([`linux::wdm`], [`mbim::client`]), [`modem::Modem::connect`] runs
//!    the chart in `mbim::modem::connect`: unlock, register, attach, activate, read settings.
//! 6. The job ends in one letter: `Connected(Bearer)` or `Failed(Cause)`.
//! 7. `link` answers `[LinkUp(bearer)]`; state and info line change.
//! 8. [`netifd::link_up`] becomes `notify_proto` 0 in the outbox, and netifd configures the
//!    device: addresses, routes, DNS.
//! 9. What the modem tells from now on comes as [`dial::Note`]: lost, changed, gone.
//!
//! # One recovery
//!
//! 1. `daemon::watch` asks what [`watchdog`] names, by [`linux::ping`]; rounds fail: suspect, stalled.
//! 2. `daemon::outlook` gathers the facts, and [`diagnose`] names the fault, with its evidence.
//! 3. [`ladder`] picks the mildest rung that can cure it and that the modem's budget allows, or says
//!    what it waits for.
//! 4. `daemon::rungs` carries it out as the link's job; netifd is told that traffic is lost.
//! 5. The link is up again, and `watchdog` probes at once: only an answer is a cure.
//! 6. `daemon::records` keeps the outage in [`journal`], [`ledger`] on flash, and what helped in the
//!    modem's own ledger: the next time it comes sooner.

pub mod answers;
pub mod at;
pub mod bands;
pub mod board;
pub mod cause;
pub mod civil;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod device;
pub mod diagnose;
pub mod dial;
pub mod dns;
pub mod doctor;
pub mod explain;
pub mod fault;
pub mod few;
pub mod globals;
pub mod history;
pub mod journal;
pub mod json;
pub mod ladder;
pub mod ledger;
pub mod link;
pub mod linux;
pub mod logging;
pub mod mbim;
pub mod metrics;
pub mod migrate;
pub mod modem;
pub mod netifd;
pub mod pin;
pub mod post;
pub mod qmi;
pub mod queue;
pub mod quirks;
pub mod replies;
pub mod sms;
pub mod status;
pub mod target;
pub mod task;
pub mod ubus;
pub mod uci;
pub mod ussd;
pub mod watchdog;
pub mod wire;
pub mod words;
