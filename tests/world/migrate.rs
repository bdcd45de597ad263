//! `uwand migrate` with a real `uci`, and with doubles of it that fail.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::skip::skipped;

const NETWORK: &str = "\
config interface 'lan'
\toption proto 'static'
\toption ipaddr '192.168.1.1'

config interface 'wan'
\toption proto 'qmi'
\toption device '/dev/cdc-wdm0'
\toption apn 'inter net'
\toption password 'it'\\''s \"x\" $y'
\toption v6apn 'other'
\tlist dns '9.9.9.9'
\tlist dns '1.1.1.1'
\toption metric '10'

config interface 'backup'
\toption proto 'mbim'
\toption apn 'x'
";

/// A double that keeps a log of its calls and their input; `export network` prints `network`
/// until a batch came, and `after` from then on.
const DOUBLE: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 9
echo "$*" >> log
case "$*" in
"-q export network") if [ -e batch ]; then cat after; else cat network; fi ;;
"-q changes network") cat changes 2>/dev/null; true ;;
"-m import uwand_saved") cat > saved ;;
"-q export uwand_saved") [ -e saved ] && cat saved ;;
"batch") cat > batch; [ ! -e fails ] ;;
esac
"#;

struct World {
    dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        // What is left over is in the way of nothing.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl World {
    fn new(name: &str, uci: &str) -> World {
        let dir = std::env::temp_dir().join(format!("uwand-migrate-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("sys")).expect("made");
        let world = World { dir };
        world.write("uci", uci);
        world.write("network", NETWORK);
        fs::set_permissions(world.dir.join("uci"), fs::Permissions::from_mode(0o755)).expect("mode");
        world
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.join(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap_or_default()
    }

    fn run(&self, args: &[&str]) -> Output {
        let path = format!("{}:{}", self.dir.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(env!("CARGO_BIN_EXE_uwand"));
        command.arg("migrate").args(args).env("PATH", path).env("UWAND_SYSFS", self.dir.join("sys"));
        command.output().expect("run")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_dry_run_shows_the_difference_and_changes_nothing() {
    let world = World::new("dry", DOUBLE);
    let output = world.run(&["-i", "wan"]);
    assert!(output.status.success(), "{output:?}");
    let expected = "\
wan: proto qmi
  - option proto 'qmi'
    option device '/dev/cdc-wdm0'
    option apn 'inter net'
    option password '***'
  - option v6apn 'other'
    list dns '9.9.9.9'
    list dns '1.1.1.1'
    option metric '10'
  + option proto 'uwand'
  + option pdptype 'ipv4'
  + option allow_roaming '1'
  left out     v6apn: both families use option apn
";
    assert!(text(&output.stdout).starts_with(expected), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("Nothing was changed"));
    assert_eq!(world.read("log"), "-q export network\n");
}

#[test]
fn what_uci_does_not_take_is_reverted_and_told() {
    for (name, fails) in [("silent", false), ("loud", true)] {
        let world = World::new(name, DOUBLE);
        world.write("after", NETWORK);
        if fails {
            world.write("fails", "");
        }
        let output = world.run(&["--apply"]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.starts_with("uwand: uci") && told.contains("nothing was changed"), "{told}");
        assert!(world.read("log").ends_with("revert network\n"), "{}", world.read("log"));
        assert!(!world.read("log").contains("commit network"));
        // The old sections were saved before the first change.
        assert!(world.read("saved").contains("option proto 'qmi'"));
    }
}

#[test]
fn changes_that_somebody_else_staged_are_not_committed_along() {
    let world = World::new("staged", DOUBLE);
    world.write("changes", "network.lan.ipaddr='192.168.2.1'\n");
    let output = world.run(&["--apply"]);
    assert!(text(&output.stderr).contains("`uci revert network`"), "{output:?}");
    assert!(!Path::new(&world.dir.join("batch")).exists() && !world.dir.join("saved").exists());
}

#[test]
fn where_there_is_no_uci_it_is_told() {
    let world = World::new("none", "");
    let output = Command::new(env!("CARGO_BIN_EXE_uwand"))
        .arg("migrate")
        .env("PATH", world.dir.join("sys"))
        .output()
        .expect("run");
    assert!(text(&output.stderr).contains("is this an OpenWrt router?"), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_real_uci_takes_the_new_sections_and_keeps_the_old_ones() {
    let Some(root) = std::env::var_os("UWAND_OPENWRT_ROOT") else {
        return skipped("UWAND_OPENWRT_ROOT names no OpenWrt tree with a uci");
    };
    let real = Path::new(&root).join("bin/uci");
    let script = "#!/bin/sh\nd=\"$(dirname \"$0\")\"\nexec REAL -c \"$d/conf\" -t \"$d/delta\" \"$@\"\n";
    let world = World::new("real", &script.replace("REAL", &real.display().to_string()));
    fs::create_dir_all(world.dir.join("conf")).expect("made");
    world.write("conf/network", NETWORK);
    let output = world.run(&["--apply"]);
    assert!(output.status.success(), "{output:?}");
    let network = world.read("conf/network");
    let wan = "config interface 'wan'\n\toption proto 'uwand'\n\toption device '/dev/cdc-wdm0'\n\toption apn 'inter net'\n\
        \toption password 'it'\\''s \"x\" $y'\n\tlist dns '9.9.9.9'\n\tlist dns '1.1.1.1'\n\toption metric '10'\n\
        \toption pdptype 'ipv4'\n\toption allow_roaming '1'\n";
    assert!(network.contains(wan), "{network}");
    assert!(
        network.contains("config interface 'backup'\n\toption proto 'uwand'\n\toption apn 'x'\n"),
        "{network}"
    );
    assert!(network.contains("option ipaddr '192.168.1.1'"), "{network}");
    let old = NETWORK.split_once("config interface 'wan'").expect("there").1;
    assert_eq!(world.read("conf/uwand_saved").trim(), format!("config interface 'wan'{old}").trim());
    let again = world.run(&["--apply"]);
    assert!(text(&again.stdout).starts_with("No section of qmi"), "{again:?}");
    // A second migration of the same interface loses nothing of the first.
    world.write("conf/network", NETWORK);
    assert!(world.run(&["--apply", "-i", "wan"]).status.success());
    let saved = world.read("conf/uwand_saved");
    assert!(
        saved.contains("config interface 'wan'\n") && saved.contains("config interface 'wan_2'\n"),
        "{saved}"
    );
}
