//! Documents: `U#<user>` · `DOC#<id>` says what one is and how to open it, `DOC#<id>` · `REF` whose it is. The content
//! stands encrypted in the bucket, under the document's own key, which the person's `evidence` key wraps.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Position, Store, Table,
    commit::{Change, Commit},
    item::{Key, Query, Sort, key_of, number, read, text},
    kek::Purpose,
    owner::{OwnedResource, Owner},
    person_key::PersonKey,
};
use crate::{
    crypto::{
        DataKey,
        document::{self, Covering, HEADER_LEN},
        field::Place,
    },
    domain::{
        document::{ContentType, DocumentNumber, DocumentStatus, DocumentType, DocumentView, RejectReason},
        id::{CheckId, DocumentId, UserId},
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// A document as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DocumentItem {
    pub id: DocumentId,
    pub user_id: UserId,
    pub kind: DocumentType,
    /// Ciphertext under the evidence key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<ByteBuf>,
    pub content_type: ContentType,
    /// Plain bytes.
    pub size: u64,
    /// SHA-256 of the plain content, 32 bytes encrypted under the evidence key: the bare digest would tell whoever reads
    /// the table that two people handed in the same file, or that a file they have is among the documents.
    pub sha256: ByteBuf,
    pub status: DocumentStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<RejectReason>,
    /// The document's key, wrapped.
    pub wrapped_key: ByteBuf,
    /// First bytes of the object, so that a range needs one fetch only.
    pub header: ByteBuf,
    /// The first submitted check that named it: from then on it is evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<CheckId>,
    pub created_at: Timestamp,
    pub version: u64,
}

/// What is known of a document when it is handed in.
#[derive(Debug)]
pub struct NewDocument<'a> {
    pub id: DocumentId,
    pub user_id: UserId,
    pub kind: DocumentType,
    pub number: Option<&'a DocumentNumber>,
    pub content_type: ContentType,
    pub content: &'a [u8],
    pub sha256: [u8; 32],
}

impl DocumentItem {
    pub fn key(user: &UserId, id: &DocumentId) -> Key {
        Key::new(format!("U#{user}"), format!("DOC#{id}"))
    }

    /// Encrypts a document under a new key of its own: its item, and the bytes for the bucket.
    pub fn seal(new: &NewDocument<'_>, evidence: &PersonKey, now: Timestamp) -> (Self, Vec<u8>) {
        let at = Self::key(&new.user_id, &new.id);
        let key = DataKey::generate();
        let (document, owner) = (new.id.to_string(), new.user_id.to_string());
        let sealed = document::seal(&key, &content_place(&document, &owner), new.content);
        let item = Self {
            id: new.id,
            user_id: new.user_id,
            kind: new.kind,
            number: new.number.map(|number| {
                ByteBuf::from(evidence.seal(&attribute_place(&at, "number"), number.as_str().as_bytes()))
            }),
            content_type: new.content_type,
            size: new.content.len() as u64,
            sha256: ByteBuf::from(evidence.seal(&attribute_place(&at, "sha256"), &new.sha256)),
            status: DocumentStatus::Uploaded,
            reject_reason: None,
            wrapped_key: ByteBuf::from(evidence.wrap(&attribute_place(&at, "wrapped_key"), &key)),
            header: ByteBuf::from(sealed[..HEADER_LEN].to_vec()),
            held_by: None,
            created_at: now,
            version: 1,
        };
        (item, sealed)
    }

    /// The number on it, if it was given.
    pub fn number(&self, evidence: &PersonKey) -> Result<Option<DocumentNumber>> {
        let Some(sealed) = &self.number else { return Ok(None) };
        let at = Self::key(&self.user_id, &self.id);
        let plain = evidence.open(&attribute_place(&at, "number"), sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Internal::corrupt("a document's number"))?;
        DocumentNumber::parse(text).map(Some).map_err(|_| Internal::corrupt("a document's number").into())
    }

