//! PURE. Whether a PIN may be sent: the guard that keeps a mistake from costing a SIM.
//!
//! Contract: a PIN that the SIM refused is never sent again; one that it has taken before
//! needs two tries left, another three. Where the modem does not tell the tries, a PIN is
//! sent once. The memory belongs to one SIM: another card begins afresh.

use crate::cause::{Cause, Why};
use crate::words::Secret;

const TRIES_FOR_A_KNOWN_PIN: u32 = 2;
const TRIES_FOR_A_NEW_PIN: u32 = 3;

/// What this SIM thought of the PINs that it was given.
#[derive(Default)]
pub struct PinMemory {
    accepted: Option<Secret>,
    refused: Option<Secret>,
}

impl PinMemory {
    /// The PIN, if it may be sent now.
    pub fn may_send(&self, pin: Option<&Secret>, tries: Option<u32>) -> Result<Secret, Why> {
        let Some(pin) = pin else {
            return Err(Cause::PinRequired { tries, why: "option pincode is not set" }.into());
        };
        if self.refused.as_ref() == Some(pin) {
            return Err(Cause::PinFailed { tries }.into());
        }
        let known = self.accepted.as_ref() == Some(pin);
        let least = if known { TRIES_FOR_A_KNOWN_PIN } else { TRIES_FOR_A_NEW_PIN };
        if tries.is_some_and(|tries| tries < least) {
            let why = "too few tries left to send option pincode; enter it by hand";
            return Err(Cause::PinRequired { tries, why }.into());
        }
        Ok(pin.clone())
    }

    pub fn accepted(&mut self, pin: Secret) {
        self.accepted = Some(pin);
    }

    /// A person's order made it the SIM's PIN, whatever the SIM thought of it before.
    pub fn taken(&mut self, pin: &Secret) {
        self.accepted = Some(pin.clone());
        if self.refused.as_ref() == Some(pin) {
            self.refused = None;
        }
    }

    pub fn refused(&mut self, pin: Secret) {
        self.refused = Some(pin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(memory: &PinMemory, tries: Option<u32>) -> bool {
        memory.may_send(Some(&Secret::new("1234")), tries).is_ok()
    }

    #[test]
    fn a_new_pin_needs_three_tries_and_a_known_one_two() {
        let mut memory = PinMemory::default();
        assert_eq!([1, 2, 3].map(|tries| sent(&memory, Some(tries))), [false, false, true]);
        memory.accepted(Secret::new("1234"));
        assert_eq!([1, 2, 3].map(|tries| sent(&memory, Some(tries))), [false, true, true]);
    }

    #[test]
    fn a_refused_pin_is_never_sent_again() {
        let mut memory = PinMemory::default();
        memory.refused(Secret::new("1234"));
        let again = memory.may_send(Some(&Secret::new("1234")), Some(3));
        assert_eq!(again, Err(Cause::PinFailed { tries: Some(3) }.into()));
        assert!(memory.may_send(Some(&Secret::new("4321")), Some(3)).is_ok());
    }

    #[test]
    fn without_a_count_a_pin_is_sent_once() {
        let mut memory = PinMemory::default();
        assert!(sent(&memory, None));
        memory.refused(Secret::new("1234"));
        assert!(!sent(&memory, None));
    }
}
