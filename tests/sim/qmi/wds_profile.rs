//! What a simulated QMI modem answers as WDS about profiles and the attach.

use uwand::mbim::messages::enums::Packet;
use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Frame;
use uwand::qmi::messages::wds::*;
use uwand::qmi::messages::wds_profile::{
    CreateProfile, DefaultProfileReply, DeleteProfile, GetDefaultProfile, GetProfile, ListProfiles,
    ModifyProfile, Profile as Told, ProfileCreated, ProfileEntry, ProfileError, ProfileId, ProfileModified,
    ProfileType, Profiles, SetDefaultProfile,
};
use uwand::qmi::tlv::Request;
use uwand::words::Secret;

use super::Profile;
use super::state::{Answer, State, ask, done, error, error_with, ok};

/// 3GPP TS 27.007 leaves the number open; Qualcomm's registry has 16 places.
const MOST: u8 = 16;

impl State {
    pub fn wds_profile(&mut self, frame: &Frame) -> Answer {
        match frame.message {
            ListProfiles::ID => ok(&Profiles { profiles: Some(self.entries()), error: None }),
            GetProfile::ID => self.get_profile(ask(frame)),
            ModifyProfile::ID => self.modify(ask(frame)),
            CreateProfile::ID => self.create(ask(frame)),
            DeleteProfile::ID => match ask::<DeleteProfile>(frame).profile {
                Some(profile) => {
                    self.profiles.retain(|own| own.index != profile.index);
                    done()
                }
                None => error(QmiError::MissingArgument),
            },
            GetDefaultProfile::ID => ok(&DefaultProfileReply { index: Some(1), error: None }),
            SetDefaultProfile::ID => done(),
            GetLteAttachPdns::ID => ok(&LteAttachPdns { current: Some(vec![1]), pending: Some(Vec::new()) }),
            SetLteAttachPdns::ID => done(),
            GetLteAttachParameters::ID => ok(&LteAttachParameters {
                apn: self.profiles.first().map(|profile| profile.apn.clone()),
                support: Some(IpSupport::Ipv4v6),
                attached: Some(self.core.packet == Packet::Attached),
            }),
            _ => error(QmiError::InvalidQmiCommand),
        }
    }

    fn entries(&self) -> Vec<ProfileEntry> {
        let entry = |profile: &Profile| ProfileEntry {
            kind: ProfileType::Gsm,
            index: profile.index,
            name: profile.name.clone(),
        };
        self.profiles.iter().map(entry).collect()
    }

    fn get_profile(&self, request: GetProfile) -> Answer {
        let Some(asked) = request.profile else { return error(QmiError::MissingArgument) };
        let Some(profile) = self.profiles.iter().find(|profile| profile.index == asked.index) else {
            return error_with(QmiError::ExtendedInternal, &failed());
        };
        ok(&Told {
            name: Some(profile.name.clone()),
            pdp_type: Some(profile.pdp_type),
            apn: Some(profile.apn.clone()),
            username: Some(profile.username.clone()),
            password: Some(Secret::new(&*profile.password)),
            authentication: Some(profile.authentication),
            no_roaming: Some(false),
            ..Told::default()
        })
    }

    fn modify(&mut self, request: ModifyProfile) -> Answer {
        let Some(asked) = request.profile else { return error(QmiError::MissingArgument) };
        let Some(profile) = self.profiles.iter_mut().find(|profile| profile.index == asked.index) else {
            return error_with(QmiError::ExtendedInternal, &failed());
        };
        fill(
            profile,
            Wishes {
                name: request.name,
                pdp_type: request.pdp_type,
                apn: request.apn,
                username: request.username,
                password: request.password,
                authentication: request.authentication,
            },
        );
        done()
    }

    fn create(&mut self, request: CreateProfile) -> Answer {
        let taken = |index: &u8| self.profiles.iter().any(|profile| profile.index == *index);
        let Some(index) = (1..=MOST).find(|index| !taken(index)) else {
            return error(QmiError::NoFreeProfile);
        };
        let mut profile = Profile { name: String::new(), ..Profile::new(index, "") };
        fill(
            &mut profile,
            Wishes {
                name: request.name,
                pdp_type: request.pdp_type,
                apn: request.apn,
                username: request.username,
                password: request.password,
                authentication: request.authentication,
            },
        );
        self.profiles.push(profile);
        self.profiles.sort_by_key(|profile| profile.index);
        let profile = Some(ProfileId { kind: ProfileType::Gsm, index });
        ok(&ProfileCreated { profile, error: None })
    }
}

/// What a host may say of a profile.
struct Wishes {
    name: Option<String>,
    pdp_type: Option<PdpType>,
    apn: Option<String>,
    username: Option<String>,
    password: Option<Secret>,
    authentication: Option<Authentication>,
}

fn fill(profile: &mut Profile, wishes: Wishes) {
    fn put<T>(field: &mut T, wish: Option<T>) {
        if let Some(wish) = wish {
            *field = wish;
        }
    }
    put(&mut profile.name, wishes.name);
    put(&mut profile.pdp_type, wishes.pdp_type);
    put(&mut profile.apn, wishes.apn);
    put(&mut profile.username, wishes.username);
    put(&mut profile.password, wishes.password.map(|password| password.reveal().to_string()));
    put(&mut profile.authentication, wishes.authentication);
}

fn failed() -> ProfileModified {
    ProfileModified { error: Some(ProfileError::GsmNotDefined) }
}
