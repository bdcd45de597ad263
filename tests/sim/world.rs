//! The simulated world: ubusd, netifd with its handler, a sysfs with one modem in it, and
//! the daemon, all as tasks of one thread under one virtual clock.
//!
//! Contract: [`World::run`] is a test's whole runtime. Its clock stands still while anything
//! can be done and jumps to the next deadline when nothing can, so what passes is exactly
//! what somebody waited for. A scenario fails at its end where netifd has something to
//! complain of.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, LocalSet, spawn_local, yield_now};
use tokio::time::{Instant, sleep, timeout};
use uwand::globals::Globals;
use uwand::ubus::{Client, Error, Source, Status};

use super::at::{Answers, AtPort};
use super::modem::{Setup, SimModem};
use super::net::Net;
use super::netifd::{Handler, Netifd, State, What};
pub use super::plug::Device;
use super::qmi::{self, QmiModem};
use super::qmimux::Mux;
use super::sysfs_tree::{Iface, Tree, mbim, qmi as qmi_interface};
use super::ubusd::Ubusd;
use uwand::json::{Value, json};

/// Where the modem is plugged in.
pub const USB_PATH: &str = "1-1.2";
/// The one interface of most scenarios.
pub const WAN: &str = "wan";

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
/// Below the virtual clock's resolution, and far below any wait that somebody chose.
pub const AT_ONCE: Duration = Duration::from_millis(5);

/// So often others get their turn, while something is awaited that takes no time.
const MOST_YIELDS: u32 = 10_000;

pub struct World<M = SimModem> {
    pub modem: M,
    pub netifd: Netifd,
    pub ubusd: Ubusd,
    /// A connection of the test's own.
    pub bus: Client,
    pub globals: Globals,
    /// What is behind the modem.
    pub net: Net,
    pub(super) tree: Tree,
    daemon: RefCell<Option<AbortHandle>>,
    number: RefCell<Option<u8>>,
    pub(super) tended: Notify,
    mux: RefCell<Option<Mux>>,
}

impl World {
    /// Runs a scenario with the daemon started and a modem plugged in.
    pub fn run(setup: Setup, scenario: impl AsyncFnOnce(&World)) {
        paused(async { World::with(SimModem::new(setup)).play(scenario).await });
    }

    /// Like [`World::run`], where the clock has to run by itself: threads of the product's.
    pub fn run_live(setup: Setup, scenario: impl AsyncFnOnce(&World)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let scenario = async { World::with(SimModem::new(setup)).play(scenario).await };
        LocalSet::new().block_on(&runtime, scenario);
    }

    /// Everything but the daemon; the modem is not plugged in.
    pub fn new(setup: Setup) -> World {
        World::with(SimModem::new(setup))
    }
}

impl World<QmiModem> {
    /// Like [`World::run`], with a QMI modem.
    pub fn run_qmi(setup: qmi::Setup, scenario: impl AsyncFnOnce(&World<QmiModem>)) {
        paused(async { World::with(QmiModem::new(setup)).play(scenario).await });
    }

    /// qmi_wwan's framing of the network device, as it stands in sysfs.
    pub fn raw_ip(&self) -> String {
        let path = self.tree.root().join("class/net/wwan0/qmi/raw_ip");
        std::fs::read_to_string(path).unwrap_or_default().trim().to_string()
    }

    /// A driver that can be switched between the framings, and now has this one.
    pub fn set_raw_ip(&self, raw: bool) {
        let dir = self.tree.root().join("class/net/wwan0/qmi");
        // Where it was locked, a link is in its place.
        let _ = std::fs::remove_file(dir.join("raw_ip"));
        self.tree.attribute(&dir, "raw_ip", if raw { "Y\n" } else { "N\n" });
    }

    /// A driver that has QMAP channels; `tells`: its mux devices tell theirs.
    pub fn set_mux(&self, tells: bool) {
        *self.mux.borrow_mut() = Some(Mux::start(&self.tree.root(), "wwan0", &self.netifd, tells));
    }

    /// Somebody else takes a mux device away.
    pub fn remove_mux(&self, device: &str) {
        let channel = std::fs::read(self.globals.sysfs.join("class/net").join(device).join("qmap/mux_id"));
        let path = self.tree.root().join("class/net/wwan0/qmi/del_mux");
        std::fs::write(path, channel.expect("a mux device")).expect("an attribute");
    }

