//! The person of a check, as they were when they submitted it.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::StoredCheck;
use crate::{
    crypto::field::Place,
    domain::{
        check::{ApplicantForStaff, Check, CheckError, NationalIdForStaff},
        document::DocumentNumber,
        person::{Address, NationalId, PersonName},
        profile::Profile,
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, Result},
    store::{Table, item::Key, person_key::PersonKey},
};

/// The person as they were when they submitted: what is decided upon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub name: Masked<String>,
    /// `YYYY-MM-DD`.
    pub date_of_birth: Option<Masked<String>>,
    /// Of nationality, as far as it is known: the national id's, and where they live. ISO 3166-1 alpha-2.
    #[serde(default)]
    pub countries: Vec<Masked<String>>,
    /// The national id and the numbers of the documents, as the person gave them.
    #[serde(default)]
    pub numbers: Vec<Masked<String>>,
    /// What of the person a reviewer compares with the documents. Snapshots taken before these were kept have none.
    #[serde(default)]
    pub given_name: Option<PersonName>,
    #[serde(default)]
    pub family_name: Option<PersonName>,
    #[serde(default)]
    pub address: Option<Address>,
    #[serde(default)]
    pub national_id: Option<NationalId>,
    pub taken_at: Timestamp,
}

impl Snapshot {
    /// `documents` are the numbers of the documents of the check.
    ///
    /// # Errors
    /// [`CheckError::NameMissing`] where there is no name: nobody could tell who was checked, nor screen them.
    pub fn of(profile: &Profile, documents: &[DocumentNumber], now: Timestamp) -> Result<Self, CheckError> {
        let names = [&profile.given_name, &profile.family_name];
        let name: Vec<&str> = names.into_iter().flatten().map(|name| name.as_str()).collect();
        if name.is_empty() {
            return Err(CheckError::NameMissing);
        }
        let of_id = profile.national_id.as_ref().map(|id| id.country());
        let of_home = profile.address.as_ref().map(|address| &address.country);
        let mut countries: Vec<_> =
            of_id.into_iter().chain(of_home).map(|country| Masked(country.as_str().to_owned())).collect();
        countries.dedup();
        let national_id = profile.national_id.as_ref().map(|id| Masked(id.value().to_owned()));
        let documents = documents.iter().map(|number| Masked(number.as_str().to_owned()));
        Ok(Self {
            name: Masked(name.join(" ")),
            date_of_birth: profile.date_of_birth.as_ref().map(|date| Masked(date.as_str().to_owned())),
            countries,
            numbers: national_id.into_iter().chain(documents).collect(),
            given_name: profile.given_name.clone(),
            family_name: profile.family_name.clone(),
            address: profile.address.clone(),
            national_id: profile.national_id.clone(),
            taken_at: now,
        })
    }

    /// What of it reviewers may see.
    pub fn for_staff(self, check: &Check) -> ApplicantForStaff {
        ApplicantForStaff {
            check_id: check.id,
            user_id: check.user_id,
            name: self.name,
            given_name: self.given_name,
            family_name: self.family_name,
            date_of_birth: self.date_of_birth,
            address: self.address,
            national_id: self.national_id.as_ref().map(NationalIdForStaff::of),
            submitted_at: self.taken_at,
        }
    }
}

impl StoredCheck {
    /// Keeps the person as they are now.
    pub fn take_snapshot(&mut self, snapshot: &Snapshot, evidence: &PersonKey) -> Result<()> {
        let at = self.own_key();
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(snapshot).map_err(Internal::bug)?);
        self.work.snapshot = Some(ByteBuf::from(evidence.seal(&snapshot_place(&at), &plain)));
        Ok(())
    }

    pub fn snapshot(&self, evidence: &PersonKey) -> Result<Snapshot> {
        let at = self.own_key();
        let sealed =
            self.work.snapshot.as_ref().ok_or_else(|| Internal::corrupt("a submitted check has no snapshot"))?;
        let plain = evidence.open(&snapshot_place(&at), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("a check's snapshot").into())
    }
}

fn snapshot_place(at: &Key) -> Place<'_> {
    Place { table: Table::Kyc.logical(), partition: &at.pk, sort: &at.sk, attribute: "snapshot" }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        crypto::random::RandomId,
        domain::{
            check::{CheckTrigger, Policy},
            id::{CheckId, UserId},
            person::{DateOfBirth, Email},
        },
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    pub fn ada() -> Profile {
        let id = r#"{"country":"GB","type":"nino","value":"QQ 12 34 56 C"}"#;
        Profile {
            given_name: Some(PersonName::parse("Ada").unwrap()),
            family_name: Some(PersonName::parse("Lovelace").unwrap()),
            date_of_birth: Some(DateOfBirth::parse("1985-12-10").unwrap()),
            national_id: Some(serde_json::from_str(id).unwrap()),
            ..Profile::new(Email::parse("ada@example.org").unwrap())
        }
    }

    fn shown(snapshot: Snapshot) -> serde_json::Value {
        let policy = Policy::document("sandbox", 0.85);
        let check = Check::draft(CheckId::new(NOW), UserId::new(NOW), policy, CheckTrigger::Applicant, NOW);
        serde_json::to_value(snapshot.for_staff(&check)).unwrap()
    }

    #[test]
    fn staff_see_what_was_submitted_with_the_number_masked() {
        let snapshot = Snapshot::of(&ada(), &[], NOW).unwrap();
        assert!(!format!("{snapshot:?}").contains("Ada"));
        let shown = shown(snapshot);
        assert_eq!((&shown["given_name"], &shown["family_name"]), (&"Ada".into(), &"Lovelace".into()));
        assert_eq!((&shown["name"], &shown["date_of_birth"]), (&"Ada Lovelace".into(), &"1985-12-10".into()));
        assert_eq!(shown["national_id"]["value"], "** ** *4 56 C");
        assert_eq!((&shown["address"], &shown["submitted_at"]), (&serde_json::Value::Null, &NOW.to_string().into()));
    }

    #[test]
    fn a_snapshot_of_before_the_parts_were_kept_reads_without_them() {
        let mut json = serde_json::to_value(Snapshot::of(&ada(), &[], NOW).unwrap()).unwrap();
        for part in ["given_name", "family_name", "address", "national_id"] {
            assert!(json.as_object_mut().unwrap().remove(part).is_some(), "{part}");
        }
        let shown = shown(serde_json::from_value(json).unwrap());
        assert_eq!((&shown["name"], &shown["given_name"]), (&"Ada Lovelace".into(), &serde_json::Value::Null));
    }
}
