//! What lies behind a simulated modem: the Internet, as far as probes see it.
//!
//! Contract: a probe is answered when the modem carries packets and its target is alive; else
//! nobody says anything, as on a real network.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};
use uwand::daemon::{Asked, Prober};
use uwand::linux::ping::{Answer, Source};
use uwand::queue::unbounded;
use uwand::target::Target;

/// One network; clones are the same one.
#[derive(Clone, Default)]
pub struct Net(Rc<Inner>);

#[derive(Default)]
struct Inner {
    dead: RefCell<BTreeSet<String>>,
    all_dead: Cell<bool>,
    asked: RefCell<Vec<(Instant, Target, bool)>>,
    source: RefCell<Source>,
}

const ROUND_TRIP: Duration = Duration::from_millis(20);

impl Net {
    /// Somebody who answers the daemon's probes, behind a modem that `carries` packets.
    pub fn prober(&self, carries: impl Fn() -> bool + 'static) -> Prober {
        let (sender, mut probes) = unbounded::<Asked>();
        let net = self.clone();
        spawn_local(async move {
            while let Some(probe) = probes.recv().await {
                let lives = carries() && net.is_alive(&probe.target);
                *net.0.source.borrow_mut() = probe.source.clone();
                net.0.asked.borrow_mut().push((Instant::now(), probe.target.clone(), lives));
                if lives {
                    spawn_local(async move {
                        sleep(ROUND_TRIP).await;
                        let _ = probe.answer.send(Ok(Answer { rtt: ROUND_TRIP, note: None }));
                    });
                }
            }
        });
        Prober::Scripted(sender)
    }

    fn is_alive(&self, target: &Target) -> bool {
        !self.0.all_dead.get() && !self.0.dead.borrow().contains(&format!("{target}"))
    }

    /// This target answers no more, or again.
    pub fn set_dead(&self, target: &str, dead: bool) {
        let mut all = self.0.dead.borrow_mut();
        if dead {
            all.insert(target.to_string())
        } else {
            all.remove(target)
        };
    }

    /// Nothing beyond the modem answers, whatever is done to it: the carrier is out.
    pub fn set_out(&self, out: bool) {
        self.0.all_dead.set(out);
    }

    /// Every probe so far: when, what, and whether it was answered.
    pub fn probes(&self) -> Vec<(Instant, Target, bool)> {
        self.0.asked.borrow().clone()
    }

    /// Where the last probe came from.
    pub fn source(&self) -> Source {
        self.0.source.borrow().clone()
    }

    pub fn forget_probes(&self) {
        self.0.asked.borrow_mut().clear();
    }
}
