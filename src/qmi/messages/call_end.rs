//! Call end reasons in words: why a connection was refused or ended.
//!
//! A modem tells it twice: as a plain reason, and as a "verbose" one, which is a table
//! and a number in it. The verbose one says more; the 3GPP table is the network's own
//! ESM cause and goes to people as such.

use super::wds::VerboseReason;
use crate::cause::{Domain, Reason};
use crate::codes;

codes! {
    /// The plain reason. Its tables by technology begin at 500, 1000 and 1500.
    pub enum CallEndReason: u16 {
        Unspecified = 1 => "unspecified",
        ClientEnd = 2 => "ended by this client",
        NoService = 3 => "no service",
        Fade = 4 => "signal faded",
        ReleaseNormal = 5 => "released normally",
        AccessAttempt = 6 => "access attempt in progress",
        AccessFailure = 7 => "access failure",
        Handoff = 8 => "redirection or handoff",
        CloseInProgress = 9 => "close in progress",
        AuthenticationFailed = 10 => "authentication failed",
        InternalError = 11 => "internal error",
        CdmaLock = 500 => "CDMA: locked",
        CdmaIntercept = 501 => "CDMA: intercept",
        CdmaReorder = 502 => "CDMA: reorder",
        CdmaReleaseReject = 503 => "CDMA: service option rejected",
        CdmaIncomingCall = 504 => "CDMA: incoming call",
        CdmaNoService = 515 => "CDMA: no service",
        ConferenceFailed = 1000 => "conference failed",
        IncomingRejected = 1001 => "incoming call rejected",
        GsmNoService = 1002 => "no service",
        NetworkEnd = 1003 => "ended by the network",
        LlcSndcpFailure = 1004 => "LLC or SNDCP failure",
        InsufficientResources = 1005 => "insufficient resources",
        TemporarilyOutOfOrder = 1006 => "option temporarily out of order",
        NsapiUsed = 1007 => "NSAPI in use",
        RegularDeactivation = 1008 => "regular deactivation",
        NetworkFailure = 1009 => "network failure",
        ReattachRequired = 1010 => "reattach required",
        ProtocolError = 1011 => "protocol error",
        OperatorBarring = 1012 => "barred by the operator",
        UnknownApn = 1013 => "unknown or missing APN",
        UnknownPdp = 1014 => "unknown PDP type",
        GgsnReject = 1015 => "rejected by the gateway",
        ActivationReject = 1016 => "activation rejected",
        OptionNotSupported = 1017 => "option not supported",
        OptionUnsubscribed = 1018 => "option not subscribed",
        QosNotAccepted = 1019 => "QoS not accepted",
        TftSemanticError = 1020 => "semantic error in the TFT",
        TftSyntaxError = 1021 => "syntax error in the TFT",
        UnknownContext = 1022 => "unknown PDP context",
        FilterSemanticError = 1023 => "semantic error in a packet filter",
        FilterSyntaxError = 1024 => "syntax error in a packet filter",
        WithoutActiveTft = 1025 => "PDP context without active TFT",
        InvalidTransaction = 1026 => "invalid transaction id",
        IncorrectSemantic = 1027 => "semantically incorrect message",
        InvalidMandatory = 1028 => "invalid mandatory information",
        TypeUnsupported = 1029 => "message type not supported",
        TypeNotInState = 1030 => "message type not in this state",
        UnknownElement = 1031 => "unknown information element",
        ConditionalError = 1032 => "error in a conditional element",
        MessageNotInState = 1033 => "message not in this protocol state",
        ApnTypeConflict = 1034 => "APN type conflict",
        NoContext = 1035 => "no GPRS context",
        FeatureNotSupported = 1036 => "feature not supported",
        EvdoBusy = 1500 => "EVDO: busy",
        EvdoAuthentication = 1501 => "EVDO: billing or authentication failure",
        EvdoChange = 1502 => "EVDO: system changed",
        EvdoExit = 1503 => "EVDO: system left",
        EvdoNoSession = 1504 => "EVDO: no session",
        EvdoSetupTimeout = 1506 => "EVDO: connection setup timed out",
        EvdoReleased = 1507 => "EVDO: released",
    }

    /// The table of a verbose reason.
    pub enum VerboseType: u16 {
        MobileIp = 1 => "Mobile IP",
        Internal = 2 => "modem",
        CallManager = 3 => "call manager",
        Gpp = 6 => "3GPP",
        Ppp = 7 => "PPP",
        Ehrpd = 8 => "eHRPD",
        Ipv6 = 9 => "IPv6",
    }
}

