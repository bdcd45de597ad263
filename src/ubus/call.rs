//! One blocking request on a connection of its own: for the command line and for netifd's
//! handler process, which ask once and end.
//!
//! Contract: returns within `limit`. Why not [`super::client`]? A runtime with its epoll,
//! eventfd and tasks costs more system calls than the request.

use super::blob::parse_table;
use super::client::Error;
use super::message::{Deframer, Kind, Message, Status, say};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::json::Value;

/// Calls a method of the object at `path`; gives the first reply, or `null`. `sockets` are
/// tried in order.
pub fn call(
    sockets: &[PathBuf],
    path: &str,
    method: &str,
    args: &Value,
    limit: Duration,
) -> Result<Value, Error> {
    let stream = sockets.iter().find_map(|socket| UnixStream::connect(socket).ok()).ok_or(Error::Gone)?;
    let mut caller = Caller { stream, input: Deframer::new(), end: Instant::now() + limit };
    caller.frame(|message| message.kind == Kind::Hello)?;
    let found = caller.ask(1, say::lookup(1, Some(path)))?;
    let object = match &found {
        Some(frame) => Message::parse(frame).map_err(Error::Malformed)?.object,
        None => None,
    };
    let object = object.ok_or(Error::refused(Status::NotFound))?;
    value(caller.ask(2, say::invoke(2, object, method, args))?)
}

fn value(frame: Option<Vec<u8>>) -> Result<Value, Error> {
    let Some(frame) = frame else { return Ok(Value::Null) };
    let message = Message::parse(&frame).map_err(Error::Malformed)?;
    parse_table(message.data.unwrap_or_default()).map_err(Error::Malformed)
}

struct Caller {
    stream: UnixStream,
    input: Deframer,
    end: Instant,
}

impl Caller {
    /// Sends a request; gives the first data frame of its answer.
    fn ask(&mut self, seq: u16, frame: say::Frame) -> Result<Option<Vec<u8>>, Error> {
        let frame = frame.map_err(Error::Malformed)?;
        self.stream.set_write_timeout(Some(self.left()?)).map_err(gone)?;
        self.stream.write_all(&frame).map_err(gone)?;
        let mut first = None;
        loop {
            let answer = self
                .frame(|message| message.seq == seq && matches!(message.kind, Kind::Data | Kind::Status))?;
            let message = Message::parse(&answer).map_err(Error::Malformed)?;
            match (message.kind, message.status.unwrap_or(Status::InvalidArgument)) {
                (Kind::Data, _) => drop(first.get_or_insert(answer)),
                (_, Status::Ok) => return Ok(first),
                (_, status) => return Err(Error::Refused { status, data: value(first).unwrap_or_default() }),
            }
        }
    }

    /// The next frame that is wanted; others are dropped.
    fn frame(&mut self, wanted: impl Fn(&Message) -> bool) -> Result<Vec<u8>, Error> {
        loop {
            while let Some(frame) = self.input.next_frame().map_err(Error::Malformed)? {
                if wanted(&Message::parse(frame).map_err(Error::Malformed)?) {
                    return Ok(frame.to_vec());
                }
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<(), Error> {
        self.stream.set_read_timeout(Some(self.left()?)).map_err(gone)?;
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk).map_err(gone)? {
            0 => Err(Error::Gone),
            count => {
                self.input.buffer().extend(chunk.iter().take(count));
                Ok(())
            }
        }
    }

    fn left(&self) -> Result<Duration, Error> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Error::Timeout) } else { Ok(left) }
    }
}

/// A socket's own time-out ends as "would block".
fn gone(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout,
        _ => Error::Gone,
    }
}
