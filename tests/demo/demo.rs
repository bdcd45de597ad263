//! The demo: an interface comes up, loses its bearer, gets other addresses, loses its SIM and
//! goes down, before your eyes.
//!
//! ```text
//! cargo run --example demo                       the story, in a second or two
//! cargo run --example demo -- --stay             ... and the world stays for `uwand status`
//! cargo run --example demo -- --no-namespace     without packets
//! ```
//!
//! Contract: needs Linux and Rust, no root, no modem, and touches nothing of the machine. Real
//! are the daemon, the handler process, the kernel's device, addresses, routes and pings; the
//! modem with its network, ubusd and netifd are doubles in this process. Ends with 0 when all
//! went as told, else with 1 and the reason.
//!
//! ```text
//!  story      the acts
//!  world      processes and doubles put together
//!  carrier    both sides of wwan0; over tun or pair, packet, rtnl
//!  ping, timeline, namespace, binary
//! ```

mod binary;
mod carrier;
mod namespace;
mod packet;
mod pair;
mod ping;
mod rtnl;
#[path = "../sim/mod.rs"]
mod sim;
mod story;
mod timeline;
mod tun;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use timeline::Timeline;
use world::World;

const USE: &str = "demo [--stay] [--no-namespace]

  --stay          keeps the world up for `uwand status` in another terminal, until Ctrl-C
  --no-namespace  without network devices and packets, as where namespaces are forbidden
";

#[derive(Default)]
struct Options {
    stay: bool,
    no_namespace: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--stay" => options.stay = true,
            "--no-namespace" => options.no_namespace = true,
            _ => return Err(argument),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(argument) if ["-h", "--help"].contains(&argument.as_str()) => {
            print!("{USE}");
            return ExitCode::SUCCESS;
        }
        Err(argument) => {
            eprint!("demo: what is {argument}?\n{USE}");
            return ExitCode::from(2);
        }
    };
    match binary::find().and_then(|program| run(&options, program)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("demo: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, program: PathBuf) -> Result<(), String> {
    // Before the runtime: the kernel moves a process with one thread only.
    let forbidden =
        if options.no_namespace { Err("not wanted".to_string()) } else { namespace::enter() }.err();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let line = std::rc::Rc::new(Timeline::new());
        let world = World::start(line.clone(), program, forbidden).await?;
        let told = tokio::select! {
            told = story::tell(&world, options.stay) => told,
            () = interrupted() => Ok(()),
        };
        let ended = world.end().await;
        let wrong: Vec<String> = [told, ended].into_iter().filter_map(Result::err).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        line.verdict(false, "This is not how it should go.");
        Err(wrong.join("\n      "))
    })
}

/// Ctrl-C, or a polite kill.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
