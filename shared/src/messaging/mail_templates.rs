//! Templates of mails that a deployment has in place of ours: one JSON object in S3, `{"check_approved/en/subject.txt": "…", …}`.

use std::{collections::BTreeMap, sync::Arc};

use super::notification::Templates;
use crate::{
    app::{Aged, App, SECRET_AGE},
    error::Result,
    objects::read_whole,
};

/// Folder of the bucket of lists.
const FOLDER: &str = "mail";
/// Largest object in bytes.
const LONGEST: usize = 1024 * 1024;

type LoadedTemplates = Aged<Templates>;

impl App {
    /// The templates in force. They are read again after some minutes. A missing or faulty object is logged, and ours are used.
    ///
    /// # Errors
    /// `Unavailable` if S3 does not answer.
    pub async fn mail_templates(&self) -> Result<Arc<Templates>> {
        let loaded = self.state::<LoadedTemplates>();
        let name = self.config.mail()?.templates.as_deref();
        loaded
            .get(SECRET_AGE, async || {
                let Some(name) = name else { return Ok(Templates::ours().clone()) };
                let get =
                    self.s3().await.get_object().bucket(&self.config.lists_bucket).key(format!("{FOLDER}/{name}"));
                let object = read_whole(&get, "mail templates").await?;
                Ok(parse(object.as_deref()).unwrap_or_else(|fault| {
                    tracing::error!(object = name, fault, "the mail templates of the deployment are not used");
                    Templates::ours().clone()
                }))
            })
            .await
    }
}

fn parse(object: Option<&[u8]>) -> Result<Templates, String> {
    let bytes = object.ok_or("the object does not exist")?;
    if bytes.len() > LONGEST {
        return Err(format!("the object has more than {LONGEST} bytes"));
    }
    let files: BTreeMap<String, String> =
        serde_json::from_slice(bytes).map_err(|error| format!("not a JSON object of texts: {error}"))?;
    Templates::with_files(files).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_cannot_be_used_is_named_with_its_fault() {
        assert!(parse(None).unwrap_err().contains("does not exist"));
        assert!(parse(Some(b"[]")).unwrap_err().contains("not a JSON object"));
        assert!(parse(Some(br#"{"check_approved/en/subject.txt": 7}"#)).unwrap_err().contains("not a JSON object"));
        assert!(parse(Some(&vec![b' '; LONGEST + 1])).unwrap_err().contains("bytes"));
        assert!(parse(Some(br#"{"check_approved/en/title.txt": ""}"#)).unwrap_err().contains("title.txt"));
        assert!(parse(Some(br#"{"check_approved/en/subject.txt": "Verified"}"#)).is_ok());
    }
}