/// Sorted by number.
type Words = &'static [(i16, &'static str)];

const MOBILE_IP: Words = &[
    (-1, "unknown"),
    (64, "foreign agent: unspecified"),
    (65, "foreign agent: administratively prohibited"),
    (66, "foreign agent: insufficient resources"),
    (67, "foreign agent: authentication failed"),
    (68, "foreign agent: home agent's authentication failed"),
    (69, "foreign agent: lifetime too long"),
    (70, "foreign agent: malformed request"),
    (71, "foreign agent: malformed reply"),
    (97, "foreign agent: missing network access identifier"),
    (98, "foreign agent: missing home agent"),
    (99, "foreign agent: missing home address"),
    (128, "home agent: unspecified"),
    (129, "home agent: administratively prohibited"),
    (130, "home agent: insufficient resources"),
    (131, "home agent: authentication failed"),
    (133, "home agent: registration id mismatch"),
    (134, "home agent: malformed request"),
    (136, "home agent: unknown address"),
];

const INTERNAL: Words = &[
    (201, "error"),
    (202, "call ended"),
    (203, "unknown internal cause"),
    (204, "unknown cause"),
    (205, "close in progress"),
    (206, "ended by the network"),
    (207, "pre-empted by another application"),
    (208, "IPv4 not allowed on this connection"),
    (209, "IPv4 throttled after refusals"),
    (210, "IPv6 not allowed on this connection"),
    (211, "IPv6 throttled after refusals"),
    (212, "the modem restarts"),
    (213, "PPP not supported"),
    (214, "not the preferred technology"),
    (215, "physical link is closing"),
    (216, "handover of the APN pending"),
    (217, "profile and bearer don't fit"),
    (218, "card event"),
    (219, "low power mode or power-down"),
    (220, "APN disabled"),
    (221, "maximum inactivity time over"),
    (222, "IPv6 address transfer failed"),
    (223, "technology swap failed"),
    (224, "fell back from eHRPD to HRPD"),
    (225, "mandatory APN disabled"),
    (226, "Mobile IP configuration failed"),
    (227, "inactive for too long"),
    (228, "too many IPv4 connections"),
    (229, "too many IPv6 connections"),
    (230, "APN mismatch"),
    (231, "IP version mismatch"),
    (232, "dial-up not allowed"),
    (233, "invalid profile"),
    (234, "change between EPC and another core"),
    (235, "invalid profile id"),
    (236, "call present already"),
    (237, "interface in use"),
    (238, "IP and PDP type don't fit"),
    (239, "APN not allowed while roaming"),
    (240, "parameters of the APN changed"),
    (241, "interface in use with the same configuration"),
    (242, "empty APN not allowed"),
    (243, "too hot"),
    (244, "subscription mismatch"),
    (245, "data switched off in the modem's settings"),
    (246, "data roaming switched off in the modem's settings"),
    (247, "APN with invalid characters"),
    (248, "aborted: data subscription changes"),
    (249, "validation failed"),
    (251, "profiles don't go together"),
    (252, "no APN fits the empty one"),
    (253, "invalid APN name"),
    (254, "data subscription is being switched"),
    (255, "not allowed while roaming"),
    (256, "exceptional data not supported"),
    (257, "non-IP not supported"),
    (258, "non-IP throttled after refusals"),
    (259, "non-IP not allowed"),
    (261, "non-IP type mismatch"),
    (262, "too many connections"),
    (263, "invalid APN"),
    (264, "network slice not allowed"),
    (265, "routing failed"),
    (266, "routing changed"),
    (267, "local data network not available"),
    (268, "APN type mismatch"),
];

