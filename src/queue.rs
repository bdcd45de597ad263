//! Queues, promises and locks between tasks of this thread.
//!
//! Contract: what was sent before the last sender went is still received; what nobody can receive
//! any more comes back to who sends it. Every future here may be dropped at any time. An empty queue
//! takes no memory: after a burst it is as before.
//!
//! Why not tokio's channels? Theirs pass between threads: blocks of slots and atomics, made anew
//! for each type that is sent, more than a kilobyte of a router's flash for each.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Who is to be woken.
#[derive(Default)]
struct Bell(Cell<Option<Waker>>);

impl Bell {
    #[inline(never)]
    fn ring(&self) {
        if let Some(waker) = self.0.take() {
            waker.wake();
        }
    }

    #[inline(never)]
    fn wait(&self, context: &Context<'_>) {
        self.0.set(Some(context.waker().clone()));
    }
}

struct Line<T> {
    /// Boxed: some are large, and a burst doubles the room for them again and again.
    items: RefCell<VecDeque<Box<T>>>,
    /// Items that may wait.
    most: usize,
    /// There is somebody to receive.
    open: Cell<bool>,
    bell: Bell,
}

/// A queue in which at most so many items wait.
pub fn queue<T>(most: usize) -> (Sender<T>, Receiver<T>) {
    let items = RefCell::new(VecDeque::new());
    let line = Rc::new(Line { items, most, open: Cell::new(true), bell: Bell::default() });
    (Sender(line.clone()), Receiver(line))
}

/// A queue for what comes no faster than it can be taken.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    queue(usize::MAX)
}

pub struct Sender<T>(Rc<Line<T>>);

impl<T> Sender<T> {
    /// Gives the item back where there is no room for it, or nobody to receive it.
    pub fn send(&self, item: T) -> Result<(), T> {
        if self.room() == 0 { Err(item) } else { self.send_beyond(item) }
    }

    /// Also where there is no room: for the last item.
    pub fn send_beyond(&self, item: T) -> Result<(), T> {
        if !self.0.open.get() {
            return Err(item);
        }
        self.0.items.borrow_mut().push_back(Box::new(item));
        self.0.bell.ring();
        Ok(())
    }

    /// How many items more may wait.
    pub fn room(&self) -> usize {
        self.0.most.saturating_sub(self.0.items.borrow().len())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // The receiver's and this one: it learns that nothing comes any more.
        if Rc::strong_count(&self.0) <= 2 {
            self.0.bell.ring();
        }
    }
}

pub struct Receiver<T>(Rc<Line<T>>);

impl<T> Receiver<T> {
    /// The next item; `None` when all of them are taken and no sender is left.
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<Option<T>> {
        let mut items = self.0.items.borrow_mut();
        let item = items.pop_front().map(|item| *item);
        if items.is_empty() {
            items.shrink_to_fit();
        }
        drop(items);
        if item.is_none() && Rc::strong_count(&self.0) > 1 {
            self.0.bell.wait(context);
            return Poll::Pending;
        }
        Poll::Ready(item)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.open.set(false);
        // Not under the borrow: an item may send something itself when it is dropped.
        let items = self.0.items.take();
        drop(items);
    }
}

/// The first of a short line. A `VecDeque` pays off from hundreds on.
pub fn shift<T>(line: &mut Vec<T>) -> Option<T> {
    if line.is_empty() { None } else { Some(line.remove(0)) }
}

/// One holder at a time; who waits is served when it is free.
#[derive(Default)]
pub struct Lock {
    held: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

/// Dropped, it is free again.
pub struct Held<'a>(&'a Lock);

impl Lock {
    pub fn is_held(&self) -> bool {
        self.held.get()
    }

    pub async fn lock(&self) -> Held<'_> {
        poll_fn(|context| self.poll(context)).await;
        Held(self)
    }

    #[inline(never)]
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.held.replace(true) {
            let mut waiting = self.waiting.borrow_mut();
            if !waiting.iter().any(|known| known.will_wake(context.waker())) {
                waiting.push(context.waker().clone());
            }
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.set(false);
        // All of them: the first may have been dropped meanwhile. Who comes first takes it.
        for waker in self.0.waiting.take() {
            waker.wake();
        }
    }
}

struct Slot<T> {
    value: Cell<Option<T>>,
    bell: Bell,
}

/// One value that comes later.
pub fn promise<T>() -> (Promise<T>, Promised<T>) {
    let slot = Rc::new(Slot { value: Cell::new(None), bell: Bell::default() });
    (Promise(slot.clone()), Promised(slot))
}

/// Dropped, it is broken.
pub struct Promise<T>(Rc<Slot<T>>);

