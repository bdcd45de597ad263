//! The modem's refusals: the result TLV that every response carries, and its codes.

use super::tlv;
use crate::wire::{Malformed, Reader};
use crate::wire_enum;
use std::fmt;

/// Tag of the result TLV in a response.
pub const RESULT: u8 = 0x02;

wire_enum! {
    /// Error code of a response whose status is "failure".
    pub enum QmiError: u16 as table {
        None = 0 => "no error",
        MalformedMessage = 1 => "malformed message",
        NoMemory = 2 => "no memory",
        Internal = 3 => "internal error",
        Aborted = 4 => "aborted",
        ClientIdsExhausted = 5 => "client ids exhausted",
        UnabortableTransaction = 6 => "the transaction can't be aborted",
        InvalidClientId = 7 => "invalid client id",
        NoThresholdsProvided = 8 => "no thresholds given",
        InvalidHandle = 9 => "invalid handle",
        InvalidProfile = 10 => "invalid profile",
        InvalidPinId = 11 => "invalid PIN id",
        IncorrectPin = 12 => "incorrect PIN",
        NoNetworkFound = 13 => "no network found",
        CallFailed = 14 => "call failed",
        OutOfCall = 15 => "not in a call",
        NotProvisioned = 16 => "not provisioned",
        MissingArgument = 17 => "missing argument",
        ArgumentTooLong = 19 => "argument too long",
        InvalidTransactionId = 22 => "invalid transaction id",
        DeviceInUse = 23 => "device in use",
        NetworkUnsupported = 24 => "not supported by the network",
        DeviceUnsupported = 25 => "not supported by the device",
        NoEffect = 26 => "no effect",
        NoFreeProfile = 27 => "no free profile",
        InvalidPdpType = 28 => "invalid PDP type",
        InvalidTechnologyPreference = 29 => "invalid technology preference",
        InvalidProfileType = 30 => "invalid profile type",
        InvalidServiceType = 31 => "invalid service type",
        InvalidRegisterAction = 32 => "invalid register action",
        InvalidPsAttachAction = 33 => "invalid attach action",
        AuthenticationFailed = 34 => "authentication failed",
        PinBlocked = 35 => "PIN blocked",
        PinAlwaysBlocked = 36 => "PIN blocked for good",
        UimUninitialized = 37 => "SIM not initialised",
        MaximumQosRequestsInUse = 38 => "too many QoS requests",
        IncorrectFlowFilter = 39 => "incorrect flow filter",
        NetworkQosUnaware = 40 => "the network knows no QoS",
        InvalidQosId = 41 => "invalid QoS id",
        RequestedNumberUnsupported = 42 => "requested number not supported",
        InterfaceNotFound = 43 => "interface not found",
        FlowSuspended = 44 => "flow suspended",
        InvalidDataFormat = 45 => "invalid data format",
        GeneralError = 46 => "general error",
        UnknownError = 47 => "unknown error",
        InvalidArgument = 48 => "invalid argument",
        InvalidIndex = 49 => "invalid index",
        NoEntry = 50 => "no such entry",
        DeviceStorageFull = 51 => "storage full",
        DeviceNotReady = 52 => "device not ready",
        NetworkNotReady = 53 => "network not ready",
        WmsCauseCode = 54 => "refused by the message service, with a cause",
        WmsMessageNotSent = 55 => "message not sent",
        WmsMessageDeliveryFailure = 56 => "message not delivered",
        WmsInvalidMessageId = 57 => "invalid message id",
        WmsEncoding = 58 => "message encoding",
        AuthenticationLock = 59 => "authentication lock",
        InvalidTransition = 60 => "invalid transition",
        NotMcastInterface = 61 => "not a multicast interface",
        MaximumMcastRequestsInUse = 62 => "too many multicast requests",
        InvalidMcastHandle = 63 => "invalid multicast handle",
        InvalidIpFamilyPreference = 64 => "invalid IP family",
        SessionInactive = 65 => "session inactive",
        SessionInvalid = 66 => "session invalid",
        SessionOwnership = 67 => "session belongs to another",
        InsufficientResources = 68 => "insufficient resources",
        Disabled = 69 => "disabled",
        InvalidOperation = 70 => "invalid operation",
        InvalidQmiCommand = 71 => "no such command",
        WmsTPduType = 72 => "message PDU type",
        WmsSmscAddress = 73 => "message centre address",
        InformationUnavailable = 74 => "information unavailable",
        SegmentTooLong = 75 => "segment too long",
        SegmentOrder = 76 => "segment out of order",
        BundlingNotSupported = 77 => "bundling not supported",
        OperationPartialFailure = 78 => "failed in part",
        PolicyMismatch = 79 => "policy mismatch",
        SimFileNotFound = 80 => "no such file on the SIM",
        ExtendedInternal = 81 => "internal error (extended)",
        AccessDenied = 82 => "access denied",
        HardwareRestricted = 83 => "held back by the hardware switch",
        AckNotSent = 84 => "acknowledgement not sent",
        InjectTimeout = 85 => "injection timed out",
        IncompatibleState = 90 => "not in this state",
        FdnRestrict = 91 => "fixed dialling numbers only",
        SupsFailureCase = 92 => "supplementary service failed",
        NoRadio = 93 => "no radio",
        NotSupported = 94 => "not supported",
        NoSubscription = 95 => "no subscription",
        CardCallControlFailed = 96 => "refused by the card's call control",
        NetworkAborted = 97 => "aborted by the network",
        MsgBlocked = 98 => "message blocked",
        InvalidSessionType = 100 => "invalid session type",
        InvalidPbType = 101 => "invalid phonebook type",
        NoSim = 102 => "no SIM",
        PbNotReady = 103 => "phonebook not ready",
        PinRestriction = 104 => "PIN needed",
        Pin2Restriction = 105 => "PIN2 needed",
        PukRestriction = 106 => "PUK needed",
        Puk2Restriction = 107 => "PUK2 needed",
        PbAccessRestricted = 108 => "phonebook access restricted",
        PbDeleteInProgress = 109 => "phonebook deletion in progress",
        PbTextTooLong = 110 => "phonebook text too long",
        PbNumberTooLong = 111 => "phonebook number too long",
        PbHiddenKeyRestriction = 112 => "phonebook hidden key needed",
        PbNotAvailable = 113 => "phonebook not available",
        DeviceMemoryError = 114 => "device memory error",
        NoPermission = 115 => "no permission",
        TooSoon = 116 => "too soon",
        TimeNotAcquired = 117 => "time not known yet",
        OperationInProgress = 118 => "operation in progress",
        FwWriteFailed = 388 => "firmware: write failed",
        FwInfoReadFailed = 389 => "firmware: information can't be read",
        FwFileNotFound = 390 => "firmware: file not found",
        FwDirNotFound = 391 => "firmware: directory not found",
        FwAlreadyActivated = 392 => "firmware: active already",
        FwCannotGenericImage = 393 => "firmware: not with the generic image",
        FwFileOpenFailed = 400 => "firmware: file can't be opened",
        FwUpdateDiscontinuousFrame = 401 => "firmware: a frame is missing",
        FwUpdateFailed = 402 => "firmware: update failed",
        CatEventRegistrationFailed = 61441 => "card toolkit: registration failed",
        CatInvalidTerminalResponse = 61442 => "card toolkit: invalid terminal response",
        CatInvalidEnvelopeCommand = 61443 => "card toolkit: invalid envelope",
        CatEnvelopeCommandBusy = 61444 => "card toolkit: busy",
        CatEnvelopeCommandFailed = 61445 => "card toolkit: envelope failed",
    }
}

