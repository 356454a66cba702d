//! The keys of a person who gets an account.

use super::{Store, Table, commit::Commit, item::Item, kek::KeyPurpose, person_key::PersonKey};
use crate::{
    domain::{id::UserId, time::Timestamp},
    error::Result,
};

/// The two keys of a person, and their items.
#[derive(Debug)]
pub struct NewKeys {
    pub profile: PersonKey,
    items: [Item; 2],
}

impl NewKeys {
    pub async fn make(store: &Store, user: &UserId, now: Timestamp) -> Result<Self> {
        let ((profile, profile_item), (_, evidence_item)) = tokio::try_join!(
            store.new_person_key(user, KeyPurpose::Profile, now),
            store.new_person_key(user, KeyPurpose::Evidence, now),
        )?;
        Ok(Self { profile, items: [profile_item, evidence_item] })
    }

    pub fn create<'a>(&self, commit: Commit<'a>) -> Commit<'a> {
        self.items.iter().fold(commit, |commit, item| {
            commit.put_if(Table::Keys, Ok(item.clone()), "attribute_not_exists(pk)", &[], None)
        })
    }
}
