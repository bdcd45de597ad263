//! One bearer over QMI: for each family a WDS client id, whose connection it is, and the
//! handle that stops it.

use std::rc::Rc;
use std::time::Duration;

use super::connect::Refusal;
use super::known::Known;
use super::{Modem, after};
use crate::cause::{Cause, Why};
use crate::dial::Dial;
use crate::few::{Few, Listed};
use crate::json::{Value, json};
use crate::qmi::client::{Answer, Client, Error, Lease};
use crate::qmi::error::QmiError;
use crate::qmi::frame::Service;
use crate::qmi::messages::call_end;
use crate::qmi::messages::wds::{
    Authentication, ConnectionStatus, CurrentSettings, GetCurrentSettings, GetPacketServiceStatus, IpFamily,
    NetworkStarted, SetIpFamily, StartNetwork, StopNetwork, settings,
};
use crate::task::sleep;
use crate::words::{Addressing, Auth, Bearer, Family};

/// Stops what the modem's own autoconnect started (WDS_STOP_NETWORK).
const ANY_HANDLE: u32 = u32::MAX;

/// More than a start may take.
const LONGEST_START: Duration = Duration::from_secs(130);
/// Between the indication of a connection and the answer to its start.
const ANSWER_BEHIND: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Call {
    pub family: IpFamily,
    pub lease: Rc<Lease>,
    pub handle: u32,
}

#[derive(Default)]
pub struct Session {
    pub calls: Vec<Call>,
}

impl Session {
    /// For the run directory: nothing secret.
    pub fn state(&self, session: u32) -> Vec<Value> {
        let state = |call: &Call| json!({ "session": session, "family": u8::from(call.family), "client": call.lease.id(), "handle": call.handle });
        self.calls.iter().map(state).listed()
    }
}

/// The sessions in a state that an earlier process kept.
pub fn adopted(client: &Client, kept: &Value) -> Few<u32, Session> {
    let mut sessions: Few<u32, Session> = Few::default();
    for call in kept.get("sessions").and_then(Value::as_array).into_iter().flatten() {
        let number = |name: &str| call.get(name).and_then(Value::as_u64);
        let (Some(session), Some(family), Some(id), Some(handle)) = (
            number("session").and_then(|n| u32::try_from(n).ok()),
            number("family").and_then(|n| u8::try_from(n).ok()),
            number("client").and_then(|n| u8::try_from(n).ok()),
            number("handle").and_then(|n| u32::try_from(n).ok()),
        ) else {
            continue;
        };
        let lease = Rc::new(client.adopt(Service::Wds, id));
        hold(&mut sessions, session, Call { family: family.into(), lease, handle });
    }
    sessions
}

fn hold(sessions: &mut Few<u32, Session>, session: u32, call: Call) {
    match sessions.get_mut(&session) {
        Some(held) => held.calls.push(call),
        None => sessions.insert(session, Session { calls: vec![call] }),
    }
}

impl Modem {
    /// Starts one family on a client id that is for it alone.
    pub(super) async fn start(
        &self,
        dial: &Dial,
        family: IpFamily,
        lease: Rc<Lease>,
    ) -> Result<Result<Call, Refusal>, Why> {
        if let Some(channel) = dial.channel {
            self.bind(dial, channel, &lease).await?;
        }
        // Modems with one family only do not know it.
        let _ = lease.tell(&SetIpFamily { family: Some(family) }).await?;
        let Some(answer) = self.started(&lease, &order(dial, family)).await? else {
            return Ok(Ok(Call { family, lease, handle: ANY_HANDLE }));
        };
        match answer.result {
            Ok(()) => {
                let handle = answer.reply.handle.unwrap_or(ANY_HANDLE);
                Ok(Ok(Call { family, lease, handle }))
            }
            // Connected by the modem's own autoconnect.
            Err(QmiError::NoEffect) => Ok(Ok(Call { family, lease, handle: ANY_HANDLE })),
            Err(error) => {
                let reason = call_end::reason(answer.reply.reason, answer.reply.verbose.as_ref());
                Ok(Err(Refusal { error, reason }))
            }
        }
    }