    /// A driver that does not let its framing be changed while this is held: it can be read, and
    /// writing there is an error even for root.
    pub fn lock_raw_ip(&self) -> OwnedFd {
        self.lock(&self.tree.root().join("class/net/wwan0/qmi/raw_ip"), "N\n")
    }

    /// The mux devices of wwan0.
    pub fn mux_devices(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.tree.root().join("class/net")).expect("a directory");
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("qmimux")).collect();
        names.sort();
        names
    }
}

impl<M: Device> World<M> {
    /// A file of sysfs that says this, and cannot be written even by root while this is held.
    pub(super) fn lock(&self, file: &Path, text: &str) -> OwnedFd {
        let sealed = memfd_create("locked", MFdFlags::MFD_ALLOW_SEALING).expect("a file in memory");
        nix::unistd::write(&sealed, text.as_bytes()).expect("its text");
        let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK;
        fcntl(&sealed, FcntlArg::F_ADD_SEALS(seals)).expect("a seal");
        std::fs::remove_file(file).expect("a file");
        self.tree.link(Path::new(&format!("/proc/self/fd/{}", sealed.as_raw_fd())), file);
        sealed
    }

    async fn play(self, scenario: impl AsyncFnOnce(&World<M>)) {
        watch_panics();
        self.plug(0);
        self.start_daemon();
        self.bus.wait_for("uwand").await;
        self.settle().await;
        tokio::select! {
            () = scenario(&self) => {}
            () = self.tend() => {}
        }
        assert!(!PANICKED.get(), "a task panicked");
        if !self.netifd.complaints().is_empty() {
            println!("{}", self.story().await);
        }
        assert_eq!(self.netifd.complaints(), [""; 0], "netifd would get this wrong in silence");
    }

    /// Everything around this modem but the daemon; it is not plugged in.
    pub fn with(modem: M) -> World<M> {
        let tree = Tree::new();
        let socket = tree.dir.join("ubus.sock");
        let ubusd = Ubusd::at(&socket).expect("a socket for ubusd");
        let source = {
            let ubusd = ubusd.clone();
            move || ubusd.source()
        };
        let handler = in_process(source.clone());
        let netifd = Netifd::start(source.clone(), handler);
        netifd.unplug("wwan0");
        let globals = Globals {
            ubus_sockets: vec![socket],
            sysfs: tree.root(),
            run_dir: tree.dir.join("run"),
            state_dir: Some(tree.dir.join("flash")),
            ..Globals::default()
        };
        World {
            modem,
            netifd,
            ubusd,
            bus: Client::start(source()),
            globals,
            net: Net::default(),
            tree,
            daemon: RefCell::default(),
            number: RefCell::default(),
            tended: Notify::new(),
            mux: RefCell::default(),
        }
    }

    /// Starts the daemon, as procd does.
    pub fn start_daemon(&self) {
        // A set of its own, so that all of the daemon's tasks go with it.
        let set = LocalSet::new();
        let modem = self.modem.clone();
        let prober = self.net.prober(move || modem.carries());
        set.spawn_local(uwand::daemon::serve(self.globals.clone(), prober, std::future::pending()));
        *self.daemon.borrow_mut() = Some(spawn_local(set).abort_handle());
    }

    /// `kill -9`: every task and descriptor of the daemon is gone.
    pub async fn kill_daemon(&self) {
        let Some(daemon) = self.daemon.take() else { return };
        daemon.abort();
        while !daemon.is_finished() {
            yield_now().await;
        }
        // Whoever calls it from here on is to find nobody: ubusd has to have seen it end.
        for _ in 0..MOST_YIELDS {
            if !self.ubusd.objects().iter().any(|path| path == "uwand") {
                break;
            }
            yield_now().await;
        }
    }

