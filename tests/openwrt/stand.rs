//! A router with the daemon on it and a simulated modem under it.
//!
//! Contract: as after a boot, the modem is there first, then ubusd, the daemon and netifd.
//! The daemon and its handler are the built binary, the handler's script is the one that is
//! installed. The modem lives in a thread with a runtime of its own, in real time; a test
//! reaches it by [`Stand::modem`].

use std::ops::Deref;
use std::sync::mpsc as channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

use crate::router::Router;
use crate::sim::modem::{Setup, SimModem};
use uwand::json::{Value, json};

const HANDLER: &str = include_str!("../../files/lib/netifd/proto/uwand.sh");
const DAEMON: &str = env!("CARGO_BIN_EXE_uwand");

type Order = Box<dyn FnOnce(&SimModem) + Send>;

pub struct Stand {
    router: Router,
    orders: Option<UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Deref for Stand {
    type Target = Router;

    fn deref(&self) -> &Router {
        &self.router
    }
}

impl Stand {
    /// A booted router; `wan` has these lines besides what every interface here has.
    pub fn boot(options: &[&str], setup: Setup) -> Option<Stand> {
        let stand = Stand::new(options, setup)?;
        stand.start_daemon();
        stand.start_netifd();
        Some(stand)
    }

    /// The same without daemon and netifd.
    pub fn new(options: &[&str], setup: Setup) -> Option<Stand> {
        let router = Router::off()?;
        router.install("uwand", HANDLER);
        let path = router.path("modem");
        let (orders, mut received) = unbounded_channel::<Order>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            LocalSet::new().block_on(&runtime, async {
                let modem = SimModem::at(&path, setup).unwrap();
                while let Some(order) = received.recv().await {
                    order(&modem);
                }
            });
        });
        let stand = Stand { router, orders: Some(orders), thread: Some(thread) };
        stand.modem(|_| ());
        stand.options(options);
        stand.start_ubusd();
        Some(stand)
    }

    /// Does something to the modem, or asks it.
    pub fn modem<T: Send + 'static>(&self, what: impl FnOnce(&SimModem) -> T + Send + 'static) -> T {
        let (sender, answer) = channel::channel();
        let order: Order = Box::new(move |modem| sender.send(what(modem)).unwrap());
        assert!(self.orders.as_ref().unwrap().send(order).is_ok(), "the modem's thread has ended");
        answer.recv_timeout(Duration::from_secs(5)).expect("the modem's thread answers")
    }

    /// How often a session was activated.
    pub fn dials(&self) -> usize {
        self.modem(|modem| modem.activations().len())
    }

    /// Writes `/etc/config/network`.
    pub fn options(&self, options: &[&str]) {
        let device = self.text("modem");
        let lines = options.join("\n\t");
        self.configure(&format!(
            "config interface wan\n\toption proto uwand\n\toption device {device}\n\
             \toption netdev wwan0\n\toption metric 7\n\t{lines}\n"
        ));
    }

    pub fn start_daemon(&self) {
        self.spawn("uwand", DAEMON, &["daemon"]);
        self.eventually("the daemon is on ubus", 5, || self.status());
    }

    /// What the daemon says of itself.
    pub fn status(&self) -> Option<Value> {
        self.call("uwand", "status", json!({})).ok()
    }

    pub fn await_up(&self) -> Value {
        self.await_status("wan is up", 10, |wan| wan["up"] == true)
    }

    /// Waits for this error; the words that come with it.
    pub fn await_error(&self, code: &str) -> String {
        let wan = self.await_status(code, 10, |wan| wan["errors"][0]["code"] == code && wan["up"] == false);
        wan["errors"][0]["data"].as_array().map_or(String::new(), |words| {
            words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        })
    }

    /// How often netifd started a setup of `wan`.
    pub fn setups(&self) -> usize {
        self.read("netifd.log").matches("Interface 'wan' is setting up now").count()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            // It fails only where the test has failed already.
            let _ = thread.join();
        }
    }
}
