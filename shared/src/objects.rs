//! The bucket of documents. It holds only encrypted documents. Keys are `documents/<id>`; ids sort by time, so the documents of a
//! period can be listed.

use aws_sdk_s3::{
    error::ProvideErrorMetadata, operation::get_object::builders::GetObjectFluentBuilder, primitives::ByteStream,
};

use crate::{
    app::App,
    crypto::document::Covering,
    domain::{id::DocumentId, time::Timestamp},
    error::{Internal, Result},
};

const PREFIX: &str = "documents/";

fn key(id: &DocumentId) -> String {
    format!("{PREFIX}{id}")
}

/// Reads a whole object; `None` if it does not exist. An interrupted body is read a second time, since the SDK retries failed calls but
/// not interrupted bodies. Without `s3:ListBucket` S3 responds 403 for a missing key, so each role that reads objects has it.
///
/// # Errors
/// `Unavailable` if S3 refuses, does not respond, or the body is interrupted twice.
pub(crate) async fn read_whole(get: &GetObjectFluentBuilder, what: &str) -> Result<Option<Vec<u8>>> {
    let mut interruption = None;
    for _ in 0..2 {
        let object = match get.clone().send().await {
            Ok(object) => object,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(Internal::aws(&format!("get {what}"), &error).into()),
        };
        match object.body.collect().await {
            Ok(bytes) => return Ok(Some(bytes.to_vec())),
            Err(error) => {
                tracing::warn!(what, %error, "the body of an object was interrupted");
                interruption = Some(error);
            }
        }
    }
    let cause = interruption.map(|error| error.to_string()).unwrap_or_default();
    Err(Internal::unavailable(format!("{what} was interrupted twice: {cause}")).into())
}

impl App {
    /// Stores an encrypted document.
    pub async fn put_document(&self, id: &DocumentId, encrypted: Vec<u8>) -> Result<()> {
        self.s3()
            .await
            .put_object()
            .bucket(&self.config.documents_bucket)
            .key(key(id))
            .content_type("application/octet-stream")
            .body(ByteStream::from(encrypted))
            .send()
            .await
            .map_err(|error| Internal::aws("put document", &error))?;
        Ok(())
    }

    /// The encrypted bytes that cover a range of the plain content; `None` if the object does not exist.
    pub async fn fetch_document(&self, id: &DocumentId, covering: &Covering) -> Result<Option<Vec<u8>>> {
        let get = self.s3().await.get_object().bucket(&self.config.documents_bucket).key(key(id));
        read_whole(&get.range(covering.http_range()), "document").await
    }

    /// Deletes an object. A missing object is not an error.
    pub async fn delete_document(&self, id: &DocumentId) -> Result<()> {
        self.s3()
            .await
            .delete_object()
            .bucket(&self.config.documents_bucket)
            .key(key(id))
            .send()
            .await
            .map_err(|error| Internal::aws("delete document", &error))?;
        Ok(())
    }

    /// Ids of up to a thousand documents that were created in a period, after a given id.
    pub async fn documents_created_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        after: Option<&DocumentId>,
    ) -> Result<Vec<DocumentId>> {
        let start = after.map_or_else(|| key(&DocumentId::from_parts(from, [0; 10])), key);
        let end = DocumentId::from_parts(to, [0; 10]);
        let page = self
            .s3()
            .await
            .list_objects_v2()
            .bucket(&self.config.documents_bucket)
            .prefix(PREFIX)
            .start_after(start)
            .send()
            .await
            .map_err(|error| Internal::aws("list documents", &error))?;
        let names = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
        let ids = names.filter_map(|name| name.strip_prefix(PREFIX)?.parse::<DocumentId>().ok());
        Ok(ids.take_while(|id| *id < end).collect())
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

    use super::*;
    use crate::test_server::{ServerReply, TestServer};

    /// Reads an object from a server with these replies; also returns the number of requests.
    async fn read(replies: Vec<ServerReply>) -> (Result<Option<Vec<u8>>>, usize) {
        let server = TestServer::start(replies);
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(server.url.as_str())
            .force_path_style(true)
            .build();
        let get = aws_sdk_s3::Client::from_conf(config).get_object().bucket("bucket").key("key");
        let found = read_whole(&get, "object").await;
        (found, server.requests().len())
    }

    fn whole() -> ServerReply {
        ServerReply::Response(200, "", "content".to_owned())
    }

    #[tokio::test]
    async fn an_interrupted_body_is_read_a_second_time() {
        let (found, requests) = read(vec![ServerReply::Interrupted, whole()]).await;
        assert_eq!((found.unwrap().as_deref(), requests), (Some(&b"content"[..]), 2));
    }

    #[tokio::test]
    async fn a_body_that_is_interrupted_twice_is_unavailable() {
        let (found, requests) = read(vec![ServerReply::Interrupted, ServerReply::Interrupted, whole()]).await;
        assert!(found.unwrap_err().to_string().contains("interrupted twice"));
        assert_eq!(requests, 2);
    }

    #[tokio::test]
    async fn a_missing_object_is_none_and_a_refusal_is_an_error() {
        let error = |status, code: &str| {
            let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>");
            ServerReply::Response(status, "content-type: application/xml\r\n", body)
        };
        assert_eq!(read(vec![error(404, "NoSuchKey")]).await.0.unwrap(), None);
        assert!(read(vec![error(403, "AccessDenied")]).await.0.is_err());
        assert!(read(vec![error(404, "NoSuchBucket")]).await.0.is_err());
    }
}