    /// SHA-256 of the plain content, hex.
    pub fn sha256(&self, evidence: &PersonKey) -> Result<String> {
        let at = Self::key(&self.user_id, &self.id);
        Ok(hex::encode(evidence.open(&attribute_place(&at, "sha256"), &self.sha256)?))
    }

    pub fn view(&self, evidence: &PersonKey) -> Result<DocumentView> {
        Ok(DocumentView {
            id: self.id,
            user_id: self.user_id,
            kind: self.kind,
            number_masked: self.number(evidence)?.map(|number| Masked(number.masked())),
            content_type: Some(self.content_type),
            size: self.size,
            sha256: Some(self.sha256(evidence)?),
            status: self.status,
            reject_reason: self.reject_reason,
            created_at: self.created_at,
        })
    }

    /// Opens what was fetched of the object for `covering`.
    pub fn open(&self, evidence: &PersonKey, covering: &Covering, part: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>> {
        let at = Self::key(&self.user_id, &self.id);
        let key = evidence.unwrap(&attribute_place(&at, "wrapped_key"), &self.wrapped_key)?;
        let header = self.header.as_slice().try_into().map_err(|_| Internal::corrupt("a document's header"))?;
        let (document, owner) = (self.id.to_string(), self.user_id.to_string());
        document::open_range(&key, &content_place(&document, &owner), header, self.size, covering, part)
            .map_err(|error| Internal::corrupt(error).into())
    }

    /// Whether it may be part of a check.
    pub fn is_usable(&self) -> bool {
        self.status != DocumentStatus::Rejected
    }

    /// Whether it was looked at already.
    pub fn is_settled(&self) -> bool {
        matches!(self.status, DocumentStatus::Stored | DocumentStatus::Rejected)
    }
}

/// A document and the evidence key that decrypts it.
#[derive(Debug)]
pub struct OpenDocument {
    pub item: DocumentItem,
    pub evidence: PersonKey,
}

impl OwnedResource for OpenDocument {
    type Id = DocumentId;

    fn owner_key(id: &DocumentId) -> Key {
        Key::new(format!("DOC#{id}"), "REF")
    }

    async fn load(store: &Store, owner: &UserId, id: DocumentId, now: Timestamp) -> Result<Option<Self>> {
        let (item, evidence) =
            futures::try_join!(store.document(owner, &id), store.read_person_key(owner, Purpose::Evidence, now))?;
        Ok(item.map(|item| Self { item, evidence }))
    }
}

fn content_place<'a>(document: &'a str, owner: &'a str) -> Place<'a> {
    Place { table: "documents", partition: document, sort: owner, attribute: "content" }
}

fn attribute_place<'a>(at: &'a Key, attribute: &'a str) -> Place<'a> {
    Place { table: Table::Kyc.logical(), partition: &at.pk, sort: &at.sk, attribute }
}

impl Commit<'_> {
    /// A new document and whose it is.
    pub fn new_document(self, item: &DocumentItem) -> Self {
        self.create(Table::Kyc, &DocumentItem::key(&item.user_id, &item.id), item, None).create(
            Table::Kyc,
            &OpenDocument::owner_key(&item.id),
            &Owner { owner: item.user_id },
            None,
        )
    }

    /// Only the version moves on: something was done with the document that an event tells of.
    pub fn document_touched(self, item: &DocumentItem) -> Self {
        let change = Change {
            update: "SET version = :next",
            condition: "version = :read",
            values: vec![(":read", number(item.version)), (":next", number(item.version + 1))],
            ..Change::default()
        };
        self.update(Table::Kyc, &DocumentItem::key(&item.user_id, &item.id), &change, None)
    }

