//! A router for tests: the real ubusd and netifd of OpenWrt, in pid, mount and network
//! namespaces of their own.
//!
//! Contract: `$UWAND_OPENWRT_ROOT` names a directory with the router's programs (`netifd`,
//! `ubusd`, `ubus` below `sbin`, `bin`, `usr/sbin` or `usr/bin`), runnable on this machine.
//! Without it, or without the right to make namespaces, [`Router::start`] says why in one
//! line and gives `None`. Everything that a router started ends with it, even when the test
//! is killed: all of it lives below one `cat` that waits for the end of its input.
//!
//! Why not a double? The double is for the hundred scenarios of every day; this is the check
//! that it, and the product, believe the right things of netifd.

#[allow(clippy::duplicate_mod)]
#[path = "../skip/mod.rs"]
mod skip;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use uwand::json::{Value, json};

const ROOT: &str = "UWAND_OPENWRT_ROOT";

/// A handler that declares our options, writes down how it is called and leaves the link
/// to the test.
const STUB: &str = "#!/bin/sh\n\
    case \"$2\" in dump) cat \"$UWAND_TEST_DIR/dump.json\";;\n\
    *) printf '%s\\n' \"$2\" >>\"$UWAND_TEST_DIR/calls\"; printf '%s' \"$4\" >\"$UWAND_TEST_DIR/config.json\";;\nesac\n";

pub struct Router {
    dir: PathBuf,
    root: PathBuf,
    holder: Child,
    running: RefCell<BTreeMap<String, Child>>,
}

impl Router {
    /// A router with netdev `wwan0` and this `/etc/config/network`, beside `loopback`, whose
    /// handler does nothing.
    pub fn start(network: &str) -> Option<Router> {
        let router = Router::off()?;
        router.install("uwand", STUB);
        router.configure(network);
        router.start_ubusd();
        router.start_netifd();
        Some(router)
    }

    /// A router on which nothing runs yet.
    pub fn off() -> Option<Router> {
        let Some(root) = std::env::var_os(ROOT).filter(|root| !root.is_empty()) else {
            skip::skipped(&format!("{ROOT} not set"));
            return None;
        };
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // Short, because a socket's path has at most 107 bytes.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("uwand-ow-{}-{number}", std::process::id()));
        fs::create_dir_all(dir.join("netifd/proto")).unwrap();
        for part in ["config", "etc", "sbin"] {
            fs::create_dir_all(dir.join(part)).unwrap();
        }
        std::os::unix::fs::symlink(dir.join("config"), dir.join("etc/config")).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_uwand"), dir.join("sbin/uwand")).unwrap();
        fs::write(dir.join("dump.json"), format!("{}\n", uwand::netifd::dump())).unwrap();
        let holder = match namespaces(&dir) {
            Ok(holder) => holder,
            Err(why) => {
                skip::skipped(&format!("no namespaces: {why}"));
                let _ = fs::remove_dir_all(&dir);
                return None;
            }
        };
        Some(Router { dir, root: root.into(), holder, running: RefCell::default() })
    }

