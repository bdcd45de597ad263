//! Guest of `tests/vm/run`: the first process of a virtual machine with Debian's kernel.
//!
//! In one process: the emulated modem behind USB/IP, the network beyond it, and the
//! scenario that uses them through the kernel's own drivers. It prints a timeline,
//! ends it with `N passed, N failed`, and powers the machine off.
//!
//! Why not usbip's tools, a network between two guests, or dummy_hcd? vhci-hcd takes
//! the file descriptor of any stream socket; a socketpair needs no tool, no network
//! and no second machine, and vhci-hcd is in every distribution's kernel.

mod apply;
mod compositions;
mod control;
mod daemon;
mod daemon_qmi;
mod device;
mod function;
mod hang;
mod init;
mod kernel;
mod mbim_function;
mod network;
mod ntb;
mod ping;
mod power;
mod qmi;
mod qmi_function;
mod recovery;
mod rooms;
mod serial_function;
#[path = "../../sim/mod.rs"]
mod sim;
mod stand_in;
mod supply;
mod takeover;
mod timeline;
mod usb;
mod usbip;
mod wdm;

use timeline::Timeline;

fn main() {
    if std::process::id() != 1 {
        eprintln!("vm_guest is the init of a virtual machine: start it with tests/vm/run");
        std::process::exit(2);
    }
    if let Err(why) = init::enter() {
        println!("the guest does not start: {why}");
    } else if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        tokio::task::LocalSet::new().block_on(&runtime, scenario());
        // a thread that hangs in the kernel must not keep the machine up
        runtime.shutdown_background();
    }
    init::power_off();
}

async fn scenario() {
    let mut t = Timeline::default();
    t.step("drivers are loaded", async { init::load_drivers() }).await;
    kernel::chapter(&mut t).await;
    rooms::chapter(&mut t).await;
    qmi::chapter(&mut t).await;
    power::chapter(&mut t).await;
    daemon::chapter(&mut t).await;
    daemon_qmi::chapter(&mut t).await;
    recovery::chapter(&mut t).await;
    t.verdict();
}