    /// What the inspection found. An update and not a replacement, since a check may take hold of the document meanwhile.
    pub fn document_inspected(self, item: &DocumentItem, found: std::result::Result<(), RejectReason>) -> Self {
        let mut values = vec![(":read", number(item.version)), (":next", number(item.version + 1))];
        let update = match found {
            Ok(()) => {
                values.push((":status", text(DocumentStatus::Stored.as_str())));
                "SET version = :next, #status = :status"
            }
            Err(reason) => {
                values.push((":status", text(DocumentStatus::Rejected.as_str())));
                values.push((":reason", text(reason.as_str())));
                "SET version = :next, #status = :status, reject_reason = :reason"
            }
        };
        let change = Change { update, condition: "version = :read", names: &["status"], values };
        self.update(Table::Kyc, &DocumentItem::key(&item.user_id, &item.id), &change, None)
    }

    /// A submitted check takes hold of a document, for good.
    pub fn document_held(self, user: &UserId, id: &DocumentId, check: &CheckId) -> Self {
        let change = Change {
            update: "SET held_by = if_not_exists(held_by, :check)",
            condition: "attribute_exists(pk) AND #status <> :rejected",
            names: &["status"],
            values: vec![(":check", text(check.to_string())), (":rejected", text(DocumentStatus::Rejected.as_str()))],
        };
        self.update(Table::Kyc, &DocumentItem::key(user, id), &change, None)
    }

    /// Deletes a document that no submitted check holds.
    pub fn document_deleted(self, item: &DocumentItem) -> Self {
        let unheld = Change {
            condition: "version = :read AND attribute_not_exists(held_by)",
            values: vec![(":read", number(item.version))],
            ..Change::default()
        };
        let present = Change { condition: "attribute_exists(pk)", ..Change::default() };
        self.delete(Table::Kyc, &DocumentItem::key(&item.user_id, &item.id), &unheld, None).delete(
            Table::Kyc,
            &OpenDocument::owner_key(&item.id),
            &present,
            None,
        )
    }
}

impl Store {
    pub async fn document(&self, user: &UserId, id: &DocumentId) -> Result<Option<DocumentItem>> {
        self.get_as(Table::Kyc, &DocumentItem::key(user, id)).await
    }

    /// One page of a person's documents, newest first.
    pub async fn documents(
        &self,
        user: &UserId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<DocumentItem>, Option<Position>)> {
        let partition = format!("U#{user}");
        let (items, next) = self
            .query(Query {
                table: Table::Kyc,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Prefix("sk", "DOC#"),
                newest_first: true,
                limit,
                after,
            })
            .await?;
        Ok((items.into_iter().map(read).collect::<Result<_>>()?, next))
    }

    /// Whose a document is, for parts of ours that know its id only.
    pub async fn document_owner(&self, id: &DocumentId) -> Result<Option<UserId>> {
        let owner: Option<Owner> = self.get_as(Table::Kyc, &OpenDocument::owner_key(id)).await?;
        Ok(owner.map(|owner| owner.owner))
    }

