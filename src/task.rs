//! Tasks of this thread, all of one type for the runtime.
//!
//! Why not `tokio::task::spawn_local` itself? It makes the runtime's whole handling of a task
//! anew for each kind of task: two to four kilobytes of a router's flash for each place that
//! starts one.

use std::pin::Pin;

use tokio::task::JoinHandle;

pub fn spawn(work: impl Future<Output = ()> + 'static) -> JoinHandle<()> {
    spawn_boxed(Box::pin(work))
}

fn spawn_boxed(work: Pin<Box<dyn Future<Output = ()>>>) -> JoinHandle<()> {
    tokio::task::spawn_local(work)
}