    /// Puts a handler into netifd's directory.
    pub fn install(&self, protocol: &str, script: &str) {
        let path = self.path(&format!("netifd/proto/{protocol}.sh"));
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes `/etc/config/network`; a `network reload` or a start of netifd reads it.
    pub fn configure(&self, network: &str) {
        let loopback = "config interface loopback\n\toption device lo\n\toption proto static\n\
            \tlist ipaddr 127.0.0.1/8\n\n";
        fs::write(self.path("config/network"), format!("{loopback}{network}\n")).unwrap();
    }

    pub fn start_ubusd(&self) {
        self.spawn("ubusd", &self.program("ubusd"), &["-s", &self.text("ubus")]);
        self.eventually("ubusd listens", 5, || self.path("ubus").exists().then_some(()));
    }

    pub fn start_netifd(&self) {
        let (socket, main, config) = (self.text("ubus"), self.text("netifd"), self.text("config"));
        let resolv = self.text("resolv.conf");
        let arguments =
            ["-S", "-l", "3", "-s", &socket, "-p", &main, "-c", &config, "-r", &resolv, "-h", "/bin/true"];
        self.spawn("netifd", &self.program("netifd"), &arguments);
        self.eventually("netifd has its interfaces", 5, || {
            self.call("network.interface.loopback", "status", json!({})).ok()
        });
    }

    fn program(&self, name: &str) -> String {
        let places = ["sbin", "bin", "usr/sbin", "usr/bin"];
        let found = places.iter().map(|place| self.root.join(place).join(name)).find(|path| path.exists());
        found.unwrap_or_else(|| panic!("{ROOT} has no {name}")).display().to_string()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// What a file of the router's directory says; nothing when it is not there.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A command in the namespaces, with the environment that a router gives ours.
    fn enter(&self, program: &str) -> Command {
        let ns = |kind| format!("/proc/{}/ns/{kind}", self.holder.id());
        let mut command = Command::new("nsenter");
        command.arg(format!("--mount={}", ns("mnt"))).arg(format!("--net={}", ns("net")));
        command.arg(format!("--pid={}", ns("pid_for_children"))).arg("--").arg(program);
        command.env("UWAND_TEST_DIR", &self.dir).env("UWAND_UBUS_SOCKET", self.path("ubus"));
        command.env("UWAND_RUN_DIR", self.path("run")).env("UWAND_LOG", "debug").stdin(Stdio::null());
        command
    }

    /// Starts a daemon that writes to `NAME.log`.
    pub fn spawn(&self, name: &str, program: &str, arguments: &[&str]) {
        let log =
            fs::File::options().create(true).append(true).open(self.path(&format!("{name}.log"))).unwrap();
        let child = self
            .enter("sh")
            .args(["-c", "echo $$ >\"$0\"; exec \"$@\"", &self.text(&format!("{name}.pid")), program])
            .args(arguments)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.running.borrow_mut().insert(name.to_string(), child);
    }

    /// Sends a daemon a signal and waits until it is gone.
    pub fn kill(&self, name: &str, signal: &str) {
        let pid = self.read(&format!("{name}.pid"));
        self.run("kill", &["-s", signal, pid.trim()]);
        if let Some(mut child) = self.running.borrow_mut().remove(name) {
            child.wait().unwrap();
        }
        if name == "ubusd" {
            let _ = fs::remove_file(self.path("ubus"));
        }
    }

    /// Runs a command in the namespaces; its output.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.enter(program).args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// `ubus call`; what the command line says where it fails.
    pub fn call(&self, object: &str, method: &str, message: Value) -> Result<Value, String> {
        let output = Command::new(self.program("ubus"))
            .args(["-s", &self.text("ubus"), "-t", "10", "-S", "call", object, method, &message.to_string()])
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(uwand::json::from_slice(&output.stdout).unwrap_or(Value::Null))
    }

    pub fn notify(&self, message: Value) {
        self.call("network.interface", "notify_proto", message).unwrap();
    }

    pub fn ifup(&self, interface: &str) {
        self.call("network.interface", "up", json!({ "interface": interface })).unwrap();
    }

    pub fn ifdown(&self, interface: &str) {
        self.call("network.interface", "down", json!({ "interface": interface })).unwrap();
    }

    pub fn reload(&self) {
        self.call("network", "reload", json!({})).unwrap();
    }

    /// What `ifstatus` prints; `Null` while netifd has no such interface.
    pub fn ifstatus(&self, interface: &str) -> Value {
        self.call("network.interface", "status", json!({ "interface": interface })).unwrap_or_default()
    }

    /// Waits until `ifstatus` is as wanted.
    pub fn await_status(&self, what: &str, seconds: u64, wanted: impl Fn(&Value) -> bool) -> Value {
        let status = || Some(self.ifstatus("wan")).filter(|status| wanted(status));
        self.eventually(what, seconds, status)
    }

    /// Waits until there is something, or fails with the logs of all daemons.
    pub fn eventually<T>(&self, what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            if let Some(found) = look() {
                return found;
            }
            if Instant::now() > end {
                let logs = ["ubusd.log", "netifd.log", "uwand.log"].map(|name| self.read(name)).join("\n");
                panic!("not within {seconds} s: {what}\n{}\n{logs}", self.ifstatus("wan"));
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Addresses of `wwan0` in the kernel, `10.1.2.3/30`, without link-local ones.
    pub fn addresses(&self) -> Vec<String> {
        let output = self.run("ip", &["-o", "addr", "show", "dev", "wwan0"]);
        let words = output.lines().filter_map(|line| line.split_whitespace().nth(3));
        words.filter(|address| !address.starts_with("fe80")).map(String::from).collect()
    }

    /// Routes over `wwan0` in the kernel, one a line; `family` is `-4` or `-6`.
    pub fn routes(&self, family: &str) -> String {
        self.run("ip", &[family, "route", "show", "dev", "wwan0"])
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // The namespace's first process ends with its input, and takes all others along.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
        for child in self.running.borrow_mut().values_mut() {
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// A process that holds new namespaces with `lo` and `wwan0` in them.
fn namespaces(dir: &Path) -> Result<Child, String> {
    // `ifb`, because a modem's netdev is no pair as veth is, and dummy is not in every kernel.
    // The product's own paths, laid over the machine's: the handler, and where it reads options.
    let inside = "mount -t sysfs sysfs /sys && ip link set lo up && \
        mount -t overlay -o lowerdir=\"$0/etc\":/etc overlay /etc && \
        mount -t overlay -o lowerdir=\"$0/sbin\":/usr/sbin overlay /usr/sbin && \
        { ip link add wwan0 type dummy || ip link add wwan0 type ifb; } 2>/dev/null && \
        echo ready && exec cat";
    let mut holder = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"])
        .args(["--propagation", "private", "sh", "-c", inside])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|why| format!("unshare: {why}"))?;
    let mut line = String::new();
    let stdout = holder.stdout.take().ok_or("unshare: no output")?;
    BufReader::new(stdout).read_line(&mut line).map_err(|why| why.to_string())?;
    if line == "ready\n" {
        return Ok(holder);
    }
    drop(holder.stdin.take());
    let output = holder.wait_with_output().map_err(|why| why.to_string())?;
    let why = String::from_utf8_lossy(&output.stderr);
    Err(why.lines().next().unwrap_or("a netdev for wwan0 cannot be made").to_string())
}
