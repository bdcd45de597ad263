//! `uwand watch`: shows the daemon's state and every change of it, until it is told to end.
//!
//! Contract: the daemon and ubusd may restart at any time; what is missing is said once, and
//! the view goes on when it is back. Ends with 0 on SIGINT, SIGTERM, and when nobody reads
//! its output any more.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::time::Instant;

use super::args::Request;
use super::live::Screen;
use super::show::{list, text};
use super::{Failure, bus, choose, until_told};
use crate::globals::Globals;
use crate::json::{Value, json};
use crate::linux::signals::{Signal, Signals};
use crate::linux::tty;
use crate::task::{sleep_until, timeout};
use crate::ubus::{Client, Error, Event, Events, Notice, Source, Subscription};

/// Signal and times are drawn anew so often, and a reader that went away is noticed.
const TICK: Duration = Duration::from_secs(2);
/// For a connection that is just being made.
const PATIENCE: Duration = Duration::from_secs(1);

pub fn run(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let work = async { Watch::new(globals, request)?.follow().await };
    until_told(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP], Box::pin(work))
}

struct Watch<'a> {
    globals: &'a Globals,
    request: &'a Request,
    client: Client,
    events: Events,
    daemon: Subscription,
    screen: Screen,
    /// What the daemon last said, as far as it was asked for; `None` while it is away.
    status: Option<Value>,
    /// It was said that the daemon is away.
    told: bool,
}

impl<'a> Watch<'a> {
    fn new(globals: &'a Globals, request: &'a Request) -> Result<Self, Failure> {
        let client = Client::start(Source::Paths(globals.ubus_sockets.clone()));
        let events = client.listen("uwand.*");
        let daemon = client.subscribe(bus::OBJECT);
        let screen = Screen::new(request.json)?;
        Ok(Watch { globals, request, client, events, daemon, screen, status: None, told: false })
    }

    async fn follow(mut self) -> Result<(), Failure> {
        let mut tick = Instant::now();
        let resized = Signals::new(&[Signal::SIGWINCH])?;
        // A first connection takes a moment; without one the first tick says what is missing.
        let _ = timeout(PATIENCE, self.client.connected()).await;
        loop {
            tokio::select! {
                biased;
                notice = self.daemon.recv() => self.notice(notice).await?,
                event = self.events.recv() => self.event(&event).await?,
                () = resized.heard() => self.redraw()?,
                () = sleep_until(tick) => {
                    tick = Instant::now() + TICK;
                    self.tick().await?;
                }
            }
        }
    }

    async fn notice(&mut self, notice: Notice) -> Result<(), Failure> {
        match notice {
            Notice::Attached => self.refresh().await,
            Notice::Lost => {
                self.status = None;
                self.refresh().await
            }
            // The same as the events, which come to this client as well.
            Notice::Message { .. } => Ok(()),
        }
    }

    async fn event(&mut self, event: &Event) -> Result<(), Failure> {
        if self.is_chosen(&event.data) {
            self.screen.event(&event.id, &event.data)?;
        }
        if self.screen.is_live() { self.refresh().await } else { Ok(()) }
    }

    async fn tick(&mut self) -> Result<(), Failure> {
        if nobody_reads(tty::reader())? {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        }
        if self.screen.is_live() || self.status.is_none() { self.refresh().await } else { Ok(()) }
    }

    fn redraw(&mut self) -> Result<(), Failure> {
        match &self.status {
            Some(status) => Ok(self.screen.draw(status)?),
            None => Ok(()),
        }
    }

    /// Asks the daemon, and shows what it says or that it is away.
    async fn refresh(&mut self) -> Result<(), Failure> {
        let mut reply = self.ask().await;
        if reply == Err(Error::Gone) {
            // Something just ended. Asked once more, what it was is known by name.
            let _ = timeout(PATIENCE, self.client.connected()).await;
            reply = self.ask().await;
        }
        let reply = reply.map_err(|error| bus::explained(&error, "status", &self.globals.ubus_sockets));
        let (interface, modem) = (self.request.interface.as_deref(), self.request.modem.as_deref());
        match reply.and_then(|reply| choose::narrowed(&reply, interface, modem)) {
            Ok(status) => self.found(status),
            Err(why) => self.lost(why),
        }
    }

    async fn ask(&self) -> Result<Value, Error> {
        self.client.invoke(bus::OBJECT, "status", &json!({}), bus::LIMIT).await
    }

    fn found(&mut self, status: Value) -> Result<(), Failure> {
        let again = self.status.is_some();
        if again {
            self.screen.draw(&status)?
        } else {
            self.screen.begin(&status)?
        }
        self.status = Some(status);
        self.told = false;
        Ok(())
    }

    fn lost(&mut self, why: String) -> Result<(), Failure> {
        self.status = None;
        if self.screen.is_live() || !self.told {
            self.screen.lost(&why)?;
        }
        self.told = true;
        Ok(())
    }

    /// Whether an event is about what was asked for.
    fn is_chosen(&self, data: &Value) -> bool {
        if self.request.interface.is_none() && self.request.modem.is_none() {
            return true;
        }
        let Some(status) = &self.status else { return false };
        let named = |rows: &str, key: &str, name: Option<String>| {
            name.is_some() && list(status, rows).iter().any(|row| text(row, key) == name)
        };
        named("interfaces", "interface", text(data, "interface"))
            || named("modems", "id", text(data, "modem"))
    }
}

/// A pipe whose reader is gone says so without being written to.
fn nobody_reads(stdout: BorrowedFd<'_>) -> io::Result<bool> {
    let mut fds = [PollFd::new(stdout, PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO)?;
    let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
    Ok(fds.iter().filter_map(PollFd::revents).any(|events| events.intersects(gone)))
}
