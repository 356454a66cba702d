//! The bucket of lists: `lists/<id>/<when>-<hash>/<n>` files as they were fetched, `artifacts/<revision>-<hash>` what they
//! were compiled to, `uploads/<name>` what an operator put there.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_s3::{
    config::{Builder, timeout::TimeoutConfig},
    operation::head_object::HeadObjectError,
    primitives::ByteStream,
};
use sha2::{Digest, Sha256};

use super::{Watchlists, source::Place};
use crate::{
    domain::{
        aml::list::{StoredFile, Validator},
        time::Timestamp,
    },
    error::{Internal, Result},
    objects::read_whole,
};

/// Objects here have up to a few hundred megabytes, far beyond what the clients' time-outs are made for.
const TRANSFER: Duration = Duration::from_mins(1);

/// Old files are kept this many times, to look into what a source once gave; what is in force is compiled from the newest.
const KEPT: usize = 4;
/// Younger files may belong to a load that has not committed yet.
const YOUNG: Duration = Duration::from_hours(24);

/// An upload, or that it is still the same.
#[derive(Debug)]
pub(super) enum Upload {
    Missing,
    TooLarge,
    Unchanged { uploaded_at: Timestamp },
    Content { bytes: Vec<u8>, validator: Validator, uploaded_at: Timestamp },
}

pub(super) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn folder(list: &str) -> String {
    format!("lists/{list}/")
}

fn patient() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(TRANSFER)
        .operation_timeout(TRANSFER * 2);
    Builder::new().timeout_config(timeouts.build())
}

impl Watchlists<'_> {
    /// Puts an object of the lists' bucket.
    pub(super) async fn put_object(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        self.s3
            .put_object()
            .bucket(self.bucket)
            .key(key)
            .content_type("application/octet-stream")
            .body(ByteStream::from(bytes))
            .customize()
            .config_override(patient())
            .send()
            .await
            .map_err(|error| Internal::aws("put list", &error))?;
        Ok(())
    }

    /// Reads an object of the lists' bucket whole; what is gone or not what was put is corrupt.
    pub(super) async fn object(&self, key: &str, sha256: &str) -> Result<Vec<u8>> {
        let whole = self.object_as_put(key, sha256).await?;
        whole.ok_or_else(|| Internal::corrupt(format!("{key} is gone, or not what was put")).into())
    }

    /// The same, and nothing if it is gone or not what was put.
    pub(super) async fn object_as_put(&self, key: &str, sha256: &str) -> Result<Option<Vec<u8>>> {
        let get = self.s3.get_object().bucket(self.bucket).key(key);
        let bytes = read_whole(&get, key).await?;
        Ok(bytes.filter(|bytes| hash(bytes) == sha256))
    }

    /// Stores the files of a list in a folder of their own, so that no later clean-up can meet them half-way.
    pub(super) async fn store_files(
        &self,
        list: &str,
        began_at: Timestamp,
        sha256: &str,
        files: &[Vec<u8>],
    ) -> Result<Vec<StoredFile>> {
        let folder = format!("{}{:013}-{}/", folder(list), began_at.unix_millis(), &sha256[..16]);
        let mut stored = Vec::new();
        for (number, bytes) in files.iter().enumerate() {
            let key = format!("{folder}{number}");
            self.put_object(&key, bytes.clone()).await?;
            stored.push(StoredFile { key, sha256: hash(bytes) });
        }
        Ok(stored)
    }

    /// What an operator uploaded under a name. Time and tag both tell: who uploads the same bytes again confirms them.
    pub(super) async fn uploaded(&self, name: &str, known: Option<&Validator>, size: usize) -> Result<Upload> {
        let key = format!("uploads/{name}");
        let (s3, bucket) = (self.s3, self.bucket);
        let head = match s3.head_object().bucket(bucket).key(&key).send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => {
                return Ok(Upload::Missing);
            }
            Err(error) => return Err(Internal::aws("find upload", &error).into()),
        };
        let seconds = head.last_modified().map_or(0, aws_smithy_types::DateTime::secs);
        let uploaded_at = Timestamp::from_unix_seconds(seconds);
        let validator = Validator {
            place: Place::Upload(name.to_owned()).to_string(),
            etag: head.e_tag().map(str::to_owned),
            last_modified: Some(uploaded_at.to_string()),
        };
        if known == Some(&validator) {
            return Ok(Upload::Unchanged { uploaded_at });
        }
        if head.content_length().is_none_or(|length| usize::try_from(length).is_ok_and(|length| length > size)) {
            return Ok(Upload::TooLarge);
        }
        // If it was replaced meanwhile, this fails and the next try finds the new one.
        let get = s3.get_object().bucket(bucket).key(&key).set_if_match(validator.etag.clone());
        match read_whole(&get, "upload").await? {
            Some(bytes) => Ok(Upload::Content { bytes, validator, uploaded_at }),
            None => Ok(Upload::Missing),
        }
    }

    /// Deletes files of a list that neither it nor its last versions need; how many.
    pub(super) async fn tidy_files(&self, list: &str, needed: &[StoredFile], now: Timestamp) -> Result<usize> {
        let page = self
            .s3
            .list_objects_v2()
            .bucket(self.bucket)
            .prefix(folder(list))
            .send()
            .await
            .map_err(|error| Internal::aws("list files", &error))?;
        let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
        let surplus = surplus(keys, needed, now);
        for key in &surplus {
            self.s3
                .delete_object()
                .bucket(self.bucket)
                .key(key)
                .send()
                .await
                .map_err(|error| Internal::aws("delete file", &error))?;
        }
        Ok(surplus.len())
    }
}

/// Of a list's files those that may go: not needed, not young, and of none of its last folders.
fn surplus(keys: impl Iterator<Item = String>, needed: &[StoredFile], now: Timestamp) -> Vec<String> {
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in keys {
        if let Some((folder, _)) = key.rsplit_once('/') {
            folders.entry(folder.to_owned()).or_default().push(key);
        }
    }
    let put_at = |folder: &str| {
        let name = folder.rsplit('/').next().unwrap_or_default();
        let millis = name.split('-').next().and_then(|millis| millis.parse().ok());
        Timestamp::from_unix_millis(millis.unwrap_or(i64::MAX))
    };
    folders
        .into_iter()
        .rev()
        .skip(KEPT)
        .filter(|(folder, _)| now.since(put_at(folder)) > YOUNG)
        .flat_map(|(_, keys)| keys)
        .filter(|key| needed.iter().all(|file| file.key != *key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_old_and_many_go_but_never_those_in_force() {
        let day = 24 * 60 * 60 * 1000;
        let key = |days: i64, n: u8| format!("lists/un/{:013}-aa/{n}", days * day);
        let keys = || (1..=9).flat_map(|days| [key(days, 0), key(days, 1)]);
        let now = Timestamp::from_unix_millis(10 * day);
        let needed = [
            StoredFile { key: key(2, 0), sha256: String::new() },
            StoredFile { key: key(2, 1), sha256: String::new() },
        ];
        let mut gone = surplus(keys(), &needed, now);
        gone.sort();
        let expected: Vec<_> = [1, 3, 4, 5].into_iter().flat_map(|days| [key(days, 0), key(days, 1)]).collect();
        assert_eq!(gone, expected);
        // All young.
        assert!(surplus(keys(), &[], Timestamp::from_unix_millis(day)).is_empty());
        assert!(surplus(["lists/un/odd/0".to_owned()].into_iter(), &[], now).is_empty());
    }
}
