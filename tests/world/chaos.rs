//! Hours of everything going wrong at once, under the virtual clock, by seeds (only the
//! jitter of the back-off differs from run to run):
//! whatever happens in whatever order, the daemon answers, keeps the SIM, and is up again
//! once it is let alone.
//!
//! `UWAND_CHAOS=FROM..TO` runs other seeds.

use crate::sim;

use std::time::Duration;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Ip, Network, Setup, Sim};
use sim::world::{MINUTE, SECOND, WAN, World};
use tokio::time::{Instant, sleep};
use uwand::mbim::messages::basic::{DeviceCaps, Pin, RadioState, SetPin, SubscriberReady};
use uwand::mbim::messages::connect::{IpConfiguration, SetConnect};
use uwand::mbim::messages::enums::Register;
use uwand::mbim::messages::network::{PacketService, RegisterState};
use uwand::mbim::{ProtocolError, Status};

use uwand::json::{Value, json};

const STEPS: usize = 120;

/// xorshift64*: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()].clone()
    }
}

/// What is missing in the world now, so that it can be put back.
#[derive(Default)]
struct Missing {
    sim: Option<Sim>,
    modem: bool,
    ubusd: bool,
    netifd: bool,
    daemon: bool,
}

/// Takes away what is there; gives back what is missing.
fn flip(missing: &mut bool) -> bool {
    *missing = !*missing;
    *missing
}