impl<T> Promise<T> {
    /// Gives the value back where nobody waits for it any more.
    pub fn send(self, value: T) -> Result<(), T> {
        if self.is_closed() {
            return Err(value);
        }
        self.0.value.set(Some(value));
        Ok(())
    }

    pub fn is_closed(&self) -> bool {
        Rc::strong_count(&self.0) < 2
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.bell.ring();
    }
}

/// The value, or `None` when the promise was broken.
pub struct Promised<T>(Rc<Slot<T>>);

impl<T> Future for Promised<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let value = self.0.value.take();
        if value.is_none() && Rc::strong_count(&self.0) > 1 {
            self.0.bell.wait(context);
            return Poll::Pending;
        }
        Poll::Ready(value)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::{LocalSet, yield_now};
    use tokio::time::timeout;

    use super::*;

    /// Two tasks, of which the first is the one that waits.
    fn both<T>(waits: impl Future<Output = T>, works: impl Future<Output = ()>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let both = async { tokio::join!(waits, works).0 };
        let in_time = async { timeout(Duration::from_secs(1), both).await };
        LocalSet::new().block_on(&runtime.unwrap(), in_time).unwrap()
    }

    #[test]
    fn a_lock_has_one_holder_and_passes_by_who_gave_up_waiting() {
        let lock = Lock::default();
        let order = RefCell::new(Vec::new());
        both(
            async {
                let held = lock.lock().await;
                assert!(lock.is_held());
                for _ in 0..3 {
                    yield_now().await;
                }
                order.borrow_mut().push("first");
                drop(held);
                assert!(!lock.is_held());
            },
            async {
                assert!(timeout(Duration::ZERO, lock.lock()).await.is_err(), "it is held");
                let _held = lock.lock().await;
                order.borrow_mut().push("second");
            },
        );
        assert_eq!(order.into_inner(), ["first", "second"]);
        assert!(!lock.is_held());
    }

    #[test]
    fn an_empty_queue_takes_no_memory() {
        let (sender, mut receiver) = unbounded();
        both(
            async {
                for number in 0..100 {
                    assert_eq!(receiver.recv().await, Some(number));
                }
                assert_eq!(receiver.0.items.borrow().capacity(), 0);
            },
            async { (0..100).for_each(|number| sender.send(number).unwrap()) },
        );
    }

    #[test]
    fn what_was_sent_is_received_in_order_also_when_the_senders_are_gone() {
        let (sender, mut receiver) = unbounded();
        let heard = both(
            async {
                let mut heard = Vec::new();
                while let Some(item) = receiver.recv().await {
                    heard.push(item);
                }
                heard
            },
            async move {
                let other = sender.clone();
                yield_now().await;
                assert_eq!((sender.send(1), other.send(2)), (Ok(()), Ok(())));
                drop(sender);
                yield_now().await;
                assert_eq!(other.send(3), Ok(()));
            },
        );
        assert_eq!(heard, [1, 2, 3]);
    }

    #[test]
    fn a_full_queue_takes_the_last_item_only() {
        let (sender, mut receiver) = queue(2);
        assert_eq!((sender.send(1), sender.send(2), sender.room()), (Ok(()), Ok(()), 0));
        assert_eq!((sender.send(3), sender.send_beyond(4)), (Err(3), Ok(())));
        let heard = both(
            async { [receiver.recv().await, receiver.recv().await, receiver.recv().await] },
            std::future::ready(()),
        );
        assert_eq!(heard, [Some(1), Some(2), Some(4)]);
    }

    #[test]
    fn who_cannot_be_reached_any_more_gets_nothing_and_what_waits_is_dropped() {
        let (sender, receiver) = unbounded();
        let item = Rc::new(());
        assert_eq!(sender.send(item.clone()), Ok(()));
        drop(receiver);
        assert_eq!(Rc::strong_count(&item), 1);
        assert_eq!(
            (sender.send(item.clone()), sender.send_beyond(item.clone())),
            (Err(item.clone()), Err(item))
        );
        let (promise, promised) = promise();
        assert!(!promise.is_closed());
        drop(promised);
        assert!(promise.is_closed());
        assert_eq!(promise.send(1), Err(1));
    }

    #[test]
    fn a_promise_is_kept_or_broken_and_who_waits_is_woken_by_either() {
        let (kept, value) = promise();
        let (broken, nothing) = promise::<u32>();
        let told = both(async { (value.await, nothing.await) }, async move {
            yield_now().await;
            assert_eq!(kept.send(7), Ok(()));
            yield_now().await;
            drop(broken);
        });
        assert_eq!(told, (Some(7), None));
    }
}
