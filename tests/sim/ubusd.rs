//! A double of ubusd that behaves as the recordings of the real one show, as tasks of the
//! test's own runtime.
//!
//! Contract: exact in what clients can see (status codes, order of frames and attributes,
//! numbers that change over a restart); no access control beyond [`Ubusd::deny`]. Works with
//! paused time, because it has no clock and no thread.

use super::bus::Bus;
use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_local};
use uwand::ubus::Source;
use uwand::ubus::message::Deframer;

/// A ubusd; clones are the same one. It ends when the last clone goes.
#[derive(Clone)]
pub struct Ubusd(Rc<Daemon>);

struct Daemon {
    path: Option<PathBuf>,
    bus: Rc<RefCell<Bus>>,
    acceptor: RefCell<Option<AbortHandle>>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.bus.borrow_mut().stop();
        self.acceptor.take().inspect(AbortHandle::abort);
        self.path.as_ref().map(std::fs::remove_file);
    }
}

impl Ubusd {
    /// Running, without a socket: clients come by [`Ubusd::source`].
    pub fn in_memory() -> Self {
        Self::new(None).expect("nothing to bind")
    }

    /// Running, listening at `path`.
    pub fn at(path: &Path) -> io::Result<Self> {
        Self::new(Some(path.to_path_buf()))
    }

    fn new(path: Option<PathBuf>) -> io::Result<Self> {
        let bus = Rc::new(RefCell::new(Bus::default()));
        let ubusd = Ubusd(Rc::new(Daemon { path, bus, acceptor: RefCell::default() }));
        ubusd.start()?;
        Ok(ubusd)
    }

    /// As `kill -9`: every connection ends, everything is forgotten, the socket's file stays.
    pub fn kill(&self) {
        self.0.acceptor.take().inspect(AbortHandle::abort);
        self.0.bus.borrow_mut().stop();
    }

    /// Starts it after a kill.
    pub fn start(&self) -> io::Result<()> {
        self.0.bus.borrow_mut().running = true;
        if let Some(path) = &self.0.path {
            drop(std::fs::remove_file(path));
            let listener = UnixListener::bind(path)?;
            let bus = self.0.bus.clone();
            let task = spawn_local(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    serve(&bus, stream);
                }
            });
            self.0.acceptor.replace(Some(task.abort_handle()));
        }
        Ok(())
    }

    /// Connections for a client without a file system; refused while it is killed.
    pub fn source(&self) -> Source {
        let bus = self.0.bus.clone();
        Source::Streams(Box::new(move || connect(&bus)))
    }

    /// One connection, for tests that speak frames themselves.
    pub fn connect(&self) -> io::Result<UnixStream> {
        connect(&self.0.bus)
    }

    /// From now on this method (all, if empty) is `Permission denied`; with an empty list all is allowed.
    pub fn deny(&self, denied: &[(&str, &str)]) {
        let owned = |(path, method): &(&str, &str)| (path.to_string(), method.to_string());
        self.0.bus.borrow_mut().denied = denied.iter().map(owned).collect();
    }

    /// Paths of the objects that are registered now.
    pub fn objects(&self) -> Vec<String> {
        self.0.bus.borrow().paths()
    }

    /// Frames received from all clients so far.
    pub fn received(&self) -> usize {
        self.0.bus.borrow().received
    }

    pub fn clients(&self) -> usize {
        self.0.bus.borrow().clients.len()
    }
}

fn connect(bus: &Rc<RefCell<Bus>>) -> io::Result<UnixStream> {
    if !bus.borrow().running {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    let (ours, theirs) = UnixStream::pair()?;
    serve(bus, ours);
    Ok(theirs)
}

/// One client, in a task of its own until either side ends it.
fn serve(bus: &Rc<RefCell<Bus>>, mut stream: UnixStream) {
    let (sender, mut frames) = mpsc::unbounded_channel::<Vec<u8>>();
    let client = bus.borrow_mut().welcome(sender);
    let shared = bus.clone();
    let task = spawn_local(async move {
        let (mut reader, mut writer) = stream.split();
        let mut input = Deframer::new();
        loop {
            let done = tokio::select! {
                got = reader.read_buf(input.buffer()) => got.is_ok_and(|bytes| bytes > 0) && receive(&shared, client, &mut input),
                frame = frames.recv() => match frame {
                    Some(frame) => writer.write_all(&frame).await.is_ok(),
                    None => false,
                },
            };
            if !done {
                break;
            }
        }
        shared.borrow_mut().farewell(client);
    });
    if let Some(client) = bus.borrow_mut().clients.get_mut(&client) {
        client.task = Some(task.abort_handle());
    }
}

/// A frame whose length can't be drops the client, as ubusd does.
fn receive(bus: &RefCell<Bus>, client: u32, input: &mut Deframer) -> bool {
    loop {
        match input.next_frame() {
            Ok(Some(frame)) => bus.borrow_mut().frame(client, frame),
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
