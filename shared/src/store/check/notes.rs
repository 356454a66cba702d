//! Notes of reviewers: `CHK#<id>` · `NOTE#<time>#<author>`, each an item of its own beside its check.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    crypto::field::Place,
    domain::{
        check::NoteForStaff,
        id::{CheckId, UserId},
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, Result},
    store::{
        Position, Store, Table,
        commit::Commit,
        item::{ItemQuery, Key, Sort, read},
        person_key::PersonKey,
    },
};

/// What a reviewer writes, beside a decision or without one.
#[derive(Debug)]
pub struct NewNote<'a> {
    pub check: CheckId,
    pub by: UserId,
    pub text: &'a Masked<String>,
}

/// A note as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct NoteItem {
    by: UserId,
    at: Timestamp,
    /// Ciphertext under the person's evidence key.
    text: ByteBuf,
}

fn note_key(check: &CheckId, at: Timestamp, by: &UserId) -> Key {
    Key::new(format!("CHK#{check}"), format!("NOTE#{at}#{by}"))
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Kyc.logical(), partition: &at.pk, sort: &at.sk, attribute: "text" }
}

impl NoteItem {
    pub fn for_staff(&self, check: &CheckId, evidence: &PersonKey) -> Result<NoteForStaff> {
        let plain = evidence.open(&place(&note_key(check, self.at, &self.by)), &self.text)?;
        let text = String::from_utf8(plain.to_vec()).map_err(|_| Internal::corrupt("a note"))?;
        Ok(NoteForStaff { author: self.by, at: self.at, text: Masked(text) })
    }
}

impl Commit<'_> {
    /// A reviewer's note, for staff.
    pub fn new_note(self, note: &NewNote<'_>, evidence: &PersonKey, at: Timestamp) -> Self {
        let key = note_key(&note.check, at, &note.by);
        let text = ByteBuf::from(evidence.seal(&place(&key), note.text.as_bytes()));
        self.create(Table::Kyc, &key, &NoteItem { by: note.by, at, text }, None)
    }
}

impl Store {
    /// One page of the notes of a check, newest first.
    pub async fn notes(
        &self,
        check: &CheckId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<NoteItem>, Option<Position>)> {
        let partition = format!("CHK#{check}");
        let (items, next) = self
            .query(ItemQuery {
                table: Table::Kyc,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Prefix("sk", "NOTE#"),
                newest_first: true,
                limit,
                after,
            })
            .await?;
        Ok((items.into_iter().map(read::<NoteItem>).collect::<Result<_>>()?, next))
    }
}