    /// The answer to a start; `None` where it got lost and the modem tells that it is connected.
    async fn started(
        &self,
        lease: &Lease,
        order: &StartNetwork,
    ) -> Result<Option<Answer<NetworkStarted>>, Error> {
        let id = lease.id();
        self.board.mark(|known| known.connected.remove(&id));
        let connected = async {
            let told = |known: &Known| known.connected.contains_key(&id).then_some(());
            match self.board.until(after(LONGEST_START), told).await {
                // The answer comes a little later, if it comes.
                Some(()) => sleep(ANSWER_BEHIND).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = lease.ask(order) => answer.map(Some),
            () = connected => {
                log::debug!("{lease:?}: connected, and no answer to the start");
                Ok(None)
            }
        }
    }

    /// Keeps a call, and from now on hears of its end.
    pub(super) fn hold(&self, session: u32, call: Call) {
        self.board.mark(|known| known.calls.insert(call.lease.id(), session));
        hold(&mut self.sessions.borrow_mut(), session, call);
    }

    pub async fn disconnect(&self, session: u32) -> Result<(), Why> {
        let Some(ended) = self.sessions.borrow_mut().remove(&session) else { return Ok(()) };
        self.board.mark(|known| known.calls.retain(|_, of| *of != session));
        for call in ended.calls {
            let stop = StopNetwork {
                handle: Some(call.handle),
                disable_autoconnect: (call.handle == ANY_HANDLE).then_some(true),
            };
            // What the modem does not know has ended.
            let _ = call.lease.tell(&stop).await?;
        }
        Ok(())
    }

    /// Takes over what an earlier process started; `None` where there is nothing to take.
    pub async fn adopt(&self, dial: &Dial, same: bool) -> Result<Option<Rc<Bearer>>, Why> {
        let calls = self.calls(dial.session);
        let mut alive = 0;
        for call in &calls {
            match call.lease.call(&GetPacketServiceStatus::default()).await {
                Ok(reply) => alive += usize::from(reply.status == Some(ConnectionStatus::Connected)),
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if calls.is_empty() || alive < calls.len() || !same {
            self.disconnect(dial.session).await?;
            return Ok(None);
        }
        self.board.mark(|known| {
            calls.iter().for_each(|call| known.calls.insert(call.lease.id(), dial.session));
        });
        self.catch_up().await?;
        let bearer = Bearer { netdev: dial.netdev.clone(), session: dial.session, ..Bearer::default() };
        self.settings(&bearer).await.map(Some)
    }

    fn calls(&self, session: u32) -> Vec<Call> {
        self.sessions.borrow().get(&session).map(|session| session.calls.clone()).unwrap_or_default()
    }

    /// Reads the settings of every family of the session.
    pub async fn settings(&self, bearer: &Bearer) -> Result<Rc<Bearer>, Why> {
        let technology = self.board.read().facts.technology;
        let mut read = Bearer {
            netdev: bearer.netdev.clone(),
            session: bearer.session,
            note: bearer.note.clone(),
            technology,
            ..Bearer::default()
        };
        let wanted =
            settings::DNS | settings::ADDRESS | settings::GATEWAY | settings::MTU | settings::IP_FAMILY;
        for call in self.calls(bearer.session) {
            let told = match call.lease.call(&GetCurrentSettings { requested: Some(wanted) }).await {
                Ok(told) => told,
                Err(Error::Refused(error)) => {
                    log::debug!("no settings: {error}");
                    CurrentSettings::default()
                }
                Err(error) => return Err(error.into()),
            };
            match call.family {
                IpFamily::Ipv6 => read.ipv6 = v6(&told),
                _ => read.ipv4 = v4(&told),
            }
        }
        if read.ipv4.is_absent() && read.ipv6.is_absent() {
            Err(Cause::NoAddress.into())
        } else {
            Ok(read.into())
        }
    }
}

fn order(dial: &Dial, family: IpFamily) -> StartNetwork {
    let text = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
    StartNetwork {
        apn: text(&dial.apn),
        authentication: match dial.auth {
            Auth::None => None,
            Auth::Pap => Some(Authentication::Pap),
            Auth::Chap => Some(Authentication::Chap),
            Auth::Both => Some(Authentication::Both),
        },
        username: text(&dial.username),
        password: Some(dial.password.clone()).filter(|password| !password.is_empty()),
        family: Some(family),
        profile: dial.profile.and_then(|profile| u8::try_from(profile).ok()),
        ..StartNetwork::default()
    }
}

fn v4(told: &CurrentSettings) -> Addressing<std::net::Ipv4Addr> {
    let Some(address) = told.address.filter(|address| !address.is_unspecified()) else {
        return Addressing::Dynamic;
    };
    let prefix = told.netmask.map_or(32, |mask| u32::from(mask).leading_ones());
    Addressing::Static(Family {
        addresses: vec![(address, u8::try_from(prefix).unwrap_or(32))],
        gateway: told.gateway.filter(|gateway| !gateway.is_unspecified()),
        dns: [told.dns1, told.dns2].into_iter().flatten().filter(|server| !server.is_unspecified()).listed(),
        mtu: told.mtu.filter(|mtu| (576..=65535).contains(mtu)),
    })
}

fn v6(told: &CurrentSettings) -> Addressing<std::net::Ipv6Addr> {
    let Some(own) = told.address6.filter(|own| !own.address.is_unspecified()) else {
        return Addressing::Dynamic;
    };
    let length = if (1..=128).contains(&own.length) { own.length } else { 128 };
    Addressing::Static(Family {
        addresses: vec![(own.address, length)],
        gateway: told.gateway6.map(|gateway| gateway.address).filter(|gateway| !gateway.is_unspecified()),
        dns: [told.dns6_1, told.dns6_2]
            .into_iter()
            .flatten()
            .filter(|server| !server.is_unspecified())
            .listed(),
        mtu: told.mtu.filter(|mtu| (1280..=65535).contains(mtu)),
    })
}
