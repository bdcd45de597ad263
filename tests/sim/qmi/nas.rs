//! What a simulated QMI modem answers as NAS about networks: registration, its causes and
//! preferences, a scan, names.

use uwand::mbim::messages::enums::{Packet, Register};
use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Frame;
use uwand::qmi::messages::nas::*;
use uwand::qmi::messages::nas_codes::{self as codes, *};
use uwand::qmi::messages::nas_info::{SignalInfoChanged, SystemInfoChanged};
use uwand::qmi::messages::nas_types::*;
use uwand::qmi::text::Name;
use uwand::qmi::tlv::{Indication, Request};

use super::state::{Answer, State, ask, done, error, ok};

/// The tracking area and cell of the one place where the simulated world is.
pub const TAC: u16 = 0x2a01;
pub const CELL: u32 = 0x01a2_d001;
/// EMM cause (3GPP TS 24.301, 9.9.3.9): what an attach with the wrong APN ends in.
const ESM_FAILURE: u32 = 19;

/// What the host prefers.
#[derive(Debug, Clone)]
pub struct Selection {
    pub modes: u16,
    pub roaming: RoamingPreference,
    /// MCC and MNC of the one network that may be used.
    pub manual: Option<String>,
    pub lte_bands: u64,
}

impl Default for Selection {
    fn default() -> Self {
        Selection {
            modes: modes::UMTS | modes::LTE,
            roaming: RoamingPreference::Any,
            manual: None,
            lte_bands: 0x0008_0045,
        }
    }
}

/// A network's number as QMI tells it.
pub fn numbers(id: &str) -> PlmnDigits {
    let (mcc, mnc) = id.split_at(3.min(id.len()));
    let number = |digits: &str| digits.parse().unwrap_or(0);
    PlmnDigits { mcc: number(mcc), mnc: number(mnc), three_digits: mnc.len() == 3 }
}

pub fn name(text: &str) -> Name {
    Name::new(text.as_bytes())
}

impl State {
    pub fn nas(&mut self, frame: &Frame) -> Option<Answer> {
        let answer = match frame.message {
            Reset::ID => {
                self.client(frame).wants = super::state::defaults(frame.service);
                done()
            }
            RegisterIndications::ID => self.register_indications(frame),
            SetEventReport::ID => {
                let wish = ask::<SetEventReport>(frame).reject_reason;
                self.wish::<EventReport>(frame, wish);
                done()
            }
            NetworkScan::ID => return self.scan(frame),
            InitiateRegister::ID => self.initiate_register(ask(frame)),
            Attach::ID => self.set_attach(ask(frame)),
            GetServingSystem::ID => ok(&self.serving_system()),
            GetHomeNetwork::ID => self.home_network(),
            GetSelectionPreference::ID => ok(&self.preference()),
            SetSelectionPreference::ID => self.prefer(ask(frame)),
            GetOperatorName::ID => self.operator_name(),
            GetPlmnName::ID => self.plmn_name(ask(frame)),
            ForceSearch::ID => done(),
            _ => return Some(self.nas_info(frame)),
        };
        Some(answer)
    }

    fn register_indications(&mut self, frame: &Frame) -> Answer {
        let request: RegisterIndications = ask(frame);
        self.wish::<ServingSystemChanged>(frame, request.serving_system);
        self.wish::<SystemInfoChanged>(frame, request.system_info);
        self.wish::<SignalInfoChanged>(frame, request.signal_info);
        self.wish::<NetworkRejected>(frame, request.reject.map(|wish| wish.enable));
        done()
    }

    /// What the network, the attach profile and the host's choice make of registration,
    /// for the next time that the modem tries.
    pub fn take_coverage(&mut self) {
        let attach = self.profiles.first().map(|profile| &profile.apn);
        let other = |manual: &String| *manual != self.core.network.provider_id;
        let (registration, nw_error) = if self.selection.manual.as_ref().is_some_and(other) {
            (Register::Searching, 0)
        } else if self.setup.attach_apn.is_some() && self.setup.attach_apn.as_ref() != attach {
            (Register::Denied, ESM_FAILURE)
        } else {
            self.registration
        };
        (self.core.network.registration, self.core.network.nw_error) = (registration, nw_error);
    }

