//! What a reason of the network means for what we do: wait, stop asking, or go on.

use crate::cause::{Domain, Reason};

/// Whose trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The network is overloaded or out of order: nothing here can help, and asking more often
    /// makes it worse.
    Overload,
    /// The network does not want this SIM, device, APN or password: nothing but the contract or
    /// the configuration can help.
    Refusal,
    /// Passing, or unknown: worth another try.
    Other,
}

/// What this reason means.
pub fn meaning(reason: &Reason) -> Meaning {
    let refusals: &[u32] = match reason.domain {
        // TS 24.301 5.5.1.2.5: the SIM or its USIM is held invalid (3, 5, 6, 7, 8), the network or
        // area forbidden (11, 12, 13, 14, 25, 35), or the subscriber unknown (2). 15 (no suitable
        // cells) is not: the modem looks elsewhere.
        Domain::Emm => &[2, 3, 5, 6, 7, 8, 11, 12, 13, 14, 25, 35],
        // Barred, APN, PDP type, password, not subscribed.
        Domain::Esm => &[8, 27, 28, 29, 32, 33, 66, 112],
        Domain::CallEnd | Domain::MbimStatus | Domain::QmiError | Domain::Device => &[],
    };
    if reason.is_overload() {
        Meaning::Overload
    } else if refusals.contains(&reason.number) {
        Meaning::Refusal
    } else {
        Meaning::Other
    }
}
