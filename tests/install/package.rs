//! The .ipk files, and what is installed for collectors of metrics.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Destination, listing, project, skip};

impl Destination {
    /// The package, made in a directory of its own with this umask and time zone.
    fn package(&self, name: &str, umask: &str, zone: &str) -> PathBuf {
        let out = self.0.join(format!("out {name} {umask}"));
        let (binary, arch) = match name {
            "uwand" => (self.0.join("binary"), "mips_24kc"),
            _ => (PathBuf::from("-"), "all"),
        };
        let output = Command::new("sh")
            .args(["-c", r#"umask "$1"; shift; exec sh "$@""#, "sh", umask])
            .arg(project().join("openwrt-package/package.sh"))
            .arg(name)
            .arg(binary)
            .arg(arch)
            .arg(&out)
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env("TZ", zone)
            .current_dir("/")
            .output()
            .expect("sh");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let made = out.join(format!("{name}_{}-r1_{arch}.ipk", env!("CARGO_PKG_VERSION")));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), made.display().to_string());
        made
    }
}

fn tar(arguments: &[&str], archive: &Path, dir: &Path) -> String {
    fs::create_dir_all(dir).expect("directory");
    let mut command = Command::new("tar");
    let output = command.args(arguments).arg(archive).current_dir(dir).output().expect("tar");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_package_is_the_same_bytes_whoever_makes_it() {
    let destination = Destination::new();
    for name in ["uwand", "luci-app-uwand"] {
        let one = fs::read(destination.package(name, "022", "UTC")).expect("a package");
        let other = fs::read(destination.package(name, "077", "Asia/Tokyo")).expect("a package");
        assert!(one == other && one.starts_with(&[0x1f, 0x8b]), "{name}: {} {}", one.len(), other.len());
    }
}

#[test]
fn opkg_finds_in_a_package_what_it_looks_for() {
    let destination = Destination::new();
    for (name, depends, has, has_not) in [
        ("uwand", "kmod-usb-net-cdc-mbim, kmod-usb-net-qmi-wwan", "usr/sbin/uwand", "www"),
        ("luci-app-uwand", "uwand, luci-base", "www/luci-static/resources/protocol/uwand.js", "usr/sbin"),
    ] {
        let package = destination.package(name, "022", "UTC");
        let dir = destination.0.join(name);
        let members = tar(&["-xzvf"], &package, &dir);
        assert_eq!(members, "./debian-binary\n./data.tar.gz\n./control.tar.gz\n");
        assert_eq!(fs::read_to_string(dir.join("debian-binary")).expect("version"), "2.0\n");
        let control = dir.join("control");
        tar(&["-xzf"], &dir.join("control.tar.gz"), &control);
        let text = fs::read_to_string(control.join("control")).expect("control");
        let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        assert_eq!(field("Package"), Some(name));
        assert!(field("Version").is_some_and(|version| version.starts_with(env!("CARGO_PKG_VERSION"))));
        assert!(field("Depends").is_some_and(|told| told.starts_with(depends)), "{text}");
        assert!(field("Architecture").is_some() && field("Description").is_some(), "{text}");
        let data = dir.join("data");
        tar(&["-xzf"], &dir.join("data.tar.gz"), &data);
        assert!(data.join(has).exists() && !data.join(has_not).exists());
        let size: u64 = field("Installed-Size").expect("a size").parse().expect("a number");
        let files = listing(&data);
        let sizes = files.iter().map(|(name, _)| fs::metadata(data.join(name)).expect("a file").len());
        assert_eq!(size, sizes.sum::<u64>());
        let conffiles = fs::read_to_string(control.join("conffiles")).unwrap_or_default();
        for file in conffiles.lines() {
            assert!(data.join(file.trim_start_matches('/')).exists(), "{file}");
        }
        assert_eq!(conffiles.is_empty(), name != "uwand");
    }
}

#[test]
fn the_scripts_of_a_package_leave_the_work_to_openwrts_own() {
    let destination = Destination::new();
    let package = destination.package("uwand", "022", "UTC");
    let (dir, root) = (destination.0.join("scripts"), destination.0.join("root"));
    tar(&["-xzf"], &package, &dir);
    tar(&["-xzf"], &dir.join("control.tar.gz"), &dir);
    let run = |script: &str| {
        let mut command = Command::new("sh");
        command.arg(dir.join(script)).arg("configure").env("IPKG_INSTROOT", &root);
        let output = command.output().expect("sh");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    // Where there is no OpenWrt there is nothing to do.
    assert_eq!(run("postinst"), (true, String::new()));
    fs::create_dir_all(root.join("lib")).expect("lib");
    let double =
        "default_postinst() { echo \"post ${1##*/} $2\"; }; default_prerm() { echo \"pre ${1##*/}\"; }";
    fs::write(root.join("lib/functions.sh"), double).expect("functions");
    assert_eq!(run("postinst"), (true, "post postinst configure\n".to_string()));
    assert_eq!(run("prerm"), (true, "pre prerm\n".to_string()));
    // Into an image: no service of the building machine is touched.
    assert_eq!(run("postinst-pkg"), (true, String::new()));
}

const METRICS: &str = r#"# TYPE uwand_info info
uwand_info{version="0.1.0"} 1
# TYPE uwand_uptime_seconds gauge
uwand_uptime_seconds 61
uwand_interface_state{interface="wan",uwand_interface_state="up"} 1
uwand_interface_received_bytes_total{interface="wan"} 5000000000
uwand_rungs_tried_total{interface="wan",rung="reset"} 3
uwand_modem_info{modem="1-1.2",operator="Evil\"} 1 \\"} 1
uwand_modem_rsrp_dbm{modem="1-1.2"} -95
# EOF
"#;

/// A program that prints the metrics, whatever it is asked.
fn double(destination: &Destination) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let told = destination.0.join("metrics");
    fs::write(&told, METRICS).expect("metrics");
    let program = destination.0.join("uwand");
    fs::write(&program, "#!/bin/sh\ncat \"${0%/*}/metrics\"\n").expect("program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("mode");
    program
}

#[test]
fn collectd_gets_a_line_for_each_figure() {
    let destination = Destination::new();
    let output = Command::new("sh")
        .arg(project().join("files/usr/libexec/uwand/collectd"))
        .env("UWAND", double(&destination))
        .env("UWAND_ONCE", "1")
        .env("COLLECTD_HOSTNAME", "router")
        .env("COLLECTD_INTERVAL", "10.000")
        .output()
        .expect("sh");
    let expected = r#"PUTVAL "router/uwand/gauge-uptime_seconds" interval=10 N:61
PUTVAL "router/uwand-wan/gauge-interface_state-up" interval=10 N:1
PUTVAL "router/uwand-wan/counter-interface_received_bytes" interval=10 N:5000000000
PUTVAL "router/uwand-wan/counter-rungs_tried-reset" interval=10 N:3
PUTVAL "router/uwand-1-1.2/gauge-modem_rsrp_dbm" interval=10 N:-95
"#;
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn the_exporter_gets_names_labels_and_numbers() {
    if Command::new("lua").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return skip::skipped("no lua to run the collector with");
    }
    let destination = Destination::new();
    let path = project().join("files/usr/lib/lua/prometheus-collectors/uwand.lua");
    let text = fs::read_to_string(path).expect("collector");
    let program = double(&destination).display().to_string();
    assert!(text.contains("\"/usr/sbin/uwand metrics 2>/dev/null\""), "{text}");
    let text = text.replace("/usr/sbin/uwand", &format!("'{program}'"));
    let collector = destination.0.join("collector.lua");
    fs::write(&collector, text).expect("collector");
    // As the exporter has it: a line for the type, and the labels as they are.
    let exporter = r##"
        function metric(name, kind)
            print("# " .. name .. " " .. kind)
            return function(labels, value)
                local names = {}
                for label, text in pairs(labels or {}) do names[#names + 1] = label .. '="' .. text .. '"' end
                table.sort(names)
                print(name .. " {" .. table.concat(names, ",") .. "} " .. value)
            end
        end
        dofile(arg[1]).scrape()"##;
    let main = destination.0.join("exporter.lua");
    fs::write(&main, exporter).expect("exporter");
    let output = Command::new("lua").arg(&main).arg(&collector).output().expect("lua");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "# uwand_interface_received_bytes_total counter",
        "uwand_uptime_seconds {} 61",
        r#"uwand_rungs_tried_total {interface="wan",rung="reset"} 3"#,
        r#"uwand_modem_info {modem="1-1.2",operator="Evil\"} 1 \\"} 1"#,
        r#"uwand_modem_rsrp_dbm {modem="1-1.2"} -95"#,
    ] {
        assert!(shown.lines().any(|told| told == line), "{line}\n{shown}");
    }
    assert_eq!(shown.lines().filter(|line| line.starts_with('#')).count(), 7, "{shown}");
}
