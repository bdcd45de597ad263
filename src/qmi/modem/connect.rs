//! The procedure of one connect, in its order: online, SIM, attach profile, register, start
//! the network for each family, read the settings.
//!
//! Contract: no sleep; every wait is for an indication. What the modem was left with by an
//! earlier try (a family that was started before the other was refused) is stopped first.

use std::rc::Rc;
use std::time::Duration;

use super::known::Known;
use super::{Modem, after};
use crate::cause::{Cause, Domain, Reason, Why};
use crate::dial::Dial;
use crate::qmi::client::{Error, Lease};
use crate::qmi::error::QmiError;
use crate::qmi::frame::Service;
use crate::qmi::messages::dms::{OperatingMode, SetOperatingMode};
use crate::qmi::messages::nas::{Attach, SetSelectionPreference};
use crate::qmi::messages::nas_codes::{self, AttachAction, Duration as Keep, Selection};
use crate::qmi::messages::nas_types::SelectNetwork;
use crate::qmi::messages::wds::{Authentication, IpFamily, PdpType as ProfilePdpType};
use crate::qmi::messages::wds_profile::{GetProfile, ModifyProfile, ProfileId, ProfileType};
use crate::words::{Auth, Bearer, Mode, PdpType, Registration};

/// Time for a search; then the link tells `NOT_REGISTERED` and waits on.
const SEARCH: Duration = Duration::from_secs(30);
const ATTACH: Duration = Duration::from_secs(30);
/// What LTE attaches with, unless option `profile` says otherwise.
const ATTACH_PROFILE: u8 = 1;

/// A refused start.
pub struct Refusal {
    pub error: QmiError,
    pub reason: Option<Reason>,
}

impl Refusal {
    fn cause(self) -> Cause {
        match self.error {
            QmiError::CallFailed | QmiError::None => Cause::ConnectFailed(self.reason),
            error => match refused(error) {
                Cause::ConnectFailed(plain) => Cause::ConnectFailed(self.reason.or(plain)),
                other => other,
            },
        }
    }
}

impl Modem {
    pub async fn connect(&self, dial: &Dial) -> Result<Rc<Bearer>, Why> {
        self.go_online().await?;
        self.unlock(dial.pincode.as_ref()).await?;
        self.disconnect(dial.session).await?;
        let lease = Rc::new(self.client.lease(Service::Wds).await?);
        self.write_profile(dial, &lease).await?;
        self.select_network(dial).await?;
        self.register(dial.allow_roaming).await?;
        self.attach().await?;
        let note = self.start_families(dial, lease).await?;
        let bearer = Bearer { netdev: dial.netdev.clone(), session: dial.session, note, ..Bearer::default() };
        self.settings(&bearer).await
    }

    /// What an adopted session's status needs and no procedure asked.
    pub(super) async fn catch_up(&self) -> Result<(), Why> {
        self.go_online().await?;
        self.ask_serving().await
    }

