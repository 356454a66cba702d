//! Authority as types: a handler names in its signature who may call it, so it cannot forget to ask.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use super::{call::Incoming, openapi::OperationDoc};
use crate::{
    domain::{
        id::{SessionId, UserId},
        role::{Needs, PermissionSet},
    },
    error::{RequestError, Result},
    store::{session::SessionItem, user::AuthItem},
};

/// A signed-in person: live session, live account, roles as of this call.
#[derive(Debug)]
pub struct Caller {
    pub user: UserId,
    pub session: SessionId,
    pub auth: AuthItem,
    pub session_item: SessionItem,
    pub permissions: PermissionSet,
}

impl Caller {
    pub fn can<P: Needs>(&self) -> bool {
        self.permissions.allows(P::PERMISSION)
    }
}

/// Who may call a handler.
pub trait Authority: Sized + Send + 'static {
    /// Whether the harness looks at the bearer token.
    const AUTHENTICATED: bool;

    /// Whether it does so for any request at all.
    const MAY_AUTHENTICATE: bool = Self::AUTHENTICATED;

    /// The same for one request, where that depends on what is asked for.
    fn authenticates(_: &Incoming) -> bool {
        Self::AUTHENTICATED
    }

    fn admit(incoming: &Incoming) -> Result<Self>;

    fn describe(doc: &mut OperationDoc);
}

/// Anybody; a bearer token is not looked at.
#[derive(Debug, Clone, Copy)]
pub struct Anonymous;

impl Authority for Anonymous {
    const AUTHENTICATED: bool = false;

    fn admit(_: &Incoming) -> Result<Self> {
        Ok(Self)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.anonymous();
    }
}

/// Anybody signed in; what they may see is what is theirs.
#[derive(Debug, Clone)]
pub struct Signed(Arc<Caller>);

impl Deref for Signed {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Authority for Signed {
    const AUTHENTICATED: bool = true;

    fn admit(incoming: &Incoming) -> Result<Self> {
        incoming.caller.clone().map(Self).ok_or(RequestError::Unauthenticated.into())
    }

    fn describe(doc: &mut OperationDoc) {
        doc.bearer(None);
    }
}

/// Somebody signed in, or nobody: for routes that take another proof in place of a token. A call with an `Authorization`
/// header is authenticated like any other; a handler decides about one without.
#[derive(Debug, Clone)]
pub struct SignedOrNot(Option<Signed>);

impl SignedOrNot {
    pub fn signed(&self) -> Option<&Caller> {
        self.0.as_deref()
    }
}

impl Authority for SignedOrNot {
    const AUTHENTICATED: bool = true;

    fn authenticates(incoming: &Incoming) -> bool {
        incoming.headers.contains_key(http::header::AUTHORIZATION)
    }

    fn admit(incoming: &Incoming) -> Result<Self> {
        Ok(Self(Self::authenticates(incoming).then(|| Signed::admit(incoming)).transpose()?))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.bearer_or_body();
    }
}

/// Somebody signed in whose roles grant the permission `P`.
#[derive(Debug, Clone)]
pub struct Can<P>(Signed, PhantomData<P>);

impl<P> Deref for Can<P> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl<P: Needs + Send + 'static> Authority for Can<P> {
    const AUTHENTICATED: bool = true;

    fn admit(incoming: &Incoming) -> Result<Self> {
        let signed = Signed::admit(incoming)?;
        if signed.can::<P>() {
            Ok(Self(signed, PhantomData))
        } else {
            Err(RequestError::Forbidden(P::PERMISSION).into())
        }
    }

    fn describe(doc: &mut OperationDoc) {
        doc.bearer(Some(P::PERMISSION));
    }
}

/// A flag of the query that asks for more than anybody may have.
pub trait Flag: Send + 'static {
    const NAME: &'static str;
}

/// Anybody; but who sets the flag `F` needs the permission `P`, as if it were another route.
#[derive(Debug, Clone)]
pub struct CanIf<F, P>(Option<Can<P>>, PhantomData<F>);

impl<F, P> CanIf<F, P> {
    /// Whether the flag is set, by somebody who may.
    pub fn asked(&self) -> bool {
        self.0.is_some()
    }
}

impl<F: Flag, P: Needs + Send + 'static> Authority for CanIf<F, P> {
    const AUTHENTICATED: bool = false;
    const MAY_AUTHENTICATE: bool = true;

    fn authenticates(incoming: &Incoming) -> bool {
        url::form_urlencoded::parse(incoming.query.as_bytes()).any(|(name, value)| name == F::NAME && value == "true")
    }

    fn admit(incoming: &Incoming) -> Result<Self> {
        let can = Self::authenticates(incoming).then(|| Can::admit(incoming)).transpose()?;
        Ok(Self(can, PhantomData))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.anonymous_unless(F::NAME, P::PERMISSION);
    }
}