    /// Of these documents the ids of those that are known.
    pub async fn known_documents(&self, ids: &[DocumentId]) -> Result<Vec<DocumentId>> {
        let mut known = Vec::new();
        // A batch read takes a hundred keys.
        for some in ids.chunks(100) {
            let keys: Vec<_> = some.iter().map(|id| (Table::Kyc, OpenDocument::owner_key(id))).collect();
            let found = self.get_many(&keys).await?;
            let found: std::collections::HashSet<Key> = found.values().map(key_of).collect();
            known.extend(some.iter().filter(|id| found.contains(&OpenDocument::owner_key(id))));
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::crypto::random::RandomId;
    use crate::{
        crypto::document::covering,
        store::{commit::CommitError, item::keyed, testing},
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn sealed(content: &[u8]) -> (DocumentItem, Vec<u8>, PersonKey) {
        let user = UserId::new(NOW);
        let key = PersonKey::from_key(&user.to_string(), DataKey::generate());
        let number = DocumentNumber::parse("OK123456").unwrap();
        let new = NewDocument {
            id: DocumentId::new(NOW),
            user_id: user,
            kind: DocumentType::Passport,
            number: Some(&number),
            content_type: ContentType::Png,
            content,
            sha256: Sha256::digest(content).into(),
        };
        let (item, object) = DocumentItem::seal(&new, &key, NOW);
        (item, object, key)
    }

    #[test]
    fn what_is_stored_tells_neither_the_digest_nor_that_two_files_are_the_same() {
        let ((one, _, key), (other, _, other_key)) = (sealed(b"a passport"), sealed(b"a passport"));
        let digest = Sha256::digest(b"a passport");
        assert_eq!(one.view(&key).unwrap().sha256.unwrap(), hex::encode(digest));
        assert_eq!(other.sha256(&other_key).unwrap(), hex::encode(digest));
        assert_ne!(one.sha256, other.sha256);
        let stored = format!("{:?}", keyed(&DocumentItem::key(&one.user_id, &one.id), &one).unwrap());
        let as_printed = digest.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        assert!(!stored.contains(&hex::encode(digest)) && !stored.contains(&as_printed));
        // Bound to its document: moved to another one of the same person it does not open.
        let moved = DocumentItem { id: DocumentId::new(NOW), ..one };
        assert!(moved.sha256(&key).is_err());
    }

    #[test]
    fn a_range_opens_with_the_owners_key_only() {
        let content: Vec<u8> = (0..=255).cycle().take((1 << 20) + 500).collect();
        let (item, object, key) = sealed(&content);
        let covering = covering(1_048_570..1_048_590, item.size);
        let part =
            &object[usize::try_from(covering.sealed.start).unwrap()..usize::try_from(covering.sealed.end).unwrap()];
        assert_eq!(*item.open(&key, &covering, part).unwrap(), content[1_048_570..1_048_590]);
        assert!(
            item.open(&PersonKey::from_key(&item.user_id.to_string(), DataKey::generate()), &covering, part).is_err()
        );
        assert_eq!(item.view(&key).unwrap().number_masked.unwrap().0, "****3456");
    }

    #[tokio::test]
    async fn a_document_that_a_check_holds_stays() {
        let store = testing::store().await;
        let (item, ..) = sealed(b"x");
        store.commit(NOW, "test-1234").new_document(&item).run().await.unwrap();
        // The inspection decided on what it read before; the hold must outlive it.
        let check = CheckId::new(NOW);
        store.commit(NOW, "test-1234").document_held(&item.user_id, &item.id, &check).run().await.unwrap();
        store.commit(NOW, "test-1234").document_inspected(&item, Ok(())).run().await.unwrap();
        let held = store.document(&item.user_id, &item.id).await.unwrap().unwrap();
        assert_eq!((held.held_by, held.status, held.version), (Some(check), DocumentStatus::Stored, 2));
        let deleted = store.commit(NOW, "test-1234").document_deleted(&held).run().await;
        assert!(matches!(deleted, Err(CommitError::Conflict)), "{deleted:?}");
        // Another check does not take the hold over.
        store.commit(NOW, "test-1234").document_held(&item.user_id, &item.id, &CheckId::new(NOW)).run().await.unwrap();
        assert_eq!(store.document(&item.user_id, &item.id).await.unwrap().unwrap().held_by, Some(check));
    }

    #[tokio::test]
    async fn a_rejected_document_is_held_by_no_check() {
        let store = testing::store().await;
        let (item, ..) = sealed(b"x");
        store.commit(NOW, "test-1234").new_document(&item).run().await.unwrap();
        let rejected = store.commit(NOW, "test-1234").document_inspected(&item, Err(RejectReason::Malformed));
        rejected.run().await.unwrap();
        let hold = store.commit(NOW, "test-1234").document_held(&item.user_id, &item.id, &CheckId::new(NOW));
        assert!(matches!(hold.run().await, Err(CommitError::Conflict)));
        let item = store.document(&item.user_id, &item.id).await.unwrap().unwrap();
        assert_eq!(item.reject_reason, Some(RejectReason::Malformed));
        store.commit(NOW, "test-1234").document_deleted(&item).run().await.unwrap();
        assert!(store.known_documents(&[item.id]).await.unwrap().is_empty());
    }
}
