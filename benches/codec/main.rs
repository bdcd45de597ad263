//! Messages a second through the codecs, parse and emit: `cargo bench --bench codec`.
//!
//! Why not criterion? Two dozen crates for a figure that only has to be right within a
//! few per cent; the best of several rounds is.

mod mbim;
mod measure;
mod qmi;
mod ubus;

fn main() {
    println!("{:<44} {:>12} {:>10} {:>7}", "message", "a second", "ns each", "bytes");
    mbim::run();
    qmi::run();
    ubus::run();
}
