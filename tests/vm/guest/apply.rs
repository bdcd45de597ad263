//! netifd's last step, which its double leaves out: addresses and routes of an interface
//! go into the kernel, and only what has changed is touched.
//!
//! Why not the real netifd? It is GPL, and built for OpenWrt's libraries; what matters
//! here is that the kernel takes what the daemon says and that packets then flow.

use super::init::ip;
use super::timeline::Step;
use uwand::json::Value;

/// What an interface has in the kernel: `ip` arguments with `{}` for add or del.
#[derive(Default)]
pub struct Applied {
    lines: Vec<String>,
    /// For a second interface beside the one that has the default routes.
    without_routes: bool,
    /// What the kernel has refused.
    pub complaints: Vec<String>,
}

impl Applied {
    pub fn without_routes() -> Self {
        Self { without_routes: true, ..Self::default() }
    }

    /// Follows the settings of the interface; none when it goes down.
    pub fn follow(&mut self, link: Option<&Value>) {
        if let Err(why) = self.change(link.unwrap_or(&Value::Null)) {
            self.complaints.push(why);
        }
    }

    /// To what a `notify_proto` message of action 0 says (netifd proto-ext.c).
    fn change(&mut self, message: &Value) -> Step {
        let mut wanted = Vec::new();
        if message["link-up"] == Value::Bool(true) {
            let device = message["ifname"].as_str().ok_or("link up without ifname")?;
            ip(&format!("link set {device} up"))?;
            wanted = lines(message, device);
            wanted.retain(|line| !(self.without_routes && line.contains(" route ")));
        }
        for line in self.lines.iter().rev().filter(|line| !wanted.contains(line)) {
            // They go with a device that has gone.
            let _ = ip(&line.replace("{}", "del"));
        }
        let kept = std::mem::take(&mut self.lines);
        for line in wanted {
            if !kept.contains(&line) {
                ip(&line.replace("{}", "add"))?;
            }
            self.lines.push(line);
        }
        Ok(())
    }

    pub fn has(&self, address: &str) -> bool {
        self.lines.iter().any(|line| line.contains(" addr ") && line.contains(&format!(" {address}/")))
    }

    /// The device has gone, and all this with it.
    pub fn forget(&mut self) {
        self.lines.clear();
    }
}

fn lines(message: &Value, device: &str) -> Vec<String> {
    let list = |name: &str| message[name].as_array().cloned().unwrap_or_default();
    let mut out = Vec::new();
    for (name, flag) in [("ipaddr", "-4"), ("ip6addr", "-6")] {
        for entry in list(name) {
            let (address, mask) = (text(&entry, "ipaddr"), text(&entry, "mask"));
            out.push(format!("{flag} addr {{}} {address}/{mask} dev {device}"));
        }
    }
    for (name, flag) in [("routes", "-4"), ("routes6", "-6")] {
        for entry in list(name) {
            out.push(route(&entry, flag, device));
        }
    }
    out
}

/// `source` of IPv6 routes is left out: busybox cannot say it, and there is one uplink only.
fn route(entry: &Value, flag: &str, device: &str) -> String {
    let target = match text(entry, "netmask") {
        mask if mask == "0" => "default".to_owned(),
        mask => format!("{}/{mask}", text(entry, "target")),
    };
    let mut line = format!("{flag} route {{}} {target}");
    for (name, word) in [("gateway", "via"), ("mtu", "mtu")] {
        if !entry[name].is_null() {
            line += &format!(" {word} {}", text(entry, name));
        }
    }
    line + &format!(" dev {device}")
}

/// Strings and numbers alike, without quotes.
fn text(entry: &Value, name: &str) -> String {
    entry[name].as_str().map_or_else(|| entry[name].to_string(), str::to_owned)
}
