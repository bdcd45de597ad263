//! LOC, location: as much as turns the receiver on and passes its NMEA lines.

use crate::qmi::value::IdText;
use crate::{codes, messages};

codes! {
    pub enum Recurrence: u32 { Periodic = 1 => "periodic", Single = 2 => "single" }

    pub enum Intermediate: u32 { Enabled = 1 => "on", Disabled = 2 => "off" }

    pub enum OperationMode: u32 {
        Default = 1 => "default",
        Msb = 2 => "msb",
        Msa = 3 => "msa",
        Standalone = 4 => "standalone",
        CellId = 5 => "cell-id",
        Wwan = 6 => "wwan",
    }

    pub enum Outcome: u32 {
        Success = 0 => "success",
        Failure = 1 => "failure",
        Unsupported = 2 => "unsupported",
        InvalidParameter = 3 => "invalid parameter",
        Busy = 4 => "busy",
        Offline = 5 => "offline",
        Timeout = 6 => "timeout",
    }

    pub enum EngineState: u32 { On = 1 => "on", Off = 2 => "off" }
}

/// Bit of [`RegisterEvents`]: NMEA lines.
pub const EVENT_NMEA: u64 = 1 << 2;
/// Bit of [`RegisterEvents`]: the receiver going on and off.
pub const EVENT_ENGINE_STATE: u64 = 1 << 7;

messages! { Loc;
    0x0021 RegisterEvents { 0x01 mask: u64 };
    0x0022 Start {
        0x01 session: u8,
        0x10 recurrence: Recurrence,
        0x12 intermediate: Intermediate,
        0x13 interval_ms: u32,
    };
    0x0023 Stop { 0x01 session: u8 };
    0x004a SetOperationMode { 0x01 mode: OperationMode };
    0x004b GetOperationMode {};

    indications
    /// Where someone is: as private as a number.
    0x0026 Nmea { 0x01 line: IdText };
    0x002b Engine { 0x01 state: EngineState };
    0x004a OperationModeSet { 0x01 outcome: Outcome };
    0x004b OperationModeReport { 0x01 outcome: Outcome, 0x10 mode: OperationMode };
}
