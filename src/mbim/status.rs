//! The numbers of MBIM with names: message types' status and protocol errors.
//!
//! Contract: facts only (MBIM 1.0 errata 1, 9.4.5 and table 9-8; Microsoft's additions).
//! A label is the words that logs and `status` show.

use crate::wire_enum;

wire_enum! {
    /// Status of OPEN_DONE, CLOSE_DONE and COMMAND_DONE (9.4.5).
    pub enum Status: u32 {
        Success = 0 => "success",
        Busy = 1 => "busy",
        Failure = 2 => "failure",
        SimNotInserted = 3 => "SIM not inserted",
        BadSim = 4 => "bad SIM",
        PinRequired = 5 => "PIN required",
        PinDisabled = 6 => "PIN disabled",
        NotRegistered = 7 => "not registered",
        ProvidersNotFound = 8 => "no providers found",
        NoDeviceSupport = 9 => "not supported by the device",
        ProviderNotVisible = 10 => "provider not visible",
        DataClassNotAvailable = 11 => "data class not available",
        PacketServiceDetached = 12 => "packet service detached",
        MaxActivatedContexts = 13 => "too many activated contexts",
        NotInitialized = 14 => "not initialized",
        VoiceCallInProgress = 15 => "voice call in progress",
        ContextNotActivated = 16 => "context not activated",
        ServiceNotActivated = 17 => "service not activated",
        InvalidAccessString = 18 => "invalid access string (APN)",
        InvalidUserNamePwd = 19 => "invalid user name or password",
        RadioPowerOff = 20 => "radio power off",
        InvalidParameters = 21 => "invalid parameters",
        ReadFailure = 22 => "read failure",
        WriteFailure = 23 => "write failure",
        NoPhonebook = 25 => "no phonebook",
        ParameterTooLong = 26 => "parameter too long",
        StkBusy = 27 => "STK busy",
        OperationNotAllowed = 28 => "operation not allowed",
        MemoryFailure = 29 => "memory failure",
        InvalidMemoryIndex = 30 => "invalid memory index",
        MemoryFull = 31 => "memory full",
        FilterNotSupported = 32 => "filter not supported",
        DssInstanceLimit = 33 => "device service stream limit",
        InvalidDeviceServiceOperation = 34 => "invalid device service operation",
        AuthIncorrectAutn = 35 => "authentication: incorrect AUTN",
        AuthSyncFailure = 36 => "authentication: synchronisation failure",
        AuthAmfNotSet = 37 => "authentication: AMF not set",
        ContextNotSupported = 38 => "context type not supported",
        SmsUnknownSmscAddress = 100 => "unknown SMSC address",
        SmsNetworkTimeout = 101 => "SMS network time-out",
        SmsLangNotSupported = 102 => "SMS language not supported",
        SmsEncodingNotSupported = 103 => "SMS encoding not supported",
        SmsFormatNotSupported = 104 => "SMS format not supported",
        // Microsoft, low level UICC access.
        NoLogicalChannels = 0x8743_0001 => "no logical channels",
        SelectFailed = 0x8743_0002 => "select failed",
        InvalidLogicalChannel = 0x8743_0003 => "invalid logical channel",
    }
}

wire_enum! {
    /// What HOST_ERROR and FUNCTION_ERROR tell (table 9-8).
    pub enum ProtocolError: u32 {
        TimeoutFragment = 1 => "fragment time-out",
        FragmentOutOfSequence = 2 => "fragment out of sequence",
        LengthMismatch = 3 => "length mismatch",
        DuplicatedTid = 4 => "duplicated transaction",
        NotOpened = 5 => "not opened",
        Unknown = 6 => "unknown error",
        Cancel = 7 => "cancelled",
        MaxTransfer = 8 => "control transfer size not supported",
    }
}

wire_enum! {
    /// Whether a COMMAND asks or changes (9.3.3).
    pub enum Kind: u32 {
        Query = 0 => "query",
        Set = 1 => "set",
    }
}
