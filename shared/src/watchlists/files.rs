//! The bucket of lists: `lists/<id>/<when>-<hash>/<n>` files as they were fetched, `artifacts/<revision>-<hash>` what they
//! were compiled to, `uploads/<name>` what an operator put there.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_s3::{
    config::{Builder, timeout::TimeoutConfig},
    operation::head_object::HeadObjectError,
    primitives::ByteStream,
};
use sha2::{Digest, Sha256};

use super::{Watchlists, source::ListLocation};
use crate::{
    domain::{
        aml::list::{FileValidator, StoredFile},
        time::Timestamp,
    },
    error::{Internal, Result},
    objects::read_whole,
};

/// Time-out of a transfer. Objects of a few hundred megabytes take longer than the clients' own time-outs.
const TRANSFER: Duration = Duration::from_mins(1);

/// How many versions of a list's files are kept for investigation; the newest is in force.
const KEPT_VERSIONS: usize = 4;
/// Files younger than this are kept: they may belong to a load that has not committed yet.
const MIN_AGE: Duration = Duration::from_hours(24);

/// The result of reading an upload.
#[derive(Debug)]
pub(super) enum UploadedFile {
    Missing,
    TooLarge,
    Unchanged { uploaded_at: Timestamp },
    Content { bytes: Vec<u8>, validator: FileValidator, uploaded_at: Timestamp },
}

pub(super) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn folder(list: &str) -> String {
    format!("lists/{list}/")
}

fn long_timeouts() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(TRANSFER)
        .operation_timeout(TRANSFER * 2);
    Builder::new().timeout_config(timeouts.build())
}

impl Watchlists<'_> {
    /// Writes an object to the bucket of lists.
    pub(super) async fn put_object(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        self.s3
            .put_object()
            .bucket(self.bucket)
            .key(key)
            .content_type("application/octet-stream")
            .body(ByteStream::from(bytes))
            .customize()
            .config_override(long_timeouts())
            .send()
            .await
            .map_err(|error| Internal::aws("put list", &error))?;
        Ok(())
    }

    /// Reads an object of the bucket of lists. `Corrupt` if it is missing or its hash differs.
    pub(super) async fn object(&self, key: &str, sha256: &str) -> Result<Vec<u8>> {
        let whole = self.intact_object(key, sha256).await?;
        whole.ok_or_else(|| Internal::corrupt(format!("{key} is missing or has another hash")).into())
    }

    /// Like [`Self::object`], but `None` if it is missing or its hash differs.
    pub(super) async fn intact_object(&self, key: &str, sha256: &str) -> Result<Option<Vec<u8>>> {
        let get = self.s3.get_object().bucket(self.bucket).key(key);
        let bytes = read_whole(&get, key).await?;
        Ok(bytes.filter(|bytes| hash(bytes) == sha256))
    }

    /// Stores the files of a list in a folder of their own, so that a later clean-up removes all of them or none.
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

    /// Reads an operator's upload by its name. Time and entity tag identify it, so uploading the same bytes again confirms
    /// the list.
    pub(super) async fn uploaded(
        &self,
        name: &str,
        known: Option<&FileValidator>,
        size: usize,
    ) -> Result<UploadedFile> {
        let key = format!("uploads/{name}");
        let (s3, bucket) = (self.s3, self.bucket);
        let head = match s3.head_object().bucket(bucket).key(&key).send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => {
                return Ok(UploadedFile::Missing);
            }
            Err(error) => return Err(Internal::aws("find upload", &error).into()),
        };
        let seconds = head.last_modified().map_or(0, aws_smithy_types::DateTime::secs);
        let uploaded_at = Timestamp::from_unix_seconds(seconds);
        let validator = FileValidator {
            place: ListLocation::Upload(name.to_owned()).to_string(),
            etag: head.e_tag().map(str::to_owned),
            last_modified: Some(uploaded_at.to_string()),
        };
        if known == Some(&validator) {
            return Ok(UploadedFile::Unchanged { uploaded_at });
        }
        if head.content_length().is_none_or(|length| usize::try_from(length).is_ok_and(|length| length > size)) {
            return Ok(UploadedFile::TooLarge);
        }
        // If the upload was replaced meanwhile, this fails and the next try reads the new one.
        let get = s3.get_object().bucket(bucket).key(&key).set_if_match(validator.etag.clone());
        match read_whole(&get, "upload").await? {
            Some(bytes) => Ok(UploadedFile::Content { bytes, validator, uploaded_at }),
            None => Ok(UploadedFile::Missing),
        }
    }

    /// Deletes the files of a list that neither it nor its kept versions need. Returns their number.
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

/// The files of a list that can be deleted: not needed, not young, and not of a kept version.
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
        .skip(KEPT_VERSIONS)
        .filter(|(folder, _)| now.since(put_at(folder)) > MIN_AGE)
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
