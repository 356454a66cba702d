//! The owner of a resource: the item `<id>` · `REF`, which is read where a path names the resource.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Store, item::Key};
use crate::{
    domain::{id::UserId, time::Timestamp},
    error::Result,
};

/// The body of an owner item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Owner {
    pub owner: UserId,
}

/// A resource that belongs to a person and has an id in a path.
pub trait OwnedResource: Sized + Send + 'static {
    type Id: FromStr + Send;

    /// The key of the item with its owner.
    fn owner_key(id: &Self::Id) -> Key;

    /// Reads the resource; `None` if it does not exist any more.
    fn load(
        store: &Store,
        owner: &UserId,
        id: Self::Id,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Self>>> + Send;
}
