//! Cursors: where a list goes on, encrypted and bound to caller, route and filters.

use super::call::Call;
use crate::{
    app::App,
    crypto,
    domain::id::UserId,
    error::{Internal, RequestError, Result},
    store::Position,
};

/// What a cursor is bound to; used anywhere else it is [`RequestError::InvalidCursor`].
#[derive(Debug)]
pub struct Binding {
    parts: Vec<Vec<u8>>,
}

impl Binding {
    pub fn new<A>(call: &Call<A>, caller: &UserId, filters: &[&str]) -> Self {
        let mut parts = vec![call.meta.function.as_bytes().to_vec(), caller.to_string().into_bytes()];
        parts.extend(filters.iter().map(|filter| filter.as_bytes().to_vec()));
        Self { parts }
    }

    fn parts(&self) -> Vec<&[u8]> {
        self.parts.iter().map(Vec::as_slice).collect()
    }

    pub async fn open(&self, app: &App, cursor: Option<&str>) -> Result<Option<Position>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let keys = app.token_secrets().await?;
        let plain = crypto::cursor::open(&keys.cursor, &self.parts(), cursor).ok_or(RequestError::InvalidCursor)?;
        serde_json::from_slice(&plain).map(Some).map_err(|_| RequestError::InvalidCursor.into())
    }

    pub async fn seal(&self, app: &App, position: Option<&Position>) -> Result<Option<String>> {
        let Some(position) = position else { return Ok(None) };
        let keys = app.token_secrets().await?;
        let plain = serde_json::to_vec(position).map_err(Internal::bug)?;
        Ok(Some(crypto::cursor::seal(&keys.cursor, &self.parts(), &plain)))
    }
}

/// `limit` of a list: 1–100, 25 by default.
pub fn page_size(limit: Option<u32>) -> Result<u32> {
    match limit {
        None => Ok(25),
        Some(limit @ 1..=100) => Ok(limit),
        Some(_) => Err(RequestError::Invalid(vec![crate::domain::field::Invalid {
            field: "limit".into(),
            code: "out_of_range",
            message: "Between 1 and 100.",
        }])
        .into()),
    }
}
