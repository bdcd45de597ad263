//! A link in doubt and in repair.

use std::time::Instant;

use super::{Action, Link, State, Step};
use crate::cause::{Cause, Why};
use crate::fault::{Health, Rung};

impl Link {
    /// A stall is more than a suspicion; what follows from it comes as an event of its own.
    pub(super) fn on_health(&mut self, now: Instant, health: Health) -> Vec<Action> {
        let good = matches!(health, Health::Healthy | Health::Off);
        match &self.state {
            State::Suspect(bearer) if good => {
                let bearer = bearer.clone();
                self.enter(now, State::Up(bearer));
                Vec::new()
            }
            State::Up(bearer) if !good => {
                let bearer = bearer.clone();
                self.enter(now, State::Suspect(bearer));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn on_repair(&mut self, now: Instant, rung: Rung, cause: Why) -> Vec<Action> {
        let mut actions = match (&self.state, rung) {
            // New settings, if any, are told in place.
            (State::Up(_) | State::Suspect(_), Rung::Renew) => return vec![Action::Repair(rung)],
            (State::Up(_) | State::Suspect(_), _) => vec![Action::LinkDown],
            (State::Recovering { .. } | State::Waiting { cause: Some(_), .. } | State::Connecting, _) => {
                Vec::new()
            }
            // A card that was shaken loose is found again by a modem that starts anew.
            (State::Blocked { cause, wanted: true }, Rung::Reset) if **cause == Cause::NoSim => Vec::new(),
            (State::Waiting { cause: None, .. } | State::Down | State::Blocked { .. }, _) => {
                return Vec::new();
            }
        };
        // Nothing is there to be renewed.
        let rung = rung.max(Rung::Reconnect);
        actions.extend(self.tell(&cause));
        self.enter(now, State::Recovering { cause, step: Step::Rung(rung) });
        actions.push(Action::Repair(rung));
        actions
    }

    pub(super) fn on_repaired(&mut self) -> Vec<Action> {
        match &mut self.state {
            State::Recovering { step, .. } => match *step {
                Step::Rung(rung) => {
                    *step = Step::Dial(rung);
                    vec![Action::Connect]
                }
                Step::Dial(_) => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}
