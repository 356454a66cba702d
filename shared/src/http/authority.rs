//! Authority as types: the signature of a handler states who may call it, so no handler can forget the check.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use super::{
    call::Incoming,
    operation::OperationDoc,
    principal::{Person, Principal},
    problem::types,
};
use crate::{
    app::App,
    domain::{role::RequiredPermission, session::is_recent_authentication},
    error::{RequestError, Result},
    store::item::Key,
};

/// Who may call a handler.
pub trait Authority: Sized + Send + 'static {
    /// Whether every call is authenticated by its bearer token.
    const AUTHENTICATED: bool;

    /// Whether some calls are.
    const MAY_AUTHENTICATE: bool = Self::AUTHENTICATED;

    /// Whether [`Self::owner_key`] names an item, so that the function reads the owner of the resource.
    const READS_OWNER: bool = false;

    /// Whether this call is authenticated.
    fn authenticates(_: &Incoming) -> bool {
        Self::AUTHENTICATED
    }

    /// Refuses callers who lack the authority whatever the input is; called before the input is parsed.
    fn permit(incoming: &Incoming) -> Result<()>;

    /// Key of the item that states the owner of the resource in the path, if the authority depends on the owner.
    fn owner_key(_: &Incoming) -> Option<Key> {
        None
    }

    /// Makes the authority of this call, after the input was parsed; loads the resource that the authority depends on.
    fn admit(app: &'static App, incoming: &Incoming) -> impl Future<Output = Result<Self>> + Send;

    fn describe(doc: &mut OperationDoc);
}

/// No authentication; a bearer token is ignored.
#[derive(Debug, Clone, Copy)]
pub struct Anonymous;

impl Authority for Anonymous {
    const AUTHENTICATED: bool = false;

    fn permit(_: &Incoming) -> Result<()> {
        Ok(())
    }

    async fn admit(_: &'static App, _: &Incoming) -> Result<Self> {
        Ok(Self)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.anonymous();
    }
}

/// A signed-in person, who has access to their own data.
#[derive(Debug, Clone)]
pub struct Signed(Arc<Person>);

impl Deref for Signed {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.0
    }
}

impl Authority for Signed {
    const AUTHENTICATED: bool = true;

    fn permit(incoming: &Incoming) -> Result<()> {
        incoming.person().map(|_| ())
    }

    async fn admit(_: &'static App, incoming: &Incoming) -> Result<Self> {
        incoming.person().cloned().map(Self)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.bearer(None);
        doc.problem(&types::PERSON_REQUIRED);
    }
}

/// A signed-in person or an anonymous caller, for routes that accept another proof instead of a token. A call with an
/// `Authorization` header is authenticated as usual; the handler decides about a call without one.
#[derive(Debug, Clone)]
pub struct SignedOrNot(Option<Signed>);

impl SignedOrNot {
    pub fn signed(&self) -> Option<&Person> {
        self.0.as_deref()
    }
}

impl Authority for SignedOrNot {
    const AUTHENTICATED: bool = true;

    fn authenticates(incoming: &Incoming) -> bool {
        incoming.headers.contains_key(http::header::AUTHORIZATION)
    }

    fn permit(incoming: &Incoming) -> Result<()> {
        if Self::authenticates(incoming) { Signed::permit(incoming) } else { Ok(()) }
    }

    async fn admit(app: &'static App, incoming: &Incoming) -> Result<Self> {
        let signed = if Self::authenticates(incoming) { Some(Signed::admit(app, incoming).await?) } else { None };
        Ok(Self(signed))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.bearer_or_body();
        doc.problem(&types::PERSON_REQUIRED);
    }
}

/// Anybody. A call with an `Authorization` header is authenticated as usual, and the handler may use who calls.
#[derive(Debug, Clone)]
pub struct AnybodyOrSigned(Option<Signed>);

impl AnybodyOrSigned {
    pub fn signed(&self) -> Option<&Person> {
        self.0.as_deref()
    }
}

impl Authority for AnybodyOrSigned {
    const AUTHENTICATED: bool = false;
    const MAY_AUTHENTICATE: bool = true;

    fn authenticates(incoming: &Incoming) -> bool {
        SignedOrNot::authenticates(incoming)
    }

    fn permit(incoming: &Incoming) -> Result<()> {
        SignedOrNot::permit(incoming)
    }

    async fn admit(app: &'static App, incoming: &Incoming) -> Result<Self> {
        SignedOrNot::admit(app, incoming).await.map(|SignedOrNot(signed)| Self(signed))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.anonymous_or_bearer();
    }
}