    /// LTE attaches with a profile of the modem's; one that differs makes the network refuse
    /// later what it would have granted then. Written only when it differs: it is flash.
    async fn write_profile(&self, dial: &Dial, lease: &Lease) -> Result<(), Why> {
        // A second session beside the first: what LTE attaches with is the first one's.
        if dial.apn.is_empty() || (dial.session > 1 && dial.profile.is_none()) {
            return Ok(());
        }
        let index = dial.profile.and_then(|profile| u8::try_from(profile).ok()).unwrap_or(ATTACH_PROFILE);
        let profile = ProfileId { kind: ProfileType::Gsm, index };
        let wanted = ModifyProfile {
            profile: Some(profile.clone()),
            pdp_type: Some(profile_type(dial.pdptype)),
            apn: Some(dial.apn.clone()),
            authentication: Some(authentication(dial.auth)),
            username: Some(dial.username.clone()),
            password: Some(dial.password.clone()),
            ..ModifyProfile::default()
        };
        let is = match lease.call(&GetProfile { profile: Some(profile) }).await {
            Ok(is) => is,
            Err(Error::Refused(error)) => {
                log::debug!("no profile {index}: {error}");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let same = is.apn == wanted.apn
            && is.pdp_type == wanted.pdp_type
            && is.authentication.unwrap_or(Authentication::None) == authentication(dial.auth)
            && is.username.unwrap_or_default() == dial.username;
        if same {
            return Ok(());
        }
        match lease.tell(&wanted).await? {
            // Attaching anew would end what others have; then it counts from the next time on.
            Ok(()) if index != ATTACH_PROFILE || self.has_other_sessions(dial.session) => Ok(()),
            Ok(()) => self.attach_anew().await,
            Err(error) => {
                log::debug!("profile {index} not written: {error}");
                Ok(())
            }
        }
    }

    fn has_other_sessions(&self, session: u32) -> bool {
        self.sessions.borrow().keys().any(|other| *other != session)
    }

    /// A new attach profile counts from the next attach on.
    async fn attach_anew(&self) -> Result<(), Why> {
        let request = SetOperatingMode { mode: Some(OperatingMode::LowPower) };
        match self.dms.tell(&request).await? {
            Ok(()) => self.go_online().await,
            Err(_) => Ok(()),
        }
    }

    async fn select_network(&self, dial: &Dial) -> Result<(), Why> {
        let wanted = (dial.plmn.clone(), dial.modes.clone());
        if *self.selected.borrow() == wanted {
            return Ok(());
        }
        let network = dial.plmn.as_deref().and_then(plmn);
        let request = SetSelectionPreference {
            modes: (!dial.modes.is_empty()).then(|| modes(&dial.modes)),
            network: Some(match network {
                Some((mcc, mnc, _)) => SelectNetwork { mode: Selection::Manual, mcc, mnc },
                None => SelectNetwork { mode: Selection::Automatic, mcc: 0, mnc: 0 },
            }),
            three_digits: network.map(|(_, _, three)| three),
            duration: Some(Keep::PowerCycle),
            ..SetSelectionPreference::default()
        };
        match self.nas.tell(&request).await? {
            Ok(()) | Err(QmiError::NoEffect) => {
                *self.selected.borrow_mut() = wanted;
                Ok(())
            }
            Err(error) => Err(Cause::NotRegistered(Some(reason(error))).into()),
        }
    }

    async fn register(&self, allow_roaming: bool) -> Result<(), Why> {
        self.ask_serving().await?;
        let outcome = |known: &Known| registered(known, allow_roaming);
        match self.board.until(after(SEARCH), outcome).await {
            Some(Err(cause)) if matches!(*cause, Cause::RegistrationDenied(_)) => {
                self.ask_reject().await?;
                Err(Cause::RegistrationDenied(self.board.read().reject.clone()).into())
            }
            Some(result) => result,
            None => {
                self.ask_reject().await?;
                Err(Cause::NotRegistered(self.board.read().reject.clone()).into())
            }
        }
    }

    /// Most modems attach by themselves; one that was told to detach is told to attach.
    async fn attach(&self) -> Result<(), Why> {
        if self.board.read().facts.attached != Some(false) {
            return Ok(());
        }
        match self.nas.tell(&Attach { action: Some(AttachAction::Attach) }).await? {
            Ok(()) | Err(QmiError::NoEffect) => {}
            Err(error) => return Err(Cause::AttachFailed(Some(reason(error))).into()),
        }
        let attached = |known: &Known| (known.facts.attached != Some(false)).then_some(());
        self.board.until(after(ATTACH), attached).await.ok_or(Cause::AttachFailed(None).into())
    }

    /// Each family is a call of its own; one of two is a connection, with a note.
    async fn start_families(&self, dial: &Dial, lease: Rc<Lease>) -> Result<Option<String>, Why> {
        let mut refusal = None;
        let mut spare = Some(lease);
        for (family, wanted) in
            [(IpFamily::Ipv4, dial.pdptype.wants_v4()), (IpFamily::Ipv6, dial.pdptype.wants_v6())]
        {
            if !wanted {
                continue;
            }
            let lease = match spare.take() {
                Some(lease) => lease,
                None => Rc::new(self.client.lease(Service::Wds).await?),
            };
            match self.start(dial, family, lease).await? {
                Ok(call) => self.hold(dial.session, call),
                Err(refused) => refusal = refusal.or(Some((family, refused))),
            }
        }
        let granted = self.sessions.borrow().contains_key(&dial.session);
        match refusal {
            None => Ok(None),
            Some((IpFamily::Ipv6, refused)) if granted => Ok(Some(note("IPv4 only", refused))),
            Some((_, refused)) if granted => Ok(Some(note("IPv6 only", refused))),
            Some((_, refused)) => Err(refused.cause().into()),
        }
    }
}

fn note(granted: &str, refused: Refusal) -> String {
    match refused.reason {
        Some(reason) => format!("the network granted {granted} ({reason})"),
        None => format!("the network granted {granted}"),
    }
}

/// An error as its own reason.
fn reason(error: QmiError) -> Reason {
    Reason { domain: Domain::QmiError, number: u16::from(error).into(), text: error.label() }
}

/// Errors that mean the same whatever was asked.
pub fn refused(error: QmiError) -> Cause {
    match error {
        QmiError::NoSim => Cause::NoSim,
        QmiError::PinRestriction => Cause::PinRequired { tries: None, why: "the modem says so" },
        QmiError::PukRestriction => Cause::PukRequired,
        QmiError::NoRadio | QmiError::HardwareRestricted => Cause::RadioOff,
        QmiError::NoNetworkFound | QmiError::NetworkNotReady => Cause::NotRegistered(Some(reason(error))),
        // Nobody released them: only a SYNC or a restart of the modem does.
        QmiError::ClientIdsExhausted | QmiError::InvalidClientId => Cause::ModemHung,
        other => Cause::ConnectFailed(Some(reason(other))),
    }
}

fn registered(known: &Known, allow_roaming: bool) -> Option<Result<(), Why>> {
    match known.facts.registration? {
        Registration::Home => Some(Ok(())),
        Registration::Roaming | Registration::Partner if allow_roaming => Some(Ok(())),
        Registration::Roaming | Registration::Partner => {
            let name = known.facts.operator.clone().or_else(|| known.facts.mcc_mnc.clone());
            let network = name.unwrap_or_else(|| "a foreign network".to_string());
            Some(Err(Cause::RoamingNotAllowed { network }.into()))
        }
        Registration::Denied => Some(Err(Cause::RegistrationDenied(None).into())),
        Registration::Unknown | Registration::NotRegistered | Registration::Searching => None,
    }
}

fn profile_type(pdptype: PdpType) -> ProfilePdpType {
    match pdptype {
        PdpType::Ipv4 => ProfilePdpType::Ipv4,
        PdpType::Ipv6 => ProfilePdpType::Ipv6,
        PdpType::Ipv4v6 => ProfilePdpType::Ipv4v6,
    }
}

fn authentication(auth: Auth) -> Authentication {
    match auth {
        Auth::None => Authentication::None,
        Auth::Pap => Authentication::Pap,
        Auth::Chap => Authentication::Chap,
        Auth::Both => Authentication::Both,
    }
}

fn modes(modes: &[Mode]) -> u16 {
    let bit = |mode: &Mode| match mode {
        Mode::Gsm => nas_codes::modes::GSM,
        Mode::Umts => nas_codes::modes::UMTS,
        Mode::Lte => nas_codes::modes::LTE,
        Mode::Fiveg => nas_codes::modes::NR5G,
    };
    modes.iter().map(bit).fold(0, |all, one| all | one)
}

/// MCC, MNC, and whether the MNC has three digits.
fn plmn(digits: &str) -> Option<(u16, u16, bool)> {
    let (mcc, mnc) = digits.split_at_checked(3)?;
    Some((mcc.parse().ok()?, mnc.parse().ok()?, mnc.len() == 3))
}