fn fault(dice: &mut Dice) -> Fault {
    let on = dice.pick(&[
        On::Anything,
        On::AnyCommand,
        On::Open,
        On::message::<DeviceCaps>(),
        On::message::<SubscriberReady>(),
        On::message::<RadioState>(),
        On::message::<Pin>(),
        On::message::<RegisterState>(),
        On::message::<PacketService>(),
        On::set::<SetConnect>(),
        On::message::<IpConfiguration>(),
    ]);
    let effect = dice.pick(&[
        Effect::Deaf,
        Effect::Slow(Duration::from_millis(1500)),
        Effect::Slow(15 * SECOND),
        Effect::DropAnswer,
        Effect::DuplicateAnswer,
        Effect::WrongTransaction,
        Effect::Before(vec![0x5a; 33]),
        Effect::Instead(vec![7, 0, 0, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
        Effect::Truncate(25),
        Effect::FalseLength(19),
        Effect::Refuse(Status::Busy),
        Effect::Refuse(Status::Failure),
        Effect::Refuse(Status::NotInitialized),
        Effect::Refuse(Status::MaxActivatedContexts),
        Effect::FunctionError(ProtocolError::NotOpened),
        Effect::FunctionError(ProtocolError::Cancel),
        Effect::Flood(20),
    ]);
    let times = u32::try_from(dice.roll(6)).unwrap() + 1;
    Fault::new(on, effect).after(u32::try_from(dice.roll(4)).unwrap()).times(times).lasting(2 * MINUTE)
}

async fn step(w: &World, dice: &mut Dice, missing: &mut Missing, options: &Value) {
    match dice.roll(24) {
        0..=6 => w.modem.fault(fault(dice)),
        7 => w.modem.network_disconnect(0, 36),
        8 => w.modem.detach(10),
        9 => w.modem.reattach(),
        10 if missing.sim.is_none() => {
            missing.sim = w.modem.act(|modem| modem.sim.clone()).map(|sim| Sim { verified: false, ..sim });
            w.modem.remove_sim();
        }
        10 => w.modem.insert_sim(missing.sim.take().unwrap()),
        11 => w.modem.hw_radio(false),
        12 => w.modem.hw_radio(true),
        13 if flip(&mut missing.modem) => w.unplug(),
        13 => w.plug(u8::try_from(dice.roll(3)).unwrap()),
        14 if flip(&mut missing.ubusd) => w.ubusd.kill(),
        14 => w.ubusd.start().unwrap(),
        15 if flip(&mut missing.netifd) => w.netifd.kill(),
        15 => w.netifd.spawn(),
        16 if flip(&mut missing.daemon) => w.kill_daemon().await,
        16 => w.start_daemon(),
        17 => w.netifd.ifdown(WAN),
        18 => w.netifd.ifup(WAN),
        19 => w.ifup(options.clone()),
        20 => {
            let v4 = vec![([10, 9, 0, u8::try_from(dice.roll(200)).unwrap() + 1].into(), 32)];
            w.modem.change_address(0, Ip { v4, v4_gateway: None, ..Ip::default() });
        }
        21 => w.modem.set_registration(dice.pick(&[Register::Searching, Register::Denied]), 15),
        22 => w.modem.allow_registration(),
        _ => w.modem.hang_up(),
    }
}

/// Everything as it should be again.
async fn mend(w: &World, missing: &mut Missing, options: &Value) {
    w.modem.clear_faults();
    if missing.modem {
        w.plug(0);
    }
    if let Some(sim) = missing.sim.take() {
        w.modem.insert_sim(sim);
    }
    w.modem.hw_radio(true);
    w.modem.network(|network| *network = Network::default());
    w.modem.allow_registration();
    w.modem.reattach();
    if missing.ubusd {
        w.ubusd.start().unwrap();
    }
    if missing.netifd {
        w.netifd.spawn();
    }
    if missing.daemon {
        w.start_daemon();
    }
    w.pass(10).await;
    w.ifup(options.clone());
}

fn seeds() -> std::ops::Range<u64> {
    let range = std::env::var("UWAND_CHAOS").ok();
    let range = range.as_deref().and_then(|text| text.split_once("..")).unwrap_or(("1", "21"));
    range.0.parse().unwrap()..range.1.parse().unwrap()
}

fn run(seed: u64, sim: Sim, pincode: &str, ends: impl AsyncFnOnce(&World)) {
    let options = json!({ "apn": "internet", "pincode": pincode });
    let setup =
        Setup { sim: Some(sim), keeps_sessions: seed % 2 == 0, stubborn: seed % 3 == 0, ..Setup::default() };
    World::run(setup, async |w| {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut missing = Missing::default();
        w.ifup(options.clone());
        for _ in 0..STEPS {
            step(w, &mut dice, &mut missing, &options).await;
            let pause = dice.pick(&[0, 1, 40, 700, 3000, 12_000, 45_000]);
            sleep(Duration::from_millis(pause)).await;
            if !missing.ubusd && !missing.daemon && pause > 1000 {
                let begin = Instant::now();
                w.bus.wait_for("uwand").await;
                w.status().await;
                assert!(begin.elapsed() <= 2 * SECOND, "seed {seed}: status took {:?}", begin.elapsed());
            }
        }
        mend(w, &mut missing, &options).await;
        ends(w).await;
    });
}

#[test]
fn after_any_chaos_the_link_is_up_within_three_minutes() {
    for seed in seeds() {
        println!("seed {seed}");
        run(seed, Sim::default(), "1234", async |w| {
            w.up_within(3 * MINUTE).await;
            w.pass(200).await;
            assert!(w.netifd.is_up(WAN), "seed {seed}: it stays up; {}", w.story().await);
            assert_eq!(w.modem.sessions().len(), 1, "seed {seed}");
            assert_eq!(w.of_interface("state").await, "up");
            w.netifd.ifdown(WAN);
            w.down_within(5 * SECOND).await;
            w.pass(70).await;
            assert!(w.modem.sessions().is_empty(), "seed {seed}");
        });
    }
}

#[test]
fn in_any_chaos_a_wrong_pin_costs_at_most_one_try() {
    for seed in seeds() {
        println!("seed {seed}");
        run(seed, Sim::locked("1234"), "9999", async |w| {
            w.pass(600).await;
            let tries = w.modem.pin_tries();
            assert_eq!((tries >= Some(2), w.netifd.is_up(WAN)), (true, false), "seed {seed}: {tries:?}");
            assert!(w.modem.count_of_set::<SetPin>() <= 4, "seed {seed}");
        });
    }
}
