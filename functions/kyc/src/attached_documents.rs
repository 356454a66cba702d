//! The documents that a check names, and the key that decrypts them.

use verinym::{
    domain::{
        check::{CheckError, MAX_DOCUMENTS},
        document::DocumentNumber,
        field::{FieldFault, InvalidField},
        id::{DocumentId, UserId},
        time::Timestamp,
    },
    error::{RequestError, Result},
    store::{
        Store, Table,
        document::DocumentItem,
        item::read,
        kek::KeyPurpose,
        person_key::{self, KeyItem, PersonKey},
    },
};

/// The ids in a form, each once.
pub fn document_ids(texts: &[String]) -> Result<Vec<DocumentId>> {
    if texts.len() > MAX_DOCUMENTS {
        return Err(CheckError::TooManyDocuments.into());
    }
    let mut ids = Vec::new();
    for text in texts {
        let id = text.parse().map_err(|_| unknown())?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The person's evidence key, and the numbers of the documents of a check.
pub struct AttachedDocuments {
    pub evidence: PersonKey,
    pub numbers: Vec<DocumentNumber>,
}

/// Reads the person's evidence key and the documents in one read, and checks that each document is theirs and not rejected.
pub async fn read_documents(
    store: &Store,
    user: &UserId,
    ids: &[DocumentId],
    now: Timestamp,
) -> Result<AttachedDocuments> {
    let evidence = person_key::key(user, KeyPurpose::Evidence);
    let mut keys = vec![(Table::Keys, evidence.clone())];
    keys.extend(ids.iter().map(|id| (Table::Kyc, DocumentItem::key(user, id))));
    let mut found = store.get_many(&keys).await?;
    let mut documents = Vec::with_capacity(ids.len());
    for id in ids {
        let item: DocumentItem = read(found.remove(&DocumentItem::key(user, id)).ok_or_else(unknown)?)?;
        if !item.is_usable() {
            return Err(invalid("rejected_document", "This document was rejected. Upload another one."));
        }
        documents.push(item);
    }
    let evidence = found.remove(&evidence).map(read::<KeyItem>).transpose()?;
    let evidence = store.person_key(evidence.as_ref(), now).await?;
    let numbers = documents.iter().filter_map(|item| item.number(&evidence).transpose()).collect::<Result<_>>()?;
    Ok(AttachedDocuments { evidence, numbers })
}

fn unknown() -> verinym::error::Error {
    invalid("unknown_document", "This document does not exist, or belongs to another person.")
}

fn invalid(code: &'static str, message: &'static str) -> verinym::error::Error {
    RequestError::Invalid(vec![InvalidField::new("document_ids", FieldFault::new(code, message))]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use verinym::crypto::random::RandomId;

    fn texts(count: i64) -> Vec<String> {
        (0..count).map(|n| DocumentId::new(Timestamp::from_unix_millis(n)).to_string()).collect()
    }

    #[test]
    fn a_document_named_twice_counts_once() {
        let one = texts(1);
        assert_eq!(document_ids(&[one.clone(), one].concat()).unwrap().len(), 1);
    }

    #[test]
    fn more_than_ten_ids_and_malformed_ids_are_refused() {
        assert_eq!(document_ids(&texts(10)).unwrap().len(), 10);
        assert!(matches!(document_ids(&texts(11)), Err(verinym::error::Error::Check(CheckError::TooManyDocuments))));
        assert!(document_ids(&["chk_01h455vb4pex5vsknk084sn02q".to_owned()]).is_err());
    }
}
