//! The protocol handler as the netifd double runs it: the real program, or a closure.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use uwand::json::Value;

/// One run of the protocol handler.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub action: &'static str,
    pub interface: String,
    /// The JSON text of the fourth argument, duplicate keys included.
    pub config: String,
}

/// Ends when the handler does.
pub type Ended = Pin<Box<dyn Future<Output = ()>>>;

/// What stands for `/lib/netifd/proto/uwand.sh`.
pub enum Handler {
    /// `PROGRAM ARGUMENTS... netifd uwand ACTION IFACE JSON`, in real time.
    Process { program: PathBuf, arguments: Vec<String>, environment: Vec<(String, String)> },
    /// In the test's own process; its future may be dropped, which is netifd's SIGKILL.
    Closure(Box<dyn Fn(Call) -> Ended>),
}

impl Handler {
    /// Ends when the handler's process does; `print` gets each line that it writes. Dropping
    /// it is SIGKILL.
    pub fn run(&self, call: Call, print: impl Fn(String) + 'static) -> Ended {
        match self {
            Handler::Closure(run) => run(call),
            Handler::Process { program, arguments, environment } => {
                let mut command = Command::new(program);
                command.args(arguments).args(["netifd", "uwand", call.action, &call.interface, &call.config]);
                command.envs(environment.iter().cloned()).stdin(Stdio::null()).stdout(Stdio::piped());
                command.kill_on_drop(true);
                Box::pin(run_process(command, print))
            }
        }
    }
}

async fn run_process(mut command: Command, print: impl Fn(String)) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return print(error.to_string()),
    };
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            print(line);
        }
    }
    drop(child.wait().await);
}

/// As netifd writes it: its own options first, so that some keys are there twice.
pub fn config_text(config: &Value) -> String {
    let mut members = Vec::new();
    for key in ["proto", "device", "mtu"] {
        members.extend(config.get(key).map(|value| format!("\"{key}\":{value}")));
    }
    let others = config.as_object().into_iter().flatten().filter(|(key, _)| *key != "proto");
    members.extend(others.map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))));
    format!("{{{}}}", members.join(","))
}