impl fmt::Display for QmiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QMI error {}: {}", u16::from(*self), self.label())
    }
}

/// What a response says of its request.
///
/// A response without this TLV is malformed: whether it did is the one thing it is for.
pub fn result(tlvs: &[u8]) -> Result<Result<(), QmiError>, Malformed> {
    let value = tlv::find(tlvs, RESULT).ok_or(Malformed("a response without a result"))?;
    let mut reader = Reader::new(value);
    let (status, code) = (reader.u16_le()?, reader.u16_le()?);
    Ok(if status == 0 { Ok(()) } else { Err(QmiError::from(code)) })
}

/// The result TLV, for a modem's answer.
pub fn put_result(out: &mut Vec<u8>, result: Result<(), QmiError>) {
    let (status, code) = match result {
        Ok(()) => (0_u16, 0),
        Err(error) => (1, u16::from(error)),
    };
    let [status, code] = [status.to_le_bytes(), code.to_le_bytes()];
    tlv::append(out, RESULT, &[status, code].concat());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_survives_the_round_trip() {
        for expected in [Ok(()), Err(QmiError::NoEffect), Err(QmiError::Other(999))] {
            let mut tlvs = Vec::new();
            put_result(&mut tlvs, expected);
            assert_eq!(result(&tlvs), Ok(expected));
        }
    }

    #[test]
    fn no_result_is_no_success() {
        assert!(result(&[]).is_err());
        assert!(result(&[RESULT, 2, 0, 0, 0]).is_err());
    }
}
