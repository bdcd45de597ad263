//! `uwand migrate`: shows what would change in /etc/config/network, or changes it.
//!
//! Contract: everything goes through the `uci` command, never by editing text. Before the
//! first change the old sections are in /etc/config/uwand_saved; what `uci` staged is read
//! back and compared before it is committed, and reverted where it is not what was meant.
//! Nothing is stopped or restarted here: it may be the connection that the person came by.

use std::path::Path;

use super::args::Request;
use super::table::{Page, Paint};
use super::{Failure, output, print};
use crate::few::Listed;
use crate::globals::Globals;
use crate::json::{Value, json};
use crate::linux::run;
use crate::linux::sysfs::Sysfs;
use crate::migrate::{Change, Seen, plan};
use crate::uci;

/// Where the old sections are kept.
const SAVED: &str = "uwand_saved";
/// Services that would fight for the modem.
const RIVALS: [&str; 3] = ["modemmanager", "wwand", "smstools3"];

pub fn run(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let export = uci_told(&["-q", "export", "network"], "")?;
    let modems = seen(&Sysfs::new(&globals.sysfs));
    let changes = plan(&export, request.interface.as_deref(), &modems);
    let apply = request.arguments.0.contains_key("apply");
    let ready: Vec<&Change> = changes.iter().filter(|change| !change.new.is_empty()).listed();
    if apply && !ready.is_empty() {
        carry_out(&ready)?;
    }
    let reply = reply(&changes, apply && !ready.is_empty());
    print(request, &reply, page)
}

/// Modems with a control device, and which device nodes are theirs.
fn seen(sysfs: &Sysfs) -> Vec<Seen> {
    let modems = sysfs.modems();
    let each = modems.iter().map(|found| {
        let wdm = found.wdm.file_name().map(|name| name.to_string_lossy().into_owned());
        let ports = found.ports.iter().map(|port| port.name.clone());
        let nodes = ports.chain(wdm).chain(found.usb_path.clone()).listed();
        Seen { id: found.id.clone(), nodes, driver: found.driver.clone() }
    });
    each.listed()
}

fn carry_out(changes: &[&Change]) -> Result<(), String> {
    let pending = uci_told(&["-q", "changes", "network"], "")?;
    if !pending.trim().is_empty() {
        return Err("there are changes to network that nobody committed: see `uci changes network`, then \
                    `uci commit network` or `uci revert network`"
            .to_string());
    }
    // There is no such file before the first time.
    let kept = uci_told(&["-q", "export", SAVED], "").unwrap_or_default();
    let mut taken = uci::names(&kept, "interface");
    let mut text = format!("package {SAVED}\n\n");
    for change in changes {
        text.push_str(&change.saved(&taken));
        taken.push(change.interface.clone());
    }
    // Into a file that is there it is only staged.
    uci_told(&["-m", "import", SAVED], &text)?;
    uci_told(&["commit", SAVED], "")?;
    let kept = uci_told(&["-q", "export", SAVED], "")?;
    if changes.iter().any(|change| !uci::names(&kept, "interface").contains(&change.interface)) {
        return Err(format!("uci did not save the old sections in {SAVED}; nothing was changed"));
    }
    let batch: String = changes.iter().map(|change| change.batch()).collect();
    let staged = uci_told(&["batch"], &batch).and_then(|_| uci_told(&["-q", "export", "network"], ""));
    let meant = staged.and_then(|export| match changes.iter().find(|change| !is_in(change, &export)) {
        None => Ok(()),
        Some(change) => Err(format!("uci did not take the new section {}", change.interface)),
    });
    if let Err(why) = meant.and_then(|()| uci_told(&["commit", "network"], "").map(drop)) {
        let undone = uci_told(&["revert", "network"], "").map_or("", |_| "; nothing was changed");
        return Err(format!("{why}{undone}"));
    }
    match uci_told(&["-q", "changes", "network"], "")?.trim() {
        "" => Ok(()),
        _ => Err("uci did not commit it all; see `uci changes network`".to_string()),
    }
}

/// Whether the section says what was meant, in any order of its options.
fn is_in(change: &Change, export: &str) -> bool {
    let found = uci::section(export, "interface", &change.interface);
    found.len() == change.new.len() && change.new.iter().all(|entry| found.contains(entry))
}

/// What `uci` printed.
fn uci_told(args: &[&str], input: &str) -> Result<String, String> {
    let ran = run::run("uci", args, input)
        .map_err(|error| format!("uci cannot be run ({error}); is this an OpenWrt router?"))?;
    if !ran.succeeded {
        let why = ran.errors.trim();
        return Err(format!("uci {}: {}", args.join(" "), if why.is_empty() { "it failed" } else { why }));
    }
    Ok(ran.output)
}

fn reply(changes: &[Change], applied: bool) -> Value {
    let each = |change: &Change| {
        let dropped = change.dropped.iter().map(|(option, why)| json!({"option": option, "why": why}));
        json!({"interface": change.interface, "proto": change.proto, "diff": change.diff(),
            "dropped": dropped.collect::<Value>(), "notes": change.notes})
    };
    let rivals = RIVALS.iter().filter(|name| Path::new("/etc/init.d").join(name).exists());
    json!({"sections": changes.iter().map(each).collect::<Value>(),
        "stop": rivals.listed(), "applied": applied})
}

fn page(reply: &Value) -> String {
    use super::pattern::joined;
    use super::show::list;
    let style = output::style();
    let mut page = Page::new(&style);
    let sections = list(reply, "sections");
    if sections.is_empty() {
        page.line("No section of qmi, mbim, ncm, 3g, modemmanager or wwan in /etc/config/network.");
        return page.finish();
    }
    for section in sections {
        let parts = [(Paint::Plain, joined("", section, ": proto {proto=}"))];
        page.heading(&joined("", section, "{interface}"), &parts);
        for line in list(section, "diff").iter().filter_map(Value::as_str) {
            let paint = match line.get(..1) {
                Some("-") => Paint::Bad,
                Some("+") => Paint::Good,
                _ => Paint::Plain,
            };
            page.line(&format!("  {}", style.paint(paint, line)));
        }
        for dropped in list(section, "dropped") {
            page.row("left out", &joined("", dropped, "{option=}: {why=}"));
        }
        for note in list(section, "notes").iter().filter_map(Value::as_str) {
            page.painted_row("note", Paint::Warn, note);
        }
    }
    page.line("");
    for name in list(reply, "stop").iter().filter_map(Value::as_str) {
        page.line(&format!(
            "Stop what would fight for the modem: service {name} stop; service {name} disable"
        ));
    }
    page.line(match reply.get("applied") {
        Some(Value::Bool(true)) => {
            "Changed; the old sections are in /etc/config/uwand_saved. `service network reload` makes it count."
        }
        _ => "Nothing was changed; `uwand migrate --apply` does it.",
    });
    page.finish()
}