const CALL_MANAGER: Words = &[
    (500, "CDMA locked"),
    (501, "intercept"),
    (502, "reorder"),
    (503, "service option rejected"),
    (504, "incoming call"),
    (507, "too many access probes"),
    (509, "no answer from the base station"),
    (510, "rejected by the base station"),
    (515, "no CDMA service"),
    (518, "no SIM"),
    (520, "access blocked"),
    (521, "access blocked for all"),
    (523, "too hot"),
    (524, "call throttled"),
    (1000, "conference failed"),
    (1001, "incoming call rejected"),
    (1002, "no gateway service"),
    (1003, "no GPRS context"),
    (1004, "illegal subscriber"),
    (1005, "illegal equipment"),
    (1006, "no GPRS and no other service allowed"),
    (1007, "GPRS not allowed"),
    (1008, "the network could not identify the subscriber"),
    (1009, "detached by the network"),
    (1010, "network not allowed"),
    (1011, "location area not allowed"),
    (1012, "GPRS not allowed in this network"),
    (1013, "duplicate PDP context"),
    (1014, "the technology changed"),
    (1015, "congestion"),
    (1016, "no PDP context active"),
    (1017, "access class barred"),
    (1018, "PDP activation: too many tries"),
    (1019, "radio bearer failure"),
    (1020, "EPS service not allowed"),
    (1021, "tracking area not allowed"),
    (1022, "roaming not allowed in this tracking area"),
    (1023, "no suitable cells in this tracking area"),
    (1024, "not in this closed subscriber group"),
    (1025, "unknown EPS bearer"),
    (1026, "radio bearer released"),
    (1027, "signalling connection released"),
    (1028, "detached"),
    (1029, "attach failed"),
    (1030, "attach started"),
    (1031, "LTE service request failed"),
    (1032, "dedicated bearer activated anew by the network"),
    (1033, "lower layer failure"),
    (1034, "synchronising with the network"),
    (1036, "bad message over the air"),
    (1037, "rejected by the data service"),
    (1038, "moved to another technology"),
    (1039, "deactivated by the data service"),
    (1040, "no cause"),
    (1041, "LTE service request failed, no throttling"),
    (1042, "access control failure"),
    (1044, "timer T3417 expired"),
    (1045, "timer T3417 (extended) expired"),
    (1051, "no radio connection"),
    (1052, "no radio connection: aborted"),
    (1053, "no radio connection: access barred"),
    (1054, "no radio connection: another cell was chosen"),
    (1055, "no radio connection: configuration failed"),
    (1056, "no radio connection: timer expired"),
    (1057, "no radio connection: link failure"),
    (1058, "no radio connection: not camped on a cell"),
    (1059, "no radio connection: system information failed"),
    (1060, "no radio connection: rejected"),
    (1061, "radio connection released normally"),
    (1062, "radio link failure"),
    (1063, "radio connection could not be re-established"),
    (1064, "out of service while re-establishing"),
    (1065, "radio connection aborted"),
    (1066, "system information unreadable"),
    (1067, "detached by the network, to attach again"),
    (1068, "detached by the network, not to attach again"),
    (1069, "ESM procedure timed out"),
    (1074, "radio bearer setup failed"),
    (1075, "PDP activation timed out"),
    (1076, "PDP modification timed out"),
    (1077, "PDP deactivation timed out"),
    (1078, "PDP: lower layer error"),
    (1083, "packet service detached"),
    (1084, "no radio available"),
    (1085, "service not available"),
    (1096, "IMSI unknown to the home network"),
    (1097, "IMEI not accepted"),
    (1098, "EPS and other services not allowed"),
    (1099, "EPS not allowed in this network"),
    (1100, "MSC temporarily not reachable"),
    (1101, "CS domain not available"),
    (1102, "ESM failure"),
    (1103, "MAC failure"),
    (1104, "synchronisation failure"),
    (1105, "security capabilities don't fit"),
    (1106, "security mode rejected"),
    (1107, "authentication not acceptable"),
    (1109, "no EPS bearer active"),
    (1110, "invalid state"),
    (1111, "NAS failure"),
    (1112, "no several connections allowed"),
    (1117, "registration failed in a lower layer"),
    (1118, "detached: EPS not allowed"),
    (1119, "PDP context deactivated by the modem"),
    (1500, "EVDO: busy"),
    (1501, "EVDO: billing or authentication failure"),
    (2000, "ended by this client"),
    (2001, "no service"),
    (2002, "signal faded"),
    (2003, "released normally"),
    (2004, "access attempt in progress"),
    (2005, "access failure"),
    (2006, "redirection or handoff"),
    (2500, "offline"),
    (2501, "emergency mode"),
    (2502, "telephone in use"),
    (2503, "invalid mode"),
    (2504, "invalid SIM state"),
    (2506, "call control rejected it"),
    (2507, "detached: power saving mode"),
    (2508, "switched to the other subscription"),
    (2511, "network search in progress"),
];

