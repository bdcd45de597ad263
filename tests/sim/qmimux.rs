//! qmi_wwan's mux devices in a sysfs made by hand: what is written to `add_mux` and `del_mux`
//! becomes devices, as the kernel makes them (below `virtual`, linked from their parent).

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::io::Interest;
use tokio::task::{AbortHandle, spawn_local};
use uwand::linux::fd;

use super::netifd::Netifd;

/// The driver's part; ends with this.
pub struct Mux(AbortHandle);

impl Drop for Mux {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Driver {
    sysfs: PathBuf,
    /// Of the parent.
    qmi: PathBuf,
    parent: String,
    netifd: Netifd,
    channels: Vec<(u8, String)>,
    /// Since Linux 5.12 a mux device tells its channel.
    tells: bool,
}

impl Mux {
    /// Gives a network device the two attributes.
    pub fn start(sysfs: &Path, parent: &str, netifd: &Netifd, tells: bool) -> Mux {
        let qmi = fs::canonicalize(sysfs.join("class/net").join(parent)).expect("the parent").join("qmi");
        fs::create_dir_all(&qmi).expect("a directory");
        let mut driver = Driver {
            sysfs: sysfs.to_owned(),
            qmi,
            parent: parent.into(),
            netifd: netifd.clone(),
            channels: Vec::new(),
            tells,
        };
        driver.show();
        let watch = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).expect("inotify");
        for attribute in ["add_mux", "del_mux"] {
            let path = driver.qmi.join(attribute);
            watch.add_watch(&path, AddWatchFlags::IN_CLOSE_WRITE).expect("a watch");
        }
        let ready = watch.as_fd().try_clone_to_owned().expect("a descriptor");
        let ready = fd::watch(ready, Interest::READABLE).expect("a descriptor to wait for");
        let task = spawn_local(async move {
            while let Ok(mut ready) = ready.readable().await {
                let _ = watch.read_events();
                ready.clear_ready();
                driver.look();
            }
        });
        Mux(task.abort_handle())
    }
}

impl Driver {
    fn look(&mut self) {
        let text = |attribute: &str| fs::read_to_string(self.qmi.join(attribute)).unwrap_or_default();
        let (add, delete) = (text("add_mux"), text("del_mux"));
        let list = self.list();
        // What the driver shows itself was not written by the host.
        if add != list {
            self.add(number(&add));
        }
        if delete != list {
            self.delete(number(&delete));
        }
        if add != list || delete != list {
            self.show();
        }
    }

    fn add(&mut self, channel: u8) {
        assert!(!self.channels.iter().any(|(id, _)| *id == channel), "mux_id already present");
        let free = (0..).map(|n| format!("qmimux{n}"));
        let name =
            free.into_iter().find(|name| !self.channels.iter().any(|(_, n)| n == name)).expect("a name");
        let dir = self.sysfs.join("devices/virtual/net").join(&name);
        fs::create_dir_all(dir.join("qmap")).expect("a directory");
        if self.tells {
            fs::write(dir.join("qmap/mux_id"), format!("0x{channel:02x}\n")).expect("an attribute");
        }
        let link = |to: PathBuf| std::os::unix::fs::symlink(&dir, to).expect("a link");
        link(self.sysfs.join("class/net").join(&name));
        link(self.sysfs.join("class/net").join(&self.parent).join(format!("upper_{name}")));
        self.netifd.plug(&name);
        self.channels.push((channel, name));
    }

    fn delete(&mut self, channel: u8) {
        let Some(at) = self.channels.iter().position(|(id, _)| *id == channel) else { return };
        let (_, name) = self.channels.remove(at);
        let class = self.sysfs.join("class/net");
        let _ = fs::remove_file(class.join(&self.parent).join(format!("upper_{name}")));
        let _ = fs::remove_file(class.join(&name));
        let _ = fs::remove_dir_all(self.sysfs.join("devices/virtual/net").join(&name));
        self.netifd.unplug(&name);
    }

    fn list(&self) -> String {
        self.channels.iter().map(|(id, _)| format!("0x{id:02x}\n")).collect()
    }

    fn show(&self) {
        for attribute in ["add_mux", "del_mux"] {
            fs::write(self.qmi.join(attribute), self.list()).expect("an attribute");
        }
    }
}

fn number(text: &str) -> u8 {
    u8::from_str_radix(text.trim().trim_start_matches("0x"), 16).expect("what the driver parses")
}
