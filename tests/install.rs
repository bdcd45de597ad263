//! The router's tree, as `openwrt-package/install.sh` lays it out.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

#[path = "install/package.rs"]
mod package;
mod skip;

static COUNT: AtomicU32 = AtomicU32::new(0);

struct Destination(PathBuf);

impl Destination {
    fn new() -> Self {
        let name = format!("uwand install {}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("directory");
        fs::write(path.join("binary"), "not a program\n").expect("binary");
        Destination(path)
    }

    fn tree(&self) -> PathBuf {
        self.0.join("tree")
    }

    fn install(&self) -> Output {
        run_install(&[self.0.join("binary").as_os_str(), self.tree().as_os_str()])
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run_install(arguments: &[&std::ffi::OsStr]) -> Output {
    let script = project().join("openwrt-package/install.sh");
    // From elsewhere and with a strict umask: neither may show in the tree.
    let command = r#"umask 077; exec sh "$@""#;
    Command::new("sh")
        .args(["-c", command, "sh"])
        .arg(script)
        .args(arguments)
        .current_dir("/")
        .output()
        .expect("sh runs")
}

/// Every file and directory below `dir` with its mode, sorted.
fn listing(dir: &Path) -> Vec<(String, u32)> {
    let mut all = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("directory").flatten() {
            let metadata = entry.metadata().expect("metadata");
            let path = entry.path();
            let name = path.strip_prefix(dir).expect("inside").display().to_string();
            if metadata.is_dir() {
                assert_eq!(metadata.permissions().mode() & 0o7777, 0o755, "{name}");
                open.push(path);
            } else {
                all.push((name, metadata.permissions().mode() & 0o7777));
            }
        }
    }
    all.sort();
    all
}

const TREE: [(&str, u32); 10] = [
    ("etc/capabilities/uwand.json", 0o644),
    ("etc/config/uwand", 0o644),
    ("etc/init.d/uwand", 0o755),
    ("lib/netifd/proto/uwand.sh", 0o755),
    ("lib/upgrade/keep.d/uwand", 0o644),
    ("usr/lib/lua/prometheus-collectors/uwand.lua", 0o644),
    ("usr/libexec/uwand/collectd", 0o755),
    ("usr/sbin/uwand", 0o755),
    ("usr/share/acl.d/uwand-collectd.json", 0o644),
    ("usr/share/acl.d/uwand.json", 0o644),
];

/// What the pages are made of: some of it, and where all of it has to be.
const PAGES: [&str; 4] = [
    "usr/share/luci/menu.d/luci-app-uwand.json",
    "usr/share/rpcd/acl.d/luci-app-uwand.json",
    "www/luci-static/resources/protocol/uwand.js",
    "www/luci-static/resources/view/uwand/status.js",
];

#[test]
fn the_tree_is_exactly_that_of_the_router() {
    let destination = Destination::new();
    for round in ["first", "again"] {
        let output = destination.install();
        assert!(output.status.success(), "{round}: {}", String::from_utf8_lossy(&output.stderr));
        let (pages, rest): (Vec<_>, Vec<_>) =
            listing(&destination.tree()).into_iter().partition(|(name, _)| {
                name.starts_with("www/luci-static/resources/") || name.contains("/luci-app-uwand.json")
            });
        let expected: Vec<_> = TREE.iter().map(|(name, mode)| ((*name).to_owned(), *mode)).collect();
        assert_eq!(rest, expected, "{round}");
        assert!(pages.iter().all(|(_, mode)| *mode == 0o644), "{pages:?}");
        for page in PAGES {
            assert!(pages.iter().any(|(name, _)| name == page), "{page}: {round}");
        }
    }
    let installed = fs::read(destination.tree().join("usr/sbin/uwand")).expect("binary");
    assert_eq!(installed, fs::read(destination.0.join("binary")).expect("binary"));
}

#[test]
fn a_person_s_configuration_survives_an_update() {
    let destination = Destination::new();
    let config = destination.tree().join("etc/config/uwand");
    assert!(destination.install().status.success());
    fs::write(&config, "config uwand 'main'\n\toption log_level 'debug'\n").expect("config");
    assert!(destination.install().status.success());
    assert!(fs::read_to_string(&config).expect("config").contains("debug"));
}

#[test]
fn wrong_use_changes_nothing_and_says_why() {
    assert_eq!(run_install(&[]).status.code(), Some(2));
    assert_eq!(run_install(&["binary".as_ref(), "".as_ref()]).status.code(), Some(2));
    let destination = Destination::new();
    let output = run_install(&["/nonexistent/uwand".as_ref(), destination.tree().as_os_str()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("build it first"));
    assert!(!destination.tree().exists());
}

#[test]
fn every_script_is_plain_shell_and_every_json_is_json() {
    let destination = Destination::new();
    assert!(destination.install().status.success());
    for (name, _) in TREE {
        let path = destination.tree().join(name);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if text.starts_with("#!/bin/sh") {
            let checked = Command::new("sh").arg("-n").arg(&path).output().expect("sh");
            assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
        }
        if name.ends_with(".json") {
            let json: uwand::json::Value = uwand::json::from_str(&text).expect(name);
            let access_list = name.contains("/acl.d/");
            assert!(!access_list || json["user"].is_string(), "ubusd skips it without a user");
        }
    }
}

/// netifd runs every *.sh there as `./uwand.sh "" dump`, `./uwand.sh uwand setup wan …`.
#[test]
fn the_handler_passes_every_argument_on_unchanged() {
    let text = fs::read_to_string(project().join("files/lib/netifd/proto/uwand.sh")).expect("handler");
    assert_eq!(text.lines().count(), 2);
    let shown = text.replace("exec /usr/sbin/uwand", "printf '<%s>'");
    let json = r#"{"apn":"a b","password":"'\"$x`"}"#;
    let arguments = ["-c", &shown, "uwand.sh", "uwand", "setup", "wan", json, ""];
    let output = Command::new("sh").args(arguments).output().expect("sh");
    let expected = format!("<netifd><uwand><setup><wan><{json}><>");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

/// Runs `start_service` and `service_triggers` with doubles of procd's and uci's shell functions.
fn init_script(log_level: &str) -> String {
    let script = project().join("files/etc/init.d/uwand");
    let doubles = r#"
        config_load() { echo "load $1"; }
        config_get() { eval "$1=\${$(echo $3 | tr a-z A-Z):-$4}"; }
        logger() { echo "logger: $*"; }
        procd_open_instance() { echo open; }
        procd_set_param() { echo "param $*"; }
        procd_close_instance() { echo close; }
        procd_add_jail() { echo "jail $*"; }
        procd_add_reload_trigger() { echo "trigger $*"; }
        . "$1"; start_service; service_triggers; echo "$START $STOP $USE_PROCD"
    "#;
    let output = Command::new("sh")
        .args(["-euc", doubles, "sh"])
        .arg(script)
        .env("LOG_LEVEL", log_level)
        .output()
        .expect("sh");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_init_script_respawns_for_ever_after_a_second() {
    let shown = init_script("");
    let expected = "load uwand\nopen\nparam command /usr/sbin/uwand daemon\nparam env UWAND_LOG=info UWAND_HISTORY_HOURS=24 UWAND_STATE_DIR=/etc/uwand UWAND_SYSLOG=1\n\
                    jail uwand\nparam no_new_privs 1\nparam capabilities /etc/capabilities/uwand.json\n\
                    param respawn 3600 1 0\nparam stderr 1\nclose\ntrigger uwand\n19 91 1\n";
    assert_eq!(shown, expected);
}

#[test]
fn a_wrong_log_level_does_not_keep_the_daemon_from_starting() {
    assert!(init_script("debug").contains("param env UWAND_LOG=debug "));
    let shown = init_script("loud; reboot");
    assert!(shown.contains("logger: -t uwand") && shown.contains("param env UWAND_LOG=info "), "{shown}");
}

/// What the init script gives the daemon is what it takes.
#[test]
fn the_daemon_knows_the_variable_of_the_init_script() {
    let level = |name: &str| (name == "UWAND_LOG").then(|| std::ffi::OsString::from("debug"));
    let globals = uwand::globals::Globals::from_env(level).expect("a level");
    assert_eq!(globals.log_level, Some(log::LevelFilter::Debug));
}

#[test]
fn the_daemon_gets_no_right_that_is_not_accounted_for() {
    let text = fs::read_to_string(project().join("files/etc/capabilities/uwand.json")).expect("capabilities");
    let sets: uwand::json::Value = uwand::json::from_str(&text).expect("JSON");
    let rights = uwand::json!(["CAP_NET_ADMIN", "CAP_NET_RAW"]);
    for set in ["bounding", "effective", "permitted", "inheritable"] {
        assert_eq!(sets[set], rights, "a set that is missing is all of them: {set}");
    }
    assert_eq!(sets["ambient"], uwand::json!([]));
    let script = fs::read_to_string(project().join("files/etc/init.d/uwand")).expect("script");
    assert!(script.contains("NET_ADMIN: ") && script.contains("NET_RAW: "), "each with its reason");
}
