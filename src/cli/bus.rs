//! One request to the daemon, and what to tell a person when it fails.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::show::text;
use crate::few::Listed;
use crate::globals::Globals;
use crate::json::Value;
use crate::ubus::call::call;
use crate::ubus::{Error, Status};

/// The daemon's object.
pub const OBJECT: &str = "uwand";
/// The daemon answers these methods from memory; whoever waits longer waits in vain.
pub const LIMIT: Duration = Duration::from_secs(5);

const NOT_RUNNING: &str = "the uwand daemon does not run: start it with `/etc/init.d/uwand start`; \
                           `logread -e uwand` shows why it ended";

/// The reply, or the failure in words with its remedy.
pub fn ask(globals: &Globals, method: &str, args: &Value) -> Result<Value, String> {
    ask_within(globals, method, args, LIMIT)
}

/// For what takes its time.
pub fn ask_within(globals: &Globals, method: &str, args: &Value, limit: Duration) -> Result<Value, String> {
    let reply = call(&globals.ubus_sockets, OBJECT, method, args, limit);
    reply.map_err(|error| match error {
        Error::Timeout if limit != LIMIT => {
            format!("no answer to `{method}` within {} s; try again", limit.as_secs())
        }
        error => explained(&error, method, &globals.ubus_sockets),
    })
}

/// Why a request failed, and what to do about it.
pub fn explained(error: &Error, method: &str, sockets: &[PathBuf]) -> String {
    match error {
        Error::Gone => unreachable_bus(sockets),
        Error::Timeout => {
            format!(
                "no answer to `{method}` within {} s; is the router overloaded? Try again",
                LIMIT.as_secs()
            )
        }
        Error::Malformed(why) => format!("the reply to `{method}` cannot be read: {why}"),
        Error::Refused { status, data } => refused(*status, text(data, "error"), method),
    }
}

fn refused(status: Status, why: Option<String>, method: &str) -> String {
    match (status, why) {
        (_, Some(why)) => why,
        (Status::NotFound, None) => NOT_RUNNING.to_string(),
        (Status::PermissionDenied, None) => {
            format!("ubus does not let this user call `{method}`: try as root")
        }
        (Status::MethodNotFound | Status::InvalidCommand, None) => {
            format!(
                "the running daemon has no `{method}`: `/etc/init.d/uwand restart` starts the installed one"
            )
        }
        (status, None) => format!("the daemon refused `{method}`: {}", status.label()),
    }
}

/// Asks each socket once more, for the reason.
fn unreachable_bus(sockets: &[PathBuf]) -> String {
    let failures = sockets.iter().map(UnixStream::connect).filter_map(Result::err);
    let failure = failures.max_by_key(|error| error.kind() != ErrorKind::NotFound);
    let paths: Vec<_> = sockets.iter().map(|path| path.display().to_string()).listed();
    let paths = paths.join(" or ");
    match failure {
        Some(error) if error.kind() == ErrorKind::PermissionDenied => {
            format!("ubus does not let this user in at {paths}: try as root")
        }
        Some(error) => format!(
            "no ubus at {paths} ({error}); is this the router? `--ubus-socket PATH` names another place"
        ),
        None => format!("ubus at {paths} closed the connection; try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    fn told(status: Status, data: Value) -> String {
        explained(&Error::Refused { status, data }, "reconnect", &[])
    }

    #[test]
    fn a_missing_object_is_a_daemon_that_does_not_run() {
        assert!(told(Status::NotFound, Value::Null).contains("/etc/init.d/uwand start"));
        assert_eq!(told(Status::NotFound, json!({"error": "no interface 'x'"})), "no interface 'x'");
        assert!(told(Status::PermissionDenied, Value::Null).contains("as root"));
        assert_eq!(told(Status::NoMemory, Value::Null), "the daemon refused `reconnect`: Out of memory");
    }

    #[test]
    fn a_missing_socket_is_told_with_the_option_that_names_another() {
        let told = explained(&Error::Gone, "status", &["/nowhere/a.sock".into(), "/nowhere/b.sock".into()]);
        assert!(told.starts_with("no ubus at /nowhere/a.sock or /nowhere/b.sock (No such file"), "{told}");
        assert!(told.contains("--ubus-socket PATH"), "{told}");
    }
}
