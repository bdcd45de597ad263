//! NAS, network access: registration, its preferences, a search, the operator's name.

use super::nas_codes::*;
use super::nas_types::*;
use crate::messages;
use crate::qmi::text::Name;
use crate::qmi::value::{List8, List16, Rest, Unset};

messages! { Nas;
    0x0000 Reset {};
    0x0001 Abort { 0x01 transaction: u16 };
    0x0002 SetEventReport { 0x12 reject_reason: bool };
    0x0003 RegisterIndications {
        0x10 selection_preference: bool,
        0x13 serving_system: bool,
        0x15 subscription: bool,
        0x17 network_time: bool,
        0x18 system_info: bool,
        0x19 signal_info: bool,
        0x1a error_rate: bool,
        0x1d managed_roaming: bool,
        0x1e plmn_name: bool,
        0x20 rf_band: bool,
        0x21 reject: RejectWish,
    };
    0x0021 NetworkScan { 0x10 radios: u8 } -> Networks {
        0x10 networks: List16<Found>,
        0x11 radios: List16<FoundRadio>,
        0x12 digits: List16<PlmnDigits>,
        0x13 result: u32,
    };
    0x0022 InitiateRegister {
        0x01 action: RegisterAction,
        0x10 network: ManualNetwork,
        0x11 duration: Duration,
        0x12 three_digits: bool,
    };
    0x0023 Attach { 0x10 action: AttachAction };
    0x0024 GetServingSystem {} -> ServingSystem {
        0x01 serving: Serving,
        0x10 roaming: RoamingIndicator,
        0x11 capabilities: List8<DataCapability>,
        0x12 plmn: Plmn,
        0x15 roamings: List8<RadioRoaming>,
        0x1a zone: i8,
        0x1b daylight: u8,
        0x1c lac: Unset<u16>,
        0x1d cell: Unset<u32>,
        0x21 detailed: DetailedStatus,
        0x24 tac: Unset<u16>,
        0x25 barring: CallBarring,
        0x26 psc: u16,
        0x27 digits: PlmnDigits,
        0x29 name_source: NameSource,
    };
    0x0025 GetHomeNetwork {} -> HomeNetwork {
        0x01 network: Plmn,
        0x11 name: HomeName,
        0x12 digits: HomeDigits,
        0x13 source: NameSource,
    };
    0x0033 SetSelectionPreference {
        0x10 emergency: bool,
        0x11 modes: u16,
        0x12 bands: u64,
        0x14 roaming: RoamingPreference,
        0x15 lte_bands: u64,
        0x16 network: SelectNetwork,
        0x17 duration: Duration,
        0x18 domain: DomainPreference,
        0x19 gsm_wcdma_order: AcquisitionOrder,
        0x1a three_digits: bool,
        0x1e order: List8<Radio>,
        0x1f restriction: u32,
        0x21 usage: Usage,
        0x23 voice: VoiceDomain,
        0x24 extended_lte_bands: [u64; 4],
        0x2f nr5g_sa_bands: [u64; 8],
        0x30 nr5g_nsa_bands: [u64; 8],
    };
    0x0034 GetSelectionPreference {} -> SelectionPreference {
        0x10 emergency: bool,
        0x11 modes: u16,
        0x12 bands: u64,
        0x14 roaming: RoamingPreference,
        0x15 lte_bands: u64,
        0x16 selection: Selection,
        0x18 domain: DomainPreference,
        0x19 gsm_wcdma_order: AcquisitionOrder,
        0x1b network: PlmnDigits,
        0x1c order: List8<Radio>,
        0x1d restriction: u32,
        0x1f usage: Usage,
        0x20 voice: VoiceDomain,
        0x22 disabled_modes: u16,
        0x23 extended_lte_bands: [u64; 4],
        0x2c nr5g_sa_bands: [u64; 8],
        0x2d nr5g_nsa_bands: [u64; 8],
    };
    0x0039 GetOperatorName {} -> OperatorName {
        0x10 provider: ProviderName,
        0x11 areas: List16<PlmnArea>,
        0x12 names: List8<PlmnName>,
        0x13 operator: Rest<Name>,
        0x14 nitz: PlmnName,
    };
    0x0044 GetPlmnName {
        0x01 plmn: PlmnNumbers,
        0x10 suppress_sim_error: bool,
        0x11 three_digits: bool,
        0x12 always: bool,
        0x13 table_only: bool,
    } -> PlmnNameReply { 0x10 name: EonsName, 0x15 source: NameSource };
    0x0067 ForceSearch {};
    0x007d GetNetworkTime {} -> NetworkTimes { 0x10 cdma: NetworkTime, 0x11 gsm: NetworkTime };

    indications
    0x0002 EventReport { 0x12 reject: RejectReport };
    0x0024 ServingSystemChanged {
        0x01 serving: Serving,
        0x10 roaming: RoamingIndicator,
        0x11 capabilities: List8<DataCapability>,
        0x12 plmn: Plmn,
        0x15 roamings: List8<RadioRoaming>,
        0x1a zone: i8,
        0x1b daylight: u8,
        0x1c time: LocalTime,
        0x1d lac: Unset<u16>,
        0x1e cell: Unset<u32>,
        0x22 detailed: DetailedStatus,
        0x25 tac: Unset<u16>,
        0x26 barring: CallBarring,
        0x28 psc: u16,
        0x29 digits: PlmnDigits,
        0x2b name_source: NameSource,
    };
    0x003a OperatorNameChanged {
        0x10 provider: ProviderName,
        0x11 areas: List16<PlmnArea>,
        0x12 names: List8<PlmnName>,
        0x13 operator: Rest<Name>,
        0x14 nitz: PlmnName,
    };
    0x004c NetworkTimeChanged { 0x01 time: UniversalTime, 0x10 zone: i8, 0x11 daylight: u8, 0x12 radio: Radio };
    /// A registration or service request that the network refused, as it happens.
    0x0068 NetworkRejected {
        0x01 radio: Radio,
        0x02 domain: ServiceDomain,
        0x03 cause: u8,
        0x10 plmn: PlmnDigits,
    };
}
