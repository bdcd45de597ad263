//! A simulated modem behind a pty, for control programs that open a device by its path;
//! and what such a program said to it, written down.

#[allow(clippy::duplicate_mod)]
#[path = "../skip/mod.rs"]
mod skip;

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use nix::pty::openpty;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

use uwand::json::{Value, json};

/// The slave's path and both ends, in raw mode. As long as the slave is held the line
/// never hangs up.
pub fn pty() -> (PathBuf, OwnedFd, OwnedFd) {
    let pty = openpty(None, None).unwrap();
    let mut raw = tcgetattr(&pty.slave).unwrap();
    cfmakeraw(&mut raw);
    tcsetattr(&pty.slave, SetArg::TCSANOW, &raw).unwrap();
    (nix::unistd::ttyname(&pty.slave).unwrap(), pty.master, pty.slave)
}

/// A control program at a device.
pub struct Program {
    pub name: &'static str,
    /// Before those of a call.
    pub arguments: Vec<String>,
}

impl Program {
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(self.name);
        command.args(&self.arguments).args(arguments).env("LC_ALL", "C").kill_on_drop(true);
        let output = tokio::time::timeout(Duration::from_secs(20), command.output()).await;
        output.expect("it ends").expect("it starts")
    }

    pub async fn prints(&self, arguments: &[&str], expected: &[&str]) {
        let output = self.run(arguments).await;
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let name = self.name;
        assert!(output.status.success(), "{name} {arguments:?}: {text}{errors}");
        for part in expected {
            assert!(text.contains(part), "{name} {arguments:?} does not print '{part}':\n{text}{errors}");
        }
    }

    pub async fn fails(&self, arguments: &[&str], expected: &str) {
        let output = self.run(arguments).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{} {arguments:?} succeeds", self.name);
        assert!(errors.contains(expected), "{} {arguments:?}: {errors}", self.name);
    }

    /// Runs the scenario where the program is installed.
    pub fn with(name: &str, package: &str, scenario: impl Future<Output = ()>) {
        if std::process::Command::new(name).arg("--version").output().is_err() {
            skip::skipped(&format!("no {name} (apt install {package})"));
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, scenario);
    }
}

/// One call of a program: its arguments, and who sent what.
pub fn record(name: &str, arguments: &[&str], transfers: &[(bool, Vec<u8>)]) -> Value {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let one =
        |(host, bytes): &(bool, Vec<u8>)| format!("{} {}", if *host { name } else { "modem" }, hex(bytes));
    json!({ "arguments": arguments, "transfers": transfers.iter().map(one).collect::<Vec<_>>() })
}

/// With `UWAND_RECORD=1`, writes the sessions to this file of tests/captures: one a line,
/// so that differences can be read.
pub fn write(file: &str, sessions: &[Value]) {
    if std::env::var_os("UWAND_RECORD").is_some() {
        let path = format!("{}/tests/captures/{file}", env!("CARGO_MANIFEST_DIR"));
        let lines: Vec<String> = sessions.iter().map(Value::to_string).collect();
        std::fs::write(path, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    }
}
