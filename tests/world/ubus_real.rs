//! One scenario in real time over a Unix socket: against the double, and, where
//! `UWAND_OPENWRT_ROOT` names an OpenWrt root file system, against its real ubusd.

use crate::sim;
use crate::skip;

use sim::ubusd::Ubusd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};
use uwand::ubus::call::call;
use uwand::ubus::{ArgType, Client, Error, Method, Notice, Object, Source, Status};

use uwand::json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);
const METHODS: &[Method] = &[
    Method { name: "echo", args: &[("id", ArgType::Int32), ("opts", ArgType::Table)] },
    Method { name: "late", args: &[] },
    Method { name: "refuse", args: &[] },
];

/// Something that can be killed and started.
enum World {
    Double(Ubusd),
    Real { program: PathBuf, socket: PathBuf, child: Child },
}

impl World {
    fn real(root: &Path, socket: &Path) -> Self {
        let program = root.join("usr/sbin/ubusd");
        let child = Command::new(&program).arg("-s").arg(socket).spawn().expect("ubusd starts");
        World::Real { program, socket: socket.to_path_buf(), child }
    }

    fn kill(&mut self) {
        match self {
            World::Double(double) => double.kill(),
            World::Real { child, .. } => {
                child.kill().and_then(|()| child.wait()).expect("it ran");
            }
        }
    }

    fn start(&mut self) {
        match self {
            World::Double(double) => double.start().expect("the socket can be bound"),
            World::Real { program, socket, .. } => {
                *self = {
                    let child =
                        Command::new(&*program).arg("-s").arg(&*socket).spawn().expect("ubusd starts");
                    World::Real { program: program.clone(), socket: socket.clone(), child }
                }
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn provide(mut object: Object) {
    loop {
        let request = object.recv().await;
        match request.method {
            "echo" => {
                assert_eq!((request.user.as_deref(), request.group.as_deref()), (Some("root"), Some("root")));
                let args = request.args.clone();
                request.reply(args);
            }
            "late" => drop(spawn_local(async {
                sleep(SECOND / 5).await;
                request.reply(json!({"late": true}));
            })),
            _ => request.fail_with(Status::PermissionDenied, json!({"error": "not today"})),
        }
    }
}

/// Everything that the daemon asks of ubus, then a kill, then everything again.
async fn scenario(mut world: World, socket: PathBuf) {
    let start = || Client::start(Source::Paths(vec!["/nonexistent/ubus.sock".into(), socket.clone()]));
    let (provider, caller) = (start(), start());
    spawn_local(provide(provider.add_object("modem.test", METHODS)));
    let mut notices = caller.subscribe("modem.test");
    let mut events = caller.listen("uwand.*");
    for round in 0..3 {
        caller.wait_for("modem.test").await;
        assert_eq!(timeout(SECOND, notices.recv()).await, Ok(Notice::Attached));
        let args = json!({"id": round, "opts": {"apn": "internet", "list": [1, "x", null, true, -71.25]}});
        assert_eq!(caller.invoke("modem.test", "echo", &args, SECOND).await, Ok(args.clone()));
        assert_eq!(
            caller.invoke("modem.test", "late", &Value::Null, SECOND).await,
            Ok(json!({"late": true}))
        );
        let missing = caller.invoke("modem.test", "nosuch", &Value::Null, SECOND).await;
        assert_eq!(missing.map_err(|error| error.status()), Err(Some(Status::MethodNotFound)));
        let wrong = caller.invoke("modem.test", "echo", &json!({"id": "x"}), SECOND).await;
        assert_eq!(wrong.map_err(|error| error.status()), Err(Some(Status::InvalidArgument)));
        assert!(provider.has_subscribers("modem.test"));
        provider.notify("modem.test", "state", &args);
        let notice = Notice::Message { kind: "state".into(), data: args.clone() };
        assert_eq!(timeout(SECOND, notices.recv()).await, Ok(notice));
        provider.send_event("uwand.modem", &args);
        let event = timeout(SECOND, events.recv()).await.expect("an event");
        assert_eq!((event.id.as_str(), &event.data), ("uwand.modem", &args));
        blocking(&socket).await;
        world.kill();
        assert_eq!(timeout(SECOND, notices.recv()).await, Ok(Notice::Lost));
        assert_eq!(caller.invoke("modem.test", "echo", &args, SECOND).await, Err(Error::Gone));
        sleep(SECOND / 5).await;
        world.start();
        let returned = Instant::now();
        caller.wait_for("modem.test").await;
        println!("round {round}: back after {:?}", returned.elapsed());
        assert!(returned.elapsed() < SECOND);
    }
}

/// The command line's call, from a process of its own as far as ubusd sees.
async fn blocking(socket: &Path) {
    let sockets = [PathBuf::from("/nonexistent/ubus.sock"), socket.to_path_buf()];
    let answers = tokio::task::spawn_blocking(move || {
        let ask = |object, method| call(&sockets, object, method, &json!({"id": 7}), SECOND);
        let nobody = call(&sockets[..1], "modem.test", "echo", &Value::Null, SECOND);
        let impatient = call(&sockets, "modem.test", "late", &Value::Null, SECOND / 20);
        (ask("modem.test", "echo"), ask("nosuch", "echo"), ask("modem.test", "refuse"), nobody, impatient)
    });
    let (echo, nosuch, refuse, nobody, impatient) = answers.await.expect("no panic");
    assert_eq!(echo, Ok(json!({"id": 7})));
    assert_eq!(nosuch.map_err(|error| error.status()), Err(Some(Status::NotFound)));
    let why = Error::Refused { status: Status::PermissionDenied, data: json!({"error": "not today"}) };
    assert_eq!((refuse, nobody, impatient), (Err(why), Err(Error::Gone), Err(Error::Timeout)));
}

fn run(name: &str, world: impl FnOnce(&Path) -> World) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let socket = std::env::temp_dir().join(format!("uwand-{name}-{}.sock", std::process::id()));
    LocalSet::new().block_on(&runtime, async {
        let world = world(&socket);
        timeout(30 * SECOND, scenario(world, socket.clone())).await.expect("within half a minute");
    });
    drop(std::fs::remove_file(socket));
}

#[test]
fn the_double_serves_the_client_over_a_socket_in_real_time() {
    run("double", |socket| World::Double(Ubusd::at(socket).expect("the socket can be bound")));
}

#[test]
fn the_real_ubusd_serves_the_client_as_the_double_does() {
    match std::env::var_os("UWAND_OPENWRT_ROOT").map(PathBuf::from) {
        Some(root) if root.join("usr/sbin/ubusd").exists() => {
            run("real", |socket| World::real(&root, socket))
        }
        _ => skip::skipped("UWAND_OPENWRT_ROOT names no OpenWrt root with ubusd"),
    }
}