    /// Looks for a network from the beginning.
    fn search(&mut self) {
        self.take_coverage();
        if self.core.registration != Register::Deregistered {
            self.core.registration = Register::Deregistered;
            self.core.settle();
        }
    }

    fn initiate_register(&mut self, request: InitiateRegister) -> Answer {
        match (request.action, request.network) {
            (Some(RegisterAction::Automatic), _) => self.selection.manual = None,
            (Some(RegisterAction::Manual), Some(network)) => {
                let provider = numbers(&self.core.network.provider_id);
                if (network.mcc, network.mnc) != (provider.mcc, provider.mnc) {
                    return error(QmiError::NoNetworkFound);
                }
                self.selection.manual = Some(self.core.network.provider_id.clone());
            }
            _ => return error(QmiError::MissingArgument),
        }
        if !self.core.radio_is_on() {
            return error(QmiError::DeviceNotReady);
        }
        if !self.core.is_registered() {
            self.search();
        }
        done()
    }

    fn set_attach(&mut self, request: Attach) -> Answer {
        match request.action {
            Some(AttachAction::Detach) => {
                (self.core.packet, self.core.stay_detached) = (Packet::Detached, true);
                self.core.settle();
                done()
            }
            Some(AttachAction::Attach) if self.core.is_registered() => {
                self.core.stay_detached = false;
                if self.core.packet == Packet::Detached {
                    self.core.attach();
                }
                done()
            }
            Some(_) => error(QmiError::NetworkNotReady),
            None => error(QmiError::MissingArgument),
        }
    }

    fn scan(&mut self, frame: &Frame) -> Option<Answer> {
        if !self.core.radio_is_on() {
            return Some(error(QmiError::DeviceNotReady));
        }
        let (delay, frame) = (self.core.network.scan_takes, frame.clone());
        self.later(delay, move |state| {
            let answer = ok(&state.found());
            state.out.push(frame.response(answer));
        });
        None
    }

    fn found(&self) -> Networks {
        let provider = numbers(&self.core.network.provider_id);
        let serving = if self.core.is_registered() { status::SERVING } else { status::AVAILABLE };
        let own = Found {
            mcc: provider.mcc,
            mnc: provider.mnc,
            status: serving | status::HOME | status::NOT_FORBIDDEN,
            description: name(&self.core.network.provider_name),
        };
        let status = status::AVAILABLE | status::FORBIDDEN;
        let other = Found { mcc: 999, mnc: 99, status, description: name("Other Net") };
        let radio = |of: &Found| FoundRadio { mcc: of.mcc, mnc: of.mnc, radio: Radio::Lte };
        let digits = |of: &Found| PlmnDigits { mcc: of.mcc, mnc: of.mnc, three_digits: false };
        let networks = vec![own, other];
        Networks {
            radios: Some(networks.iter().map(radio).collect()),
            digits: Some(networks.iter().map(digits).collect()),
            networks: Some(networks),
            result: None,
        }
    }

    fn serving(&self) -> Serving {
        let registration = match self.core.registration {
            Register::Home | Register::Roaming | Register::Partner => RegistrationState::Registered,
            Register::Searching => RegistrationState::Searching,
            Register::Denied => RegistrationState::Denied,
            _ => RegistrationState::NotRegistered,
        };
        let attach = |on| if on { AttachState::Attached } else { AttachState::Detached };
        let registered = self.core.is_registered();
        Serving {
            registration,
            cs: attach(registered),
            ps: attach(self.core.packet == Packet::Attached),
            network: if registered { NetworkKind::Gsm } else { NetworkKind::Unknown },
            radios: vec![if registered { Radio::Lte } else { Radio::None }],
        }
    }

    fn is_home(&self) -> bool {
        self.core.registration == Register::Home
    }

    fn serving_system(&self) -> ServingSystem {
        let now = self.serving_changed();
        ServingSystem {
            serving: now.serving,
            roaming: now.roaming,
            capabilities: now.capabilities,
            plmn: now.plmn,
            lac: now.lac,
            cell: now.cell,
            detailed: now.detailed,
            tac: now.tac,
            digits: now.digits,
            ..ServingSystem::default()
        }
    }

