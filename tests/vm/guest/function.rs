//! The functions of a modem behind one face: which of them a request, an endpoint or a
//! socket belongs to.

use super::control::Channel;
use super::device::{Knobs, Wires};
use super::mbim_function::MbimFunction;
use super::network::Network;
use super::qmi_function::QmiFunction;
use super::serial_function::SerialFunction;
use super::usb::{Composition, Reply, Role, Setup};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

pub struct Function {
    role: Role,
    kind: Kind,
}

enum Kind {
    Mbim(Box<MbimFunction>),
    Qmi(QmiFunction),
    Serial(SerialFunction),
}

/// All functions of a composition, each with its wire to the firmware.
pub fn build(
    what: &Composition,
    wires: Wires,
    net: &Network,
    knobs: &Arc<Knobs>,
) -> io::Result<Vec<Function>> {
    let mut ports = wires.ports.into_iter();
    let mut control = Some(wires.control);
    let mut functions = Vec::new();
    for &role in what.roles {
        let missing = || io::Error::other("fewer wires than functions");
        let kind = match role {
            Role::Mbim { control: interface, .. } => {
                let channel = Channel::new(control.take().ok_or_else(missing)?, interface, knobs.clone());
                Kind::Mbim(Box::new(MbimFunction::new(channel, net.clone(), knobs.clone())))
            }
            Role::Qmi { interface, .. } => {
                let channel = Channel::new(control.take().ok_or_else(missing)?, interface, knobs.clone());
                Kind::Qmi(QmiFunction::new(channel, net.clone(), knobs.clone()))
            }
            Role::Serial { .. } => {
                Kind::Serial(SerialFunction::new(ports.next().ok_or_else(missing)?, knobs.clone()))
            }
        };
        functions.push(Function { role, kind });
    }
    Ok(functions)
}

impl Function {
    pub fn has_interface(&self, number: u8) -> bool {
        match self.role {
            Role::Mbim { control, data, .. } => [control, data].contains(&number),
            Role::Qmi { interface, .. } | Role::Serial { interface, .. } => interface == number,
        }
    }

    pub fn has_endpoint(&self, address: u8) -> bool {
        match self.role {
            Role::Mbim { notify, input, output, .. } | Role::Qmi { notify, input, output, .. } => {
                [notify, input, output].contains(&address)
            }
            Role::Serial { input, output, .. } => [input, output].contains(&address),
        }
    }

    /// The firmware's socket, while what it says has room.
    pub fn wants(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            Kind::Mbim(f) => f.channel.wants(),
            Kind::Qmi(f) => f.channel.wants(),
            Kind::Serial(f) => f.wants(),
        }
    }

    /// `false` when the firmware is gone, and the device with it.
    pub fn readable(&mut self) -> bool {
        match &mut self.kind {
            Kind::Mbim(f) => f.channel.readable(),
            Kind::Qmi(f) => f.channel.readable(),
            Kind::Serial(f) => {
                f.readable();
                true
            }
        }
    }

    pub fn request(&mut self, setup: &Setup, data: &[u8]) -> Reply {
        match &mut self.kind {
            Kind::Mbim(f) => f.request(setup, data),
            Kind::Qmi(f) => f.request(setup, data),
            Kind::Serial(f) => f.request(),
        }
    }

    pub fn set_alternate(&mut self, number: u8, alternate: u8) {
        if let (Kind::Mbim(f), Role::Mbim { data, .. }) = (&mut self.kind, self.role) {
            if number == data {
                f.set_alternate(alternate);
            }
        }
    }

    pub fn network_connection(&mut self, up: bool) {
        match &mut self.kind {
            Kind::Mbim(f) => f.channel.network_connection(up),
            Kind::Qmi(f) => f.channel.network_connection(up),
            Kind::Serial(_) => {}
        }
    }

    /// A bulk transfer from the host; `false` leaves it open.
    pub fn output(&mut self, transfer: &[u8]) -> bool {
        match &mut self.kind {
            Kind::Mbim(f) => f.output(transfer),
            Kind::Qmi(f) => f.output(transfer),
            Kind::Serial(f) => f.output(transfer),
        }
    }

    /// What an IN endpoint has for a transfer of that size.
    pub fn input(&mut self, endpoint: u8, room: u32) -> Option<Vec<u8>> {
        let mut data = match (&mut self.kind, self.role) {
            (Kind::Mbim(f), Role::Mbim { notify, .. }) if endpoint == notify => f.channel.notification(),
            (Kind::Qmi(f), Role::Qmi { notify, .. }) if endpoint == notify => f.channel.notification(),
            (Kind::Mbim(f), _) => f.input(room),
            (Kind::Qmi(f), _) => f.input(),
            (Kind::Serial(f), _) => f.input(room as usize),
        }?;
        data.truncate(room as usize);
        Some(data)
    }
}
