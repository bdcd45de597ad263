//! The procedure of one connect, in the order of the message chart (MBIM 1.0, 10.3 and
//! annex): unlock, radio, register, attach, activate, read the settings.
//!
//! Contract: subscriber and register state are asked before each connect, because EM7455
//! and others refuse it otherwise. No sleep anywhere: every wait is for an indication.

use std::rc::Rc;
use std::time::Duration;

use super::known::Known;
use super::refusal::{attach_refused, connect_error, connect_refused, denied, families_after, reason};
use super::{Modem, after};
use crate::cause::{Cause, Reason, Why};
use crate::dial::Dial;
use crate::few::Listed;
use crate::mbim::client::Error;
use crate::mbim::messages::Message;
use crate::mbim::messages::basic::{RadioState, SetRadioState, SubscriberReady};
use crate::mbim::messages::connect::{
    ConnectState, IpConfiguration, QueryConnect, QueryIpConfiguration, SetConnect,
};
use crate::mbim::messages::enums::*;
use crate::mbim::messages::network::{PacketService, RegisterState, SetPacketService, SetRegisterState};
use crate::mbim::service::ContextType;
use crate::mbim::status::Status;
use crate::words::{Addressing, Auth, Bearer, Family, Mode, PdpType, Registration};

/// Time for a radio that was switched on to say so.
const RADIO: Duration = Duration::from_secs(10);
/// Time for a search; then the link tells `NOT_REGISTERED` and waits on.
const SEARCH: Duration = Duration::from_secs(30);
/// Time for an attach or activation that the modem answered with "in progress".
const PROGRESS: Duration = Duration::from_secs(60);

impl Modem {
    pub async fn connect(&self, dial: &Dial) -> Result<Rc<Bearer>, Why> {
        self.refresh::<SubscriberReady>().await?;
        self.switch_radio_on(false).await?;
        self.unlock(dial.pincode.as_ref()).await?;
        self.switch_radio_on(true).await?;
        self.select_network(dial).await?;
        self.register(dial.allow_roaming).await?;
        self.attach().await?;
        let granted = self.activate(dial).await?;
        let bearer = Bearer { netdev: dial.netdev.clone(), session: dial.session, ..Bearer::default() };
        self.read_settings(bearer, dial.pdptype, granted).await
    }

