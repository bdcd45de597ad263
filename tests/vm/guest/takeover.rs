//! A daemon is killed under a running ping, and another one takes its session over: what
//! the chapters of both protocols measure alike.

use super::daemon::FAR;
use super::ping::Running;
use super::sim::netifd::{Netifd, What};
use super::timeline::{Step, doing, until};
use std::time::{Duration, Instant};
use tokio::process::Child;
use tokio::time::sleep;

use uwand::json::Value;

/// The delay that procd is told.
const RESPAWN: Duration = Duration::from_secs(1);
/// Pings before and after.
const A_WHILE: Duration = Duration::from_millis(300);
const SOON: Duration = Duration::from_secs(10);

pub struct Takeover {
    pings: Vec<Running>,
    killed: Instant,
    /// What netifd had heard from the one that is killed.
    links: usize,
}

impl Takeover {
    /// Kills the daemon, with a ping of each family under way, and waits as procd does.
    pub async fn begin(netifd: &Netifd, wan: &str, daemon: Option<Child>) -> Step<Self> {
        let mut daemon = daemon.ok_or("no daemon")?;
        let mut pings = Vec::new();
        for far in FAR {
            pings.push(Running::start(far.parse().map_err(doing("address"))?));
        }
        sleep(A_WHILE).await;
        let links = links(netifd, wan);
        daemon.kill().await.map_err(doing("kill"))?;
        Ok(Self { pings, killed: Instant::now(), links })
    }

    pub async fn respawn(&self) {
        sleep(RESPAWN.saturating_sub(self.killed.elapsed())).await;
    }

    /// The time from the kill until netifd has the link's settings from the new daemon.
    pub async fn managed(&self, netifd: &Netifd, wan: &str) -> Step<Duration> {
        let again = || (links(netifd, wan) > self.links).then(|| self.killed.elapsed());
        until("the new daemon's word about the link", SOON, again).await
    }

    /// Every request has to have been answered.
    pub async fn end(self) -> Step<String> {
        sleep(A_WHILE).await;
        let (mut told, mut lost) = (Vec::new(), 0);
        for (ping, far) in self.pings.into_iter().zip(FAR) {
            let replies = ping.stop().await?;
            lost += replies.lost();
            told.push(format!("{far}: {replies}"));
        }
        let told = told.join("; ");
        if lost == 0 { Ok(format!("0 lost, {told}")) } else { Err(format!("{lost} lost, {told}")) }
    }
}

/// How often netifd was told that the link is up.
fn links(netifd: &Netifd, wan: &str) -> usize {
    let up = |what: &What| matches!(what, What::Notify { args, .. } if args["link-up"] == Value::Bool(true));
    netifd.told(wan).iter().filter(|what| up(what)).count()
}
