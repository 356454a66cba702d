//! The endpoint harness: it authenticates, limits, parses, replays and responds.
//!
//! An [`Endpoint`] joins a [`Route`] (the declaration) and a handler `async fn(Call<A>, I) -> Result<R>`; [`serve()`] runs it. `A` is
//! the authority that the handler requires, `I` its input, `R` its reply. The OpenAPI document is generated from the same types.
//!
//! The modules are layers, each of which imports only those above it:
//! 1. declaration: `problem::types`, `route`, `form`;
//! 2. incoming call: `principal`, `call`, `headers`, `limit`, `client_address`;
//! 3. response and its description: `response`, `problem`, `operation`, `etag`;
//! 4. the types of a handler: `authority`, `owner`, `input`, `multipart`, `oauth`, `client_authentication`, `reply`, `command`, `list`;
//! 5. serving: `endpoint`, `serve`, `openapi` with `example`.

pub mod authority;
pub mod call;
mod client_address;
pub mod client_authentication;
pub mod command;
mod content_type;
pub mod endpoint;
mod etag;
mod example;
pub mod form;
#[cfg(test)]
mod gateway_tests;
mod headers;
pub mod idempotency;
pub mod input;
pub mod limit;
mod limit_report;
pub mod list;
pub mod mailed_token;
mod method;
pub mod multipart;
pub mod oauth;
pub mod openapi;
pub mod operation;
pub mod owner;
pub mod principal;
pub mod problem;
pub mod proof;
pub mod reads;
pub mod reply;
pub mod response;
pub mod route;
mod serve;
#[cfg(test)]
mod tests;
mod text_message;
pub mod urlencoded;

pub use authority::{Anonymous, AnybodyOrSigned, Can, CanIf, Recent, Signed, SignedOrCan, SignedOrNot};
pub use call::{Call, Meta};
pub use command::Committed;
pub use endpoint::Endpoint;
pub use form::{Form, FormField};
pub use headers::bearer_token;
pub use input::{Headers, Json, Path, Query, RawBody, RequestLine};
pub use multipart::Upload;
pub use operation::OperationDoc;
pub use owner::{NotOwner, OwnerOr};
pub use principal::{Caller, ClientCaller, Person, Principal};
pub use reply::{
    Accepted, Binary, Created, Either, NoContent, Page, Plain, Reply, SeeOther, ShowingHits, ShownOnce, Text,
    Unavailable, Versioned,
};
pub use response::Response;
pub use route::{By, Limited, Route};
pub use serve::{RequestHandler, requests, respond, serve};
pub use urlencoded::UrlEncoded;
