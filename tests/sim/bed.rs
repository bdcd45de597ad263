//! A router with the product in processes of its own: the real daemon, the real handler;
//! ubusd, netifd and the modem are doubles in this process. For what has to be measured or
//! shown as it is, in real time.
//!
//! Contract: nothing of the machine is seen or touched (an empty sysfs, sockets in a directory
//! of the bed's own, which goes with it). The daemon ends with the bed, and with this process.
#![allow(unsafe_code)]

use super::modem::{Setup, SimModem};
use super::netifd::{Handler, Netifd};
use super::ubusd::Ubusd;
use nix::libc;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use uwand::ubus::Source;

use uwand::json::{Value, json};

/// The one interface.
pub const WAN: &str = "wan";
pub const NETDEV: &str = "wwan0";

/// A directory that goes when this does.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> io::Result<Directory> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Short, because the path of a socket has at most 107 bytes.
        let path = std::env::temp_dir().join(format!("uwand-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Directory(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct Bed {
    pub ubusd: Ubusd,
    pub netifd: Netifd,
    pub modem: SimModem,
    pub program: PathBuf,
    directory: Directory,
    log_level: String,
}

impl Bed {
    /// The doubles; `program` is `uwand`, which netifd starts as its handler.
    pub fn new(name: &str, program: &Path, setup: Setup) -> io::Result<Bed> {
        let directory = Directory::new(name)?;
        let file = |name: &str| directory.path().join(name);
        std::fs::create_dir(file("sys"))?;
        let ubusd = Ubusd::at(&file("ubus.sock"))?;
        let modem = SimModem::at(&file("modem"), setup)?;
        let handler = Handler::Process {
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: environment(directory.path()),
        };
        let bus = ubusd.clone();
        let netifd = Netifd::start(move || bus.source(), handler);
        let (program, log_level) = (program.to_owned(), "info".to_string());
        Ok(Bed { ubusd, netifd, modem, program, directory, log_level })
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("ubus.sock")
    }

    /// A name in the bed's directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn set_log_level(&mut self, level: &str) {
        self.log_level = level.to_string();
    }

    /// Starts the daemon, below `wrapper` where one is named (`strace` and its arguments), and
    /// waits until it is on ubus.
    pub async fn start_daemon(&self, wrapper: &[String], stderr: Stdio) -> io::Result<Child> {
        let words: Vec<String> =
            wrapper.iter().cloned().chain([self.program.display().to_string(), "daemon".into()]).collect();
        let Some((program, arguments)) = words.split_first() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut command = Command::new(program);
        command.args(arguments).envs(environment(self.directory.path())).env("UWAND_LOG", &self.log_level);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).kill_on_drop(true);
        // SAFETY: prctl(2) is a system call and nothing else, allowed between fork and exec.
        unsafe {
            command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            });
        }
        let mut daemon = command.spawn()?;
        let begin = Instant::now();
        while !self.ubusd.objects().iter().any(|path| path == "uwand") {
            if let Some(status) = daemon.try_wait()? {
                return Err(io::Error::other(format!("the daemon ended at once: {status}")));
            }
            if begin.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::other("the daemon is not on ubus within 10 s"));
            }
            sleep(Duration::from_millis(1)).await;
        }
        self.silence().await;
        Ok(daemon)
    }

    /// Waits until nobody has anything more to say on ubus: a daemon that is new looks around.
    pub async fn silence(&self) {
        let mut before = 0;
        while self.ubusd.received() > before {
            before = self.ubusd.received();
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The section of the one interface, down at first; `more` is added to it.
    pub fn configure(&self, more: &Value) {
        let device = self.directory.path().join("modem");
        let mut section = json!({"proto": "uwand", "device": device, "netdev": NETDEV, "apn": "internet", "auto": false, "watchdog": "0"});
        for (key, value) in more.as_object().into_iter().flatten() {
            section[key.as_str()] = value.clone();
        }
        self.netifd.configure(WAN, Some(section));
    }

    /// Why the interface is not up, in netifd's words.
    pub fn why(&self) -> String {
        let error = self.netifd.status(WAN)["errors"][0].clone();
        match error["code"].as_str() {
            Some(code) => format!("ifstatus says {code} {}", error["data"]),
            None => format!("netifd's state is {:?}", self.netifd.state(WAN)),
        }
    }

    /// ifup, and how long until netifd has the link.
    pub async fn ifup(&self, limit: Duration) -> Result<Duration, String> {
        let begin = Instant::now();
        self.netifd.ifup(WAN);
        if self.netifd.until(limit, |netifd| netifd.is_up(WAN)).await {
            return Ok(begin.elapsed());
        }
        Err(format!("{WAN} is not up within {limit:?}: {}", self.why()))
    }
}

fn environment(directory: &Path) -> Vec<(String, String)> {
    let file = |name: &str| directory.join(name).display().to_string();
    vec![
        ("UWAND_UBUS_SOCKET".into(), file("ubus.sock")),
        ("UWAND_SYSFS".into(), file("sys")),
        ("UWAND_RUN_DIR".into(), file("run")),
        ("UWAND_STATE_DIR".into(), file("state")),
    ]
}