    /// A path in the world's own directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.tree.dir.join(name)
    }

    /// A network device that is nobody's in particular appears.
    pub fn add_netdev(&self, name: &str) {
        std::fs::create_dir_all(self.globals.sysfs.join("class/net").join(name)).expect("a directory");
        self.netifd.plug(name);
    }

    /// The path of the modem's control device under this number.
    pub fn control(&self, number: u8) -> PathBuf {
        self.tree.dir.join("dev").join(format!("cdc-wdm{number}"))
    }

    /// The modem comes onto the bus as cdc-wdmN and wwanN.
    pub fn plug(&self, number: u8) {
        *self.number.borrow_mut() = Some(number);
        self.plug_at(USB_PATH, number, None, &self.modem);
    }

    /// Any modem of this kind comes, anywhere.
    pub fn plug_at(&self, usb_path: &str, number: u8, serial: Option<&str>, modem: &M) {
        let (wdm, netdev) = (format!("cdc-wdm{number}"), format!("wwan{number}"));
        modem.listen(&self.control(number)).expect("a socket for the modem");
        let dir = self.tree.plug(usb_path, M::USB_ID, &M::interfaces(&wdm, &netdev));
        if let Some(serial) = serial {
            self.tree.attribute(&dir, "serial", format!("{serial}\n"));
        }
        self.netifd.plug(&netdev);
        self.uevent("add", usb_path, &wdm);
    }

    pub fn unplug_at(&self, usb_path: &str, number: u8, modem: &M) {
        modem.vanish();
        self.tree.unplug(usb_path);
        self.netifd.unplug(&format!("wwan{number}"));
        self.uevent("remove", usb_path, &format!("cdc-wdm{number}"));
    }

    /// The modem leaves the bus.
    pub fn unplug(&self) {
        let Some(number) = self.number.take() else { return };
        self.unplug_at(USB_PATH, number, &self.modem);
    }

    /// A serial port of the modem comes, on the interface where this model takes AT commands.
    pub fn plug_port(&self, name: &str, answers: Answers) -> AtPort {
        let port = AtPort::at(&self.tree.dir.join("dev").join(name), answers);
        self.tree.plug(USB_PATH, M::USB_ID, &[Iface::new(3, (0xff, 0, 0), "option").tty(name)]);
        self.tell_kernel("add", &format!("{USB_PATH}:1.3/{name}/tty/{name}"), "tty");
        port
    }

    /// It leaves, and with it its place in sysfs.
    pub fn unplug_port(&self, name: &str, port: &AtPort) {
        port.hang_up();
        let dir = self.tree.device_dir(USB_PATH).join(format!("{USB_PATH}:1.3"));
        std::fs::remove_dir_all(dir).expect("a port that is there");
        self.tell_kernel("remove", &format!("{USB_PATH}:1.3/{name}/tty/{name}"), "tty");
    }

    /// What the kernel would tell.
    fn uevent(&self, action: &str, usb_path: &str, wdm: &str) {
        let place = format!("{usb_path}:1.{}/usbmisc/{wdm}", M::INTERFACE);
        self.tell_kernel(action, &place, "usbmisc");
    }

    fn tell_kernel(&self, action: &str, place: &str, subsystem: &str) {
        let path = format!("/devices/platform/ehci/usb1/1-1/{USB_PATH}/{place}");
        let message = format!("{action}@{path}\0ACTION={action}\0DEVPATH={path}\0SUBSYSTEM={subsystem}\0");
        let socket = std::os::unix::net::UnixDatagram::unbound().expect("a socket");
        // Nobody listens before the daemon runs.
        let _ = socket.send_to(message.as_bytes(), self.tree.dir.join("uevents"));
    }

    // --- what a person does ---

    /// Writes the interface section and brings it up; options beside `proto`.
    pub fn ifup(&self, options: Value) {
        let mut section = json!({ "proto": "uwand" });
        for (name, value) in options.as_object().into_iter().flatten() {
            section[name.as_str()] = value.clone();
        }
        self.netifd.configure(WAN, Some(section));
        self.netifd.ifup(WAN);
    }

    pub async fn status(&self) -> Value {
        self.call("status", json!({})).await
    }

    pub async fn call(&self, method: &str, arguments: Value) -> Value {
        self.bus
            .invoke("uwand", method, &arguments, Duration::from_secs(5))
            .await
            .expect("the daemon answers")
    }

    /// One member of the interface in `status`.
    pub async fn of_interface(&self, member: &str) -> Value {
        self.status().await["interfaces"][0][member].clone()
    }

    /// One member of the modem in `status`.
    pub async fn of_modem(&self, member: &str) -> Value {
        self.status().await["modems"][0][member].clone()
    }

    // --- what a test waits for ---

    /// Up within `limit`; gives the time it took, and lets everything settle.
    pub async fn up_within(&self, limit: Duration) -> Duration {
        let begin = Instant::now();
        let is_up = self.netifd.until(limit, |netifd| netifd.is_up(WAN)).await;
        assert!(is_up, "not up within {limit:?}; {}", self.story().await);
        let took = begin.elapsed();
        self.settle().await;
        took
    }

    /// Not up within `limit`. A teardown is to settle within it, too.
    pub async fn down_within(&self, limit: Duration) -> Duration {
        let begin = Instant::now();
        let is_down = |netifd: &Netifd| matches!(netifd.state(WAN), State::Down | State::Setup);
        let is_down = self.netifd.until(limit, is_down).await;
        assert!(is_down, "still up after {limit:?}; {}", self.story().await);
        let took = begin.elapsed();
        self.settle().await;
        took
    }

    /// `ifstatus` shows this code within `limit`; gives the time it took.
    pub async fn error_within(&self, code: &str, limit: Duration) -> Duration {
        let begin = Instant::now();
        let shown = self.netifd.until(limit, |netifd| netifd.error(WAN) == code).await;
        assert!(shown, "no {code} within {limit:?}; {}", self.story().await);
        let took = begin.elapsed();
        self.settle().await;
        took
    }

    /// Everything that can be done now is done, and a millisecond more.
    pub async fn settle(&self) {
        sleep(Duration::from_millis(1)).await;
    }

    pub async fn pass(&self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
    }

    /// The words behind the code of the error in `ifstatus`.
    pub fn error_words(&self) -> String {
        let data = self.netifd.status(WAN)["errors"][0]["data"].clone();
        let words = data.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.collect::<Vec<_>>().join("; ")
    }

    /// The messages of one notify_proto action, as netifd got them.
    pub fn notified(&self, action: u64) -> Vec<Value> {
        let told = self.netifd.told(WAN).into_iter();
        told.filter_map(|what| match what {
            What::Notify { args, .. } if args["action"] == action => Some(args),
            _ => None,
        })
        .collect()
    }

    /// `link-up` messages so far: true or false each.
    pub fn link_ups(&self) -> Vec<bool> {
        self.notified(0).iter().map(|args| args["link-up"] == true).collect()
    }

    /// netifd must not start it again by itself.
    pub fn is_blocked(&self) -> bool {
        !self.notified(4).is_empty()
    }

    /// What happened, for a failed test.
    pub async fn story(&self) -> String {
        let status =
            timeout(Duration::from_secs(5), self.bus.invoke("uwand", "status", &json!({}), LONG)).await;
        let status = match status {
            Ok(Ok(status)) => status.to_string(),
            other => format!("{other:?}"),
        };
        let events = self.netifd.log();
        let lines: Vec<String> =
            events.iter().map(|event| format!("{:?} {:?}", event.at, event.what)).collect();
        let seen = self.modem.asked();
        format!("status: {status}\nnetifd:\n{}\nmodem: {}", lines.join("\n"), seen.join(", "))
    }
}