    /// Takes over the session that an earlier process activated; `None` where there is none.
    /// One that was dialled otherwise than `dial` wants is ended.
    pub async fn adopt(&self, dial: &Dial, same: bool) -> Result<Option<Rc<Bearer>>, Why> {
        let session = dial.session;
        let state = match self.ask(&QueryConnect { session, ..QueryConnect::default() }).await {
            Ok(state) => state,
            Err(Error::Refused(..)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if state.activation != Activation::Activated {
            return Ok(None);
        }
        self.board.mark(|known| known.sessions.insert(session, Activation::Activated));
        if !same {
            self.disconnect(session).await?;
            return Ok(None);
        }
        self.refresh::<SubscriberReady>().await?;
        self.refresh::<RadioState>().await?;
        self.refresh::<RegisterState>().await?;
        self.refresh::<PacketService>().await?;
        let granted = if state.ip_type == IpType::Default { ip_type(dial.pdptype) } else { state.ip_type };
        let bearer = Bearer { netdev: dial.netdev.clone(), session, ..Bearer::default() };
        self.read_settings(bearer, dial.pdptype, granted).await.map(Some)
    }

    pub async fn disconnect(&self, session: u32) -> Result<(), Why> {
        // Removed first: the modem's own word on it is then no loss.
        if self.board.mark(|known| known.sessions.remove(&session)).is_none() {
            return Ok(());
        }
        match self.client.execute(&deactivation(session)).await {
            Ok(()) | Err(Error::Refused(..)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn settings(&self, bearer: &Bearer) -> Result<Rc<Bearer>, Why> {
        let asked = match (bearer.ipv4.is_absent(), bearer.ipv6.is_absent()) {
            (false, true) => PdpType::Ipv4,
            (true, false) => PdpType::Ipv6,
            _ => PdpType::Ipv4v6,
        };
        let granted = ip_type(asked);
        let same = Bearer { netdev: bearer.netdev.clone(), session: bearer.session, ..Bearer::default() };
        let mut read = self.read_settings(same, asked, granted).await?;
        Rc::make_mut(&mut read).note.clone_from(&bearer.note);
        Ok(read)
    }

    /// Both switches must be on. `demanded`: the software's refusal is an error, not yet before
    /// the PIN is entered; several modems initialise the SIM only with the radio on.
    async fn switch_radio_on(&self, demanded: bool) -> Result<(), Why> {
        let known = |known: &Known| (known.facts.radio_hardware, known.facts.radio_software);
        if !demanded {
            self.refresh::<RadioState>().await?;
        }
        let (hardware, software) = known(&self.board.read());
        if software != Some(true) {
            match self.set(&SetRadioState { software: RadioSwitch::On }).await {
                Ok(_) => {}
                Err(Error::Refused(..)) if !demanded => return Ok(()),
                Err(Error::Refused(Status::Failure | Status::OperationNotAllowed, _))
                    if hardware == Some(true) =>
                {
                    return Err(Cause::FccLocked.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        if !demanded || hardware == Some(true) && software == Some(true) {
            return Ok(());
        }
        if known(&self.board.read()).0 == Some(false) {
            return Err(Cause::RadioOff.into());
        }
        let on = |k: &Known| (known(k) == (Some(true), Some(true))).then_some(());
        if self.board.until(after(RADIO), on).await.is_some() {
            return Ok(());
        }
        // Without a switch that says so it is the lock of a laptop maker that keeps it off.
        let locked = known(&self.board.read()).0 == Some(true);
        Err(if locked { Cause::FccLocked.into() } else { Cause::RadioOff.into() })
    }

    /// Options `plmn` and `modes`; not sent again while the modem keeps them.
    async fn select_network(&self, dial: &Dial) -> Result<(), Why> {
        let wanted = (dial.plmn.clone(), dial.modes.clone());
        if *self.selected.borrow() == wanted {
            return Ok(());
        }
        let request = SetRegisterState {
            provider_id: dial.plmn.clone().unwrap_or_default(),
            action: if dial.plmn.is_some() { RegisterAction::Manual } else { RegisterAction::Automatic },
            data_class: data_class(&dial.modes),
        };
        match self.set(&request).await {
            Ok(_) => {
                *self.selected.borrow_mut() = wanted;
                Ok(())
            }
            Err(Error::Refused(status, body)) => {
                let told = RegisterState::parse(&body.0).ok().as_ref().and_then(denied);
                Err(Cause::NotRegistered(Some(told.unwrap_or_else(|| reason(status)))).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn register(&self, allow_roaming: bool) -> Result<(), Why> {
        self.refresh::<RegisterState>().await?;
        let outcome = |known: &Known| registered(known, allow_roaming);
        match self.board.until(after(SEARCH), outcome).await {
            Some(result) => result,
            None => Err(Cause::NotRegistered(self.board.read().register.as_ref().and_then(denied)).into()),
        }
    }

    async fn attach(&self) -> Result<(), Why> {
        if self.query::<PacketService>().await?.state == Packet::Attached {
            return Ok(());
        }
        match self.set(&SetPacketService { action: PacketAction::Attach }).await {
            Ok(_) => {}
            Err(Error::Refused(status, body)) => return Err(attach_refused(status, &body.0).into()),
            Err(error) => return Err(error.into()),
        }
        let outcome = |known: &Known| {
            let packet = known.packet.as_ref()?;
            match packet.state {
                Packet::Attached => Some(Ok(())),
                Packet::Detached => {
                    let cause = Some(packet.nw_error).filter(|number| *number != 0);
                    Some(Err(Cause::AttachFailed(cause.map(Reason::emm)).into()))
                }
                Packet::Unknown | Packet::Attaching | Packet::Detaching | Packet::Other(_) => None,
            }
        };
        self.board.until(after(PROGRESS), outcome).await.unwrap_or(Err(Cause::AttachFailed(None).into()))
    }

    /// Activates the session; where both families are refused together, one after the other.
    async fn activate(&self, dial: &Dial) -> Result<IpType, Why> {
        let asked = ip_type(dial.pdptype);
        let (status, nw_error) = match self.activate_as(dial, asked).await? {
            Ok(granted) => return Ok(granted),
            Err(refusal) => refusal,
        };
        let others = if asked == IpType::V4V6 { families_after(status, nw_error) } else { &[] };
        let mut refusal = (status, nw_error);
        for one in others {
            match self.activate_as(dial, *one).await? {
                Ok(_) => return Ok(*one),
                Err(again) => refusal = if again.1 == 0 { refusal } else { again },
            }
        }
        Err(connect_refused(refusal.0, refusal.1).into())
    }

    /// One activation: what was granted, or status and network error of the refusal.
    async fn activate_as(&self, dial: &Dial, asked: IpType) -> Result<Result<IpType, (Status, u32)>, Why> {
        let session = dial.session;
        let mut retried = false;
        loop {
            self.board.mark(|known| known.sessions.insert(session, Activation::Activating));
            match self.set(&activation(dial, asked)).await {
                Ok(body) => {
                    let state = match ConnectState::parse(&body) {
                        Ok(state) => state,
                        // Several modems answer with nothing.
                        Err(_) => self.ask(&QueryConnect { session, ..QueryConnect::default() }).await?,
                    };
                    return self.activated(session, asked, &state).await;
                }
                // A session of before, which this modem kept.
                Err(Error::Refused(Status::MaxActivatedContexts, _)) if !retried => {
                    retried = true;
                    match self.client.execute(&deactivation(session)).await {
                        Ok(()) | Err(Error::Refused(..)) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(Error::Refused(status, body)) => return Ok(Err((status, connect_error(&body.0)))),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits where the modem answered that it is still at it.
    async fn activated(
        &self,
        session: u32,
        asked: IpType,
        answer: &ConnectState,
    ) -> Result<Result<IpType, (Status, u32)>, Why> {
        let settled = |known: &Known| match known.sessions.get(&session) {
            Some(Activation::Activated) => Some(true),
            Some(Activation::Activating | Activation::Unknown | Activation::Other(_)) => None,
            Some(Activation::Deactivated | Activation::Deactivating) | None => Some(false),
        };
        match self.board.until(after(PROGRESS), settled).await {
            Some(true) if answer.ip_type == IpType::Default => Ok(Ok(asked)),
            Some(true) => Ok(Ok(answer.ip_type)),
            Some(false) => Ok(Err((Status::Failure, answer.nw_error))),
            None => Err(Cause::ConnectFailed(None).into()),
        }
    }

    async fn read_settings(
        &self,
        bearer: Bearer,
        asked: PdpType,
        granted: IpType,
    ) -> Result<Rc<Bearer>, Why> {
        let request = QueryIpConfiguration { session: bearer.session, ..QueryIpConfiguration::default() };
        let answer = match self.client.command(&request).await {
            Ok(answer) => answer,
            // A modem without this message leaves the addresses to DHCP.
            Err(Error::Refused(status, _)) => {
                log::debug!("no IP configuration: {}", status.label());
                IpConfiguration::default()
            }
            Err(error) => return Err(error.into()),
        };
        let technology = self.board.read().facts.technology;
        let bearer = with_settings(Bearer { technology, ..bearer }, &answer, granted);
        if bearer.ipv4.is_absent() && bearer.ipv6.is_absent() {
            return Err(Cause::NoAddress.into());
        }
        let note = not_granted(asked, &bearer);
        Ok(Bearer { note, ..bearer }.into())
    }
}

/// What a register state means for a link: `None` while the modem searches.
fn registered(known: &Known, allow_roaming: bool) -> Option<Result<(), Why>> {
    let register = known.register.as_ref()?;
    match known.facts.registration? {
        Registration::Home => Some(Ok(())),
        Registration::Roaming | Registration::Partner if allow_roaming => Some(Ok(())),
        Registration::Roaming | Registration::Partner => {
            let name = known.facts.operator.clone().or_else(|| known.facts.mcc_mnc.clone());
            let network = name.unwrap_or_else(|| "a foreign network".to_string());
            Some(Err(Cause::RoamingNotAllowed { network }.into()))
        }
        Registration::Denied => Some(Err(Cause::RegistrationDenied(denied(register)).into())),
        Registration::Unknown | Registration::NotRegistered | Registration::Searching => None,
    }
}

fn activation(dial: &Dial, asked: IpType) -> SetConnect {
    SetConnect {
        session: dial.session,
        command: ActivationCommand::Activate,
        apn: dial.apn.clone(),
        user_name: crate::words::Id::new(dial.username.clone()),
        password: dial.password.clone(),
        compression: Compression::None,
        auth: match dial.auth {
            Auth::None => AuthProtocol::None,
            Auth::Pap => AuthProtocol::Pap,
            Auth::Chap | Auth::Both => AuthProtocol::Chap,
        },
        ip_type: asked,
        context_type: ContextType::Internet,
    }
}

fn deactivation(session: u32) -> SetConnect {
    SetConnect {
        session,
        command: ActivationCommand::Deactivate,
        context_type: ContextType::Internet,
        ..SetConnect::default()
    }
}

fn ip_type(pdptype: PdpType) -> IpType {
    match pdptype {
        PdpType::Ipv4 => IpType::V4,
        PdpType::Ipv6 => IpType::V6,
        PdpType::Ipv4v6 => IpType::V4V6,
    }
}

fn data_class(modes: &[Mode]) -> DataClass {
    let class = |mode: &Mode| match mode {
        Mode::Gsm => DataClass::GPRS | DataClass::EDGE,
        Mode::Umts => DataClass::UMTS | DataClass::HSDPA | DataClass::HSUPA,
        Mode::Lte => DataClass::LTE,
        Mode::Fiveg => DataClass::FIVEG_NSA | DataClass::FIVEG_SA,
    };
    // Zero leaves the choice to the modem.
    modes.iter().map(class).fold(DataClass::default(), |all, one| all | one)
}

/// The families of a bearer: what the configuration tells counts for more than the type
/// that the modem says it granted (Huawei K5160 answers with another than asked).
fn with_settings(bearer: Bearer, told: &IpConfiguration, granted: IpType) -> Bearer {
    let v4 = Family {
        addresses: told.v4_addresses.iter().map(|a| (a.address, prefix(a.prefix, 32))).listed(),
        gateway: told.v4_gateway.filter(|gateway| !gateway.is_unspecified()),
        dns: told.v4_dns.iter().copied().filter(|server| !server.is_unspecified()).listed(),
        mtu: mtu(told.v4_mtu),
    };
    let v6 = Family {
        addresses: told.v6_addresses.iter().map(|a| (a.address, prefix(a.prefix, 128))).listed(),
        gateway: told.v6_gateway.filter(|gateway| !gateway.is_unspecified()),
        dns: told.v6_dns.iter().copied().filter(|server| !server.is_unspecified()).listed(),
        mtu: mtu(told.v6_mtu),
    };
    let silent = v4.addresses.is_empty() && v6.addresses.is_empty();
    let grants = |types: &[IpType]| silent && types.contains(&granted);
    let dynamic_v4 = grants(&[IpType::V4, IpType::V4V6, IpType::V4AndV6, IpType::Default]);
    let dynamic_v6 = grants(&[IpType::V6, IpType::V4V6, IpType::V4AndV6]);
    Bearer { ipv4: addressing(v4, dynamic_v4), ipv6: addressing(v6, dynamic_v6), ..bearer }
}

fn addressing<A>(family: Family<A>, dynamic: bool) -> Addressing<A> {
    match (family.addresses.is_empty(), dynamic) {
        (false, _) => Addressing::Static(family),
        (true, true) => Addressing::Dynamic,
        (true, false) => Addressing::Absent,
    }
}

fn prefix(told: u32, most: u8) -> u8 {
    u8::try_from(told).ok().filter(|prefix| (1..=most).contains(prefix)).unwrap_or(most)
}

fn mtu(told: u32) -> Option<u32> {
    Some(told).filter(|mtu| (576..=65535).contains(mtu))
}

/// In words, what was asked for and not granted.
fn not_granted(asked: PdpType, bearer: &Bearer) -> Option<String> {
    let (v4, v6) = (bearer.ipv4.is_absent(), bearer.ipv6.is_absent());
    match asked {
        PdpType::Ipv4v6 if v4 => Some("the network granted IPv6 only".to_string()),
        PdpType::Ipv4v6 if v6 => Some("the network granted IPv4 only".to_string()),
        PdpType::Ipv4 if v4 => Some("IPv4 was asked for and IPv6 granted".to_string()),
        PdpType::Ipv6 if v6 => Some("IPv6 was asked for and IPv4 granted".to_string()),
        PdpType::Ipv4 | PdpType::Ipv6 | PdpType::Ipv4v6 => None,
    }
}
