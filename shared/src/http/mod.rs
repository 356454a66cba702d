//! The endpoint harness: extract, authenticate, limit, replay, answer.
//!
//! A route is a [`Route`] (what is declared), a handler `async fn(Call<A>, I) -> Result<R>` (what is done) and
//! [`serve`] (what is the same for all). The handler's types carry the rest: `A` is the authority it needs, `I` what it
//! takes, `R` what it answers; the OpenAPI document is made from the same types.

pub mod authority;
pub mod call;
pub mod command;
mod content_type;
pub mod endpoint;
#[cfg(test)]
mod gateway_tests;
mod headers;
pub mod idempotency;
pub mod input;
pub mod limit;
pub mod list;
mod method;
pub mod multipart;
pub mod openapi;
pub mod owner;
pub mod principal;
pub mod problem;
pub mod proof;
pub mod reads;
pub mod reply;
mod serve;
#[cfg(test)]
mod tests;

pub use authority::{Anonymous, Can, CanIf, Signed, SignedOrNot};
pub use call::{Call, Meta};
pub use command::Committed;
pub use endpoint::{Endpoint, Route};
pub use input::{Headers, Json, Path, Query, Raw};
pub use limit::{By, Limited};
pub use multipart::Upload;
pub use owner::{NotOwner, OwnerOr};
pub use principal::{Person, Principal};
pub use reply::{Accepted, Binary, Created, Either, NoContent, Page, Plain, Text, Unavailable, Versioned};
pub use serve::{Boxed, requests, respond, serve};