/// Beyond the network's own causes: what the modem adds to that table.
const GPP_MODEM: Words = &[
    (114, "pre-empted by an APN of higher priority"),
    (115, "access barred"),
    (116, "emergency interface only"),
    (117, "interface mismatch"),
    (118, "companion interface in use"),
    (119, "IP address mismatch"),
    (120, "interface and policy family mismatch"),
    (121, "access barred, to be tried for ever"),
    (122, "authentication failure on an emergency call"),
    (123, "invalid DNS address"),
    (124, "invalid P-CSCF DNS address"),
    (125, "test loopback enabled"),
    (126, "access barred (extended)"),
    (127, "pre-empted by the emergency APN"),
    (128, "detached or disconnected by this device"),
];

const PPP: Words = &[
    (-1, "unknown"),
    (1, "time-out"),
    (2, "authentication failure"),
    (3, "option mismatch"),
    (31, "PAP failure"),
    (32, "CHAP failure"),
    (33, "close in progress"),
];

const EHRPD: Words = &[
    (1, "subscription limited to IPv4"),
    (2, "subscription limited to IPv6"),
    (4, "VSNCP time-out"),
    (5, "VSNCP failure"),
    (6, "general error"),
    (7, "unauthenticated APN"),
    (8, "too many connections"),
    (9, "no gateway"),
    (10, "gateway unreachable"),
    (11, "gateway rejected it"),
    (12, "insufficient parameters"),
    (13, "resource unavailable"),
    (14, "administratively prohibited"),
    (15, "connection id in use"),
    (16, "subscription limit"),
    (17, "connection to this APN exists"),
];

const IPV6: Words = &[(1, "prefix unavailable"), (2, "IPv6 disabled by the network"), (3, "IPv6 disabled")];

fn find(words: Words, number: i16) -> &'static str {
    match words.binary_search_by_key(&number, |(number, _)| *number) {
        Ok(at) => words.get(at).map_or("unknown", |(_, text)| text),
        Err(_) => "unknown",
    }
}

impl VerboseReason {
    /// The reason in words.
    pub fn text(&self) -> &'static str {
        match self.kind {
            VerboseType::MobileIp => find(MOBILE_IP, self.reason),
            VerboseType::Internal => find(INTERNAL, self.reason),
            VerboseType::CallManager => find(CALL_MANAGER, self.reason),
            VerboseType::Gpp => self.gpp().text,
            VerboseType::Ppp => find(PPP, self.reason),
            VerboseType::Ehrpd => find(EHRPD, self.reason),
            VerboseType::Ipv6 => find(IPV6, self.reason),
            VerboseType::Other(_) => "unknown",
        }
    }

    /// The network's ESM cause, or what the modem adds to that table from 114 on.
    fn gpp(&self) -> Reason {
        match u32::try_from(self.reason) {
            Ok(number) if number < 114 => Reason::esm(number),
            _ => self.modem(find(GPP_MODEM, self.reason)),
        }
    }

    fn modem(&self, text: &'static str) -> Reason {
        Reason { domain: Domain::CallEnd, number: u32::try_from(self.reason).unwrap_or(0), text }
    }

    pub fn reason(&self) -> Reason {
        match self.kind {
            VerboseType::Gpp => self.gpp(),
            _ => self.modem(self.text()),
        }
    }
}

/// The better one of the two reasons that a modem gave.
pub fn reason(plain: Option<CallEndReason>, verbose: Option<&VerboseReason>) -> Option<Reason> {
    let plain = plain.map(|plain| Reason {
        domain: Domain::CallEnd,
        number: u16::from(plain).into(),
        text: plain.label(),
    });
    verbose.map(VerboseReason::reason).or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        for words in [MOBILE_IP, INTERNAL, CALL_MANAGER, GPP_MODEM, PPP, EHRPD, IPV6] {
            assert!(words.is_sorted_by(|(a, _), (b, _)| a < b));
        }
    }

    #[test]
    fn the_network_s_own_cause_is_told_as_such() {
        let verbose = VerboseReason { kind: VerboseType::Gpp, reason: 33 };
        let reason = reason(Some(CallEndReason::Unspecified), Some(&verbose)).unwrap();
        assert_eq!((reason.domain, reason.number), (Domain::Esm, 33));
    }

    #[test]
    fn a_reason_of_the_modem_keeps_its_words() {
        let verbose = VerboseReason { kind: VerboseType::Internal, reason: 239 };
        assert_eq!(verbose.text(), "APN not allowed while roaming");
        let unknown = VerboseReason { kind: VerboseType::Other(77), reason: -3 };
        assert_eq!((unknown.text(), unknown.reason().number), ("unknown", 0));
        assert_eq!(reason(Some(CallEndReason::NoService), None).unwrap().text, "no service");
    }
}
