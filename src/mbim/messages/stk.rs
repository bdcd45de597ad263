//! SIM toolkit (MBIM 1.0, 10.9).

use super::enums::*;
use super::{Raw, messages};

messages! { Stk;
    /// For each of 256 proactive commands: who handles it.
    1 answer PacSupport { support: Raw as block(256) }
    /// A bit for each of 256 proactive commands that the host takes.
    1 set SetPac -> PacSupport { host_control: Raw as block(32) }
    /// The indication of the same CID.
    1 answer PacEvent { pac_type: PacType as number, data: Raw as rest }

    2 answer TerminalResponded { result: Raw as bytes, status_words: u32 as number }
    2 set TerminalResponse -> TerminalResponded { response: Raw as counted }

    /// A bit for each envelope that the device takes from the host.
    3 answer EnvelopeSupport { support: Raw as block(32) }
    3 answer EnvelopeSent {}
    3 set SendEnvelope -> EnvelopeSent { data: Raw as rest }
}
