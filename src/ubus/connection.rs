//! The task behind a client: connects, moves bytes, and connects again.
//!
//! Contract: with a connection and nothing to say it waits in epoll alone, without a timer.
//! Bytes come and go in any segmentation; a frame that can't be one ends the connection.

use super::client::Connection;
use super::message::{Deframer, Kind, Message};
use super::request::{Line, Origin};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::ReadHalf;
use tokio::sync::watch;

use crate::task;

/// procd starts ubusd again at once; its socket is there within milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// ubusd says hello when it accepts.
const HELLO: Duration = Duration::from_secs(5);

/// Where connections come from.
pub enum Source {
    /// Sockets, tried in this order at each attempt.
    Paths(Vec<PathBuf>),
    /// One end of a socketpair for each attempt: tests without a file system.
    Streams(Box<dyn FnMut() -> io::Result<UnixStream>>),
}

impl Source {
    async fn open(&mut self) -> io::Result<UnixStream> {
        match self {
            Source::Paths(paths) => open_first(paths).await,
            Source::Streams(open) => open(),
        }
    }
}

async fn open_first(paths: &[PathBuf]) -> io::Result<UnixStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for path in paths {
        match UnixStream::connect(path).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Runs until it is aborted.
pub(super) async fn run(line: Rc<Line>, mut source: Source, state: watch::Sender<Connection>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let ended = match source.open().await {
            Ok(stream) => serve(&line, stream, &state).await,
            Err(error) => error,
        };
        if *state.borrow() == Connection::Disconnected {
            log::debug!("ubus: no connection: {ended}");
        } else {
            log::warn!("ubus: connection lost: {ended}");
            pause = FIRST_PAUSE;
        }
        line.router.borrow_mut().down();
        state.send_replace(Connection::Disconnected);
        task::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One connection from hello to its end.
async fn serve(line: &Rc<Line>, mut stream: UnixStream, state: &watch::Sender<Connection>) -> io::Error {
    let (mut reader, mut writer) = stream.split();
    let mut input = Deframer::new();
    match task::timeout(HELLO, hello(&mut reader, &mut input)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return error,
        Err(_) => return io::Error::new(io::ErrorKind::TimedOut, "no hello"),
    }
    line.router.borrow_mut().up();
    let origin = Origin { line: line.clone(), generation: line.router.borrow().generation() };
    state.send_replace(Connection::Connected(origin.generation));
    let mut output = io::Cursor::new(Vec::new());
    loop {
        if let Err(error) = dispatch(&mut input, &origin) {
            return error;
        }
        refill(line, &mut output);
        let idle = all_sent(&output);
        if line.router.borrow().overflowed() {
            return io::Error::other("ubusd does not read");
        }
        // Writing has its turn first: what waits is bounded, what may come is not.
        let done = tokio::select! {
            biased;
            put = writer.write_buf(&mut output), if !idle => put.and_then(not_the_end),
            got = reader.read_buf(input.buffer()) => got.and_then(not_the_end),
            () = line.wake.notified(), if idle => Ok(()),
        };
        if let Err(error) = done {
            return error;
        }
    }
}

fn not_the_end(bytes: usize) -> io::Result<()> {
    if bytes == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn all_sent(output: &io::Cursor<Vec<u8>>) -> bool {
    usize::try_from(output.position()).is_ok_and(|sent| sent >= output.get_ref().len())
}

/// When everything is written, takes what was queued meanwhile.
fn refill(line: &Line, output: &mut io::Cursor<Vec<u8>>) {
    if !all_sent(output) {
        return;
    }
    // What was sent gives its memory back: the daemon lives for months.
    *output = io::Cursor::new(line.router.borrow_mut().take_output());
}

/// ubusd's first frame, which tells our number; we do not need it.
async fn hello(reader: &mut ReadHalf<'_>, input: &mut Deframer) -> io::Result<()> {
    loop {
        if let Some(frame) = input.next_frame().map_err(io::Error::other)? {
            let message = Message::parse(frame).map_err(io::Error::other)?;
            let right = message.kind == Kind::Hello;
            return if right { Ok(()) } else { Err(io::Error::other("not ubusd: no hello")) };
        }
        not_the_end(reader.read_buf(input.buffer()).await?)?;
    }
}

fn dispatch(input: &mut Deframer, origin: &Origin) -> Result<(), io::Error> {
    while let Some(frame) = input.next_frame().map_err(io::Error::other)? {
        let message = Message::parse(frame).map_err(io::Error::other)?;
        origin.line.router.borrow_mut().frame(&message, origin);
    }
    Ok(())
}