    pub fn serving_changed(&self) -> ServingSystemChanged {
        let registered = self.core.is_registered();
        let roaming = if self.is_home() { RoamingIndicator::Home } else { RoamingIndicator::Roaming };
        let network = &self.core.network;
        let digits = numbers(&network.provider_id);
        let plmn = Plmn { mcc: digits.mcc, mnc: digits.mnc, description: name(&network.provider_name) };
        let detailed = DetailedStatus {
            status: self.service_status(),
            capability: self.domain(),
            hdr: ServiceStatus::None,
            hybrid: false,
            forbidden: false,
        };
        ServingSystemChanged {
            serving: Some(self.serving()),
            roaming: registered.then_some(roaming),
            capabilities: registered.then(|| vec![codes::DataCapability::Lte]),
            plmn: registered.then_some(plmn),
            detailed: Some(detailed),
            tac: registered.then_some(Some(TAC)),
            lac: registered.then_some(Some(0xfffe)),
            cell: registered.then_some(Some(CELL)),
            digits: registered.then_some(digits),
            ..ServingSystemChanged::default()
        }
    }

    pub fn service_status(&self) -> ServiceStatus {
        match self.core.registration {
            Register::Home | Register::Roaming | Register::Partner => ServiceStatus::Available,
            Register::Denied => ServiceStatus::Limited,
            _ => ServiceStatus::None,
        }
    }

    pub fn domain(&self) -> ServiceDomain {
        match (self.core.is_registered(), self.core.packet) {
            (true, Packet::Attached) => ServiceDomain::CsPs,
            (true, _) => ServiceDomain::Cs,
            (false, _) => ServiceDomain::None,
        }
    }

    fn home_network(&self) -> Answer {
        if !self.core.sim_is_ready() {
            return error(QmiError::NotProvisioned);
        }
        let digits = numbers(&self.core.network.home_id);
        let description = name(&self.core.network.home_name);
        ok(&HomeNetwork {
            network: Some(Plmn { mcc: digits.mcc, mnc: digits.mnc, description }),
            digits: Some(HomeDigits { gsm: true, three_digits: digits.three_digits }),
            ..HomeNetwork::default()
        })
    }

    fn preference(&self) -> SelectionPreference {
        let manual = self.selection.manual.as_deref().map(numbers);
        SelectionPreference {
            emergency: Some(false),
            modes: Some(self.selection.modes),
            roaming: Some(self.selection.roaming),
            lte_bands: Some(self.selection.lte_bands),
            selection: Some(if manual.is_some() {
                codes::Selection::Manual
            } else {
                codes::Selection::Automatic
            }),
            domain: Some(DomainPreference::CsPs),
            network: manual,
            ..SelectionPreference::default()
        }
    }

    fn prefer(&mut self, request: SetSelectionPreference) -> Answer {
        let selection = &mut self.selection;
        selection.modes = request.modes.unwrap_or(selection.modes);
        selection.roaming = request.roaming.unwrap_or(selection.roaming);
        selection.lte_bands = request.lte_bands.unwrap_or(selection.lte_bands);
        if let Some(network) = request.network {
            let three = request.three_digits.unwrap_or(network.mnc > 99);
            let (mcc, mnc) = (network.mcc, network.mnc);
            let id = if three { format!("{mcc:03}{mnc:03}") } else { format!("{mcc:03}{mnc:02}") };
            selection.manual = (network.mode == codes::Selection::Manual).then_some(id);
            self.search();
        }
        done()
    }

    fn operator_name(&self) -> Answer {
        if !self.core.is_registered() {
            return error(QmiError::InformationUnavailable);
        }
        let provider = ProviderName { display: 0, name: name(&self.core.network.home_name) };
        ok(&OperatorName { provider: Some(provider), ..OperatorName::default() })
    }

    fn plmn_name(&self, request: GetPlmnName) -> Answer {
        let Some(plmn) = request.plmn else { return error(QmiError::MissingArgument) };
        let own = numbers(&self.core.network.provider_id);
        if (plmn.mcc, plmn.mnc) != (own.mcc, own.mnc) {
            return error(QmiError::NoNetworkFound);
        }
        let text = name(&self.core.network.provider_name);
        let found = EonsName {
            short_encoding: DescriptionEncoding::Ascii7,
            short: text.clone(),
            long_encoding: DescriptionEncoding::Ascii7,
            long: text,
            ..EonsName::default()
        };
        ok(&PlmnNameReply { name: Some(found), source: None })
    }
}