const LONG: Duration = Duration::from_secs(5);

/// The handler, without a process: one call and done.
fn in_process(source: impl Fn() -> Source + 'static) -> Handler {
    Handler::Closure(Box::new(move |call| {
        let client = Client::start(source());
        Box::pin(async move {
            let config: Value = uwand::json::from_str(&call.config).expect("netifd's JSON");
            if timeout(Duration::from_secs(60), client.wait_for("uwand")).await.is_err() {
                return;
            }
            let (method, arguments) = match call.action {
                "teardown" => ("down", json!({ "interface": call.interface })),
                _ => ("up", json!({ "interface": call.interface, "config": config })),
            };
            match client.invoke("uwand", method, &arguments, LONG).await {
                Ok(_) => {}
                // As the real one: it asks once more where ubusd or the daemon went meanwhile.
                Err(error) if error == Error::Gone || error.status() == Some(Status::NotFound) => {
                    client.wait_for("uwand").await;
                    let _ = client.invoke("uwand", method, &arguments, LONG).await;
                }
                Err(error) => panic!("the daemon answers its handler: {error}"),
            }
        })
    }))
}

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// A task that panics dies in silence; on a router the whole process would end.
fn watch_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICKED.set(true);
            print(info);
        }));
    });
}

/// One thread, one paused clock.
pub fn paused<T>(scenario: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), scenario)
}