/// A signed-in person whose roles grant the permission `P`, or a machine client whose token has it as a scope.
#[derive(Debug, Clone)]
pub struct Can<P>(Principal, PhantomData<P>);

impl<P> Deref for Can<P> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<P: RequiredPermission + Send + 'static> Authority for Can<P> {
    const AUTHENTICATED: bool = true;

    fn permit(incoming: &Incoming) -> Result<()> {
        let permitted = incoming.principal()?.can::<P>();
        if permitted { Ok(()) } else { Err(RequestError::Forbidden(P::PERMISSION).into()) }
    }

    async fn admit(_: &'static App, incoming: &Incoming) -> Result<Self> {
        Self::permit(incoming)?;
        Ok(Self(incoming.principal()?.clone(), PhantomData))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.bearer(Some(P::PERMISSION));
    }
}

/// A signed-in person, for what is their own, or a machine client whose token has `P` as a scope.
#[derive(Debug, Clone)]
pub struct SignedOrCan<P>(Principal, PhantomData<P>);

impl<P> Deref for SignedOrCan<P> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<P: RequiredPermission + Send + 'static> Authority for SignedOrCan<P> {
    const AUTHENTICATED: bool = true;

    fn permit(incoming: &Incoming) -> Result<()> {
        let caller = incoming.principal()?;
        let permitted = caller.person().is_some() || caller.can::<P>();
        if permitted { Ok(()) } else { Err(RequestError::Forbidden(P::PERMISSION).into()) }
    }

    async fn admit(_: &'static App, incoming: &Incoming) -> Result<Self> {
        Self::permit(incoming)?;
        Ok(Self(incoming.principal()?.clone(), PhantomData))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.bearer(None);
        doc.problem(&types::FORBIDDEN);
    }
}

/// The authority `A` of a person who authenticated within the last five minutes, for operations that the owner of a stolen
/// session must not be able to perform. Where a second factor is enrolled, the session must have proved it. The `auth_time` of the access token decides: refreshing a session does not change it.
/// Of a machine client, whose token cannot be refreshed, the time at which it got the token decides.
#[derive(Debug, Clone)]
pub struct Recent<A = Signed>(A);

impl<A: Deref> Deref for Recent<A> {
    type Target = A::Target;
    fn deref(&self) -> &A::Target {
        &self.0
    }
}

impl<A: Authority> Authority for Recent<A> {
    const AUTHENTICATED: bool = true;
    const READS_OWNER: bool = A::READS_OWNER;

    fn permit(incoming: &Incoming) -> Result<()> {
        A::permit(incoming)?;
        let caller = incoming.principal()?;
        let recent = is_recent_authentication(caller.auth_time(), incoming.meta.now);
        if recent && caller.proved_all_factors() { Ok(()) } else { Err(RequestError::ReauthenticationRequired.into()) }
    }

    fn owner_key(incoming: &Incoming) -> Option<Key> {
        A::owner_key(incoming)
    }

    async fn admit(app: &'static App, incoming: &Incoming) -> Result<Self> {
        A::admit(app, incoming).await.map(Self)
    }

    fn describe(doc: &mut OperationDoc) {
        A::describe(doc);
        doc.recent_authentication();
    }
}

/// A flag in the query string that needs more authority than the rest of the route.
pub trait Flag: Send + 'static {
    const NAME: &'static str;
}

/// No authentication, except for calls that set the flag `F`: they need the permission `P`.
#[derive(Debug, Clone)]
pub struct CanIf<F, P>(Option<Can<P>>, PhantomData<F>);

impl<F, P> CanIf<F, P> {
    /// Whether the flag is set. The caller then has the permission.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

impl<F: Flag, P: RequiredPermission + Send + 'static> Authority for CanIf<F, P> {
    const AUTHENTICATED: bool = false;
    const MAY_AUTHENTICATE: bool = true;

    fn authenticates(incoming: &Incoming) -> bool {
        url::form_urlencoded::parse(incoming.query.as_bytes()).any(|(name, value)| name == F::NAME && value == "true")
    }

    fn permit(incoming: &Incoming) -> Result<()> {
        if Self::authenticates(incoming) { Can::<P>::permit(incoming) } else { Ok(()) }
    }

    async fn admit(app: &'static App, incoming: &Incoming) -> Result<Self> {
        let can = if Self::authenticates(incoming) { Some(Can::admit(app, incoming).await?) } else { None };
        Ok(Self(can, PhantomData))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.anonymous_unless(F::NAME, P::PERMISSION);
    }
}
