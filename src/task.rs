//! Tasks of this thread, all of one type for the runtime; their timers and limits; threads.
//!
//! Why not `tokio::task::spawn_local` itself? It makes the runtime's whole handling of a task
//! anew for each kind of task: two to four kilobytes of a router's flash for each place that
//! starts one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::{Instant, Sleep};

/// An exchange of bytes, whose answer is read as `T` when it comes. One exchange for all
/// messages: a message costs its reader, not a future of its own.
pub struct Asked<'a, C, T, E> {
    exchange: Pin<Box<dyn Future<Output = Result<Vec<u8>, E>> + 'a>>,
    of: &'a C,
    read: fn(&C, &[u8]) -> Result<T, E>,
}

impl<'a, C, T, E> Asked<'a, C, T, E> {
    pub fn new(
        exchange: Pin<Box<dyn Future<Output = Result<Vec<u8>, E>> + 'a>>,
        of: &'a C,
        read: fn(&C, &[u8]) -> Result<T, E>,
    ) -> Self {
        Asked { exchange, of, read }
    }
}

impl<C, T, E> Future for Asked<'_, C, T, E> {
    type Output = Result<T, E>;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.exchange.as_mut().poll(context) {
            Poll::Ready(Ok(answer)) => Poll::Ready((self.read)(self.of, &answer)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The time was up before the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeUp;

/// Work that has until a moment; dropped with this.
pub struct Within<'a, T> {
    work: Pin<Box<dyn Future<Output = T> + 'a>>,
    end: Pin<Box<Sleep>>,
}

impl<T> Future for Within<'_, T> {
    type Output = Result<T, TimeUp>;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending => self.end.as_mut().poll(context).map(|()| Err(TimeUp)),
        }
    }
}

/// Why not tokio's own? Its timer is a quarter of a kilobyte of code wherever one is made, moved
/// into place and dropped; this one is a pointer. That goes for all four.
pub fn timeout_at<'a, T>(end: Instant, work: impl Future<Output = T> + 'a) -> Within<'a, T> {
    Within { work: Box::pin(work), end: sleep_until(end) }
}

pub fn timeout<'a, T>(limit: Duration, work: impl Future<Output = T> + 'a) -> Within<'a, T> {
    Within { work: Box::pin(work), end: sleep(limit) }
}

#[inline(never)]
pub fn sleep_until(end: Instant) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep_until(end))
}

#[inline(never)]
pub fn sleep(pause: Duration) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(pause))
}

/// Until then, or for ever.
pub async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Does work, and what it spawns. As `dyn` for the same reason as above: one loop of the runtime.
pub fn block_on(runtime: &Runtime, work: Pin<&mut dyn Future<Output = ()>>) {
    LocalSet::new().block_on(runtime, work);
}

pub fn spawn(work: impl Future<Output = ()> + 'static) -> JoinHandle<()> {
    spawn_boxed(Box::pin(work))
}

/// Stack of a thread: for one system call that may hang and a log line.
const STACK: usize = 64 * 1024;

/// In a thread of its own that nobody waits for. Where none can be had, the work is dropped here.
///
/// Why boxed? The standard library makes the whole start of a thread anew for each kind of work.
pub fn thread(name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    thread::Builder::new().name(name.into()).stack_size(STACK).spawn(work).map(drop)
}

/// In a thread, too, for what may hang in the kernel and whose end somebody waits for.
pub async fn blocking(work: Box<dyn FnOnce() -> Result<(), String> + Send>) -> Result<(), String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err("its thread ended early".into()))
}

fn spawn_boxed(work: Pin<Box<dyn Future<Output = ()>>>) -> JoinHandle<()> {
    tokio::task::spawn_local(work)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::rc::Rc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn work_has_its_time_and_is_dropped_when_that_is_up() {
        let begun = Instant::now();
        assert_eq!(timeout(LIMIT, ready(1)).await, Ok(1));
        let slow = async {
            sleep(LIMIT / 2).await;
            2
        };
        assert_eq!((timeout(LIMIT, slow).await, begun.elapsed()), (Ok(2), LIMIT / 2));
        let owner = Rc::new(());
        let owned = owner.clone();
        let never = async move {
            let _owned = owned;
            pending::<()>().await;
        };
        assert_eq!(timeout_at(begun + LIMIT, never).await, Err(TimeUp));
        assert_eq!((begun.elapsed(), Rc::strong_count(&owner)), (LIMIT, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_at_the_last_moment_is_done() {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
    }
}
