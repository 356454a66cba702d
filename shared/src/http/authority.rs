//! Authority as types: a handler names in its signature who may call it, so it cannot forget to ask.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use super::{call::Incoming, operation::OperationDoc, principal::Person};
use crate::{
    app::App,
    domain::role::Needs,
    error::{RequestError, Result},
    store::item::Key,
};

/// Who may call a handler.
pub trait Authority: Sized + Send + 'static {
    /// Whether the harness looks at the bearer token.
    const AUTHENTICATED: bool;

    /// Whether it does so for any request at all.
    const MAY_AUTHENTICATE: bool = Self::AUTHENTICATED;

    /// Whether [`Self::owner_key`] names an item, so that the function reads whose the resource is.
    const READS_OWNER: bool = false;

    /// The same for one request, where that depends on what is asked for.
    fn authenticates(_: &Incoming) -> bool {
        Self::AUTHENTICATED
    }

    /// Refuses who may not call at all, before the input is read.
    fn permit(incoming: &Incoming) -> Result<()>;

    /// Where the store tells whose the resource is that the path names, for an authority that depends on its owner.
    fn owner_key(_: &Incoming) -> Option<Key> {
        None
    }

    /// The authority of this call, after its input was read; loads the resource that the authority depends on.
    fn admit(app: &'static App, incoming: &Incoming) -> impl Future<Output = Result<Self>> + Send;

    fn describe(doc: &mut OperationDoc);
}

/// Anybody; a bearer token is not looked at.
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

/// Anybody signed in; what they may see is what is theirs.
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
    }
}

/// Somebody signed in, or nobody: for routes that take another proof in place of a token. A call with an `Authorization`
/// header is authenticated like any other; a handler decides about one without.
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
    }
}

/// Somebody signed in whose roles grant the permission `P`.
#[derive(Debug, Clone)]
pub struct Can<P>(Signed, PhantomData<P>);

impl<P> Deref for Can<P> {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.0
    }
}

impl<P: Needs + Send + 'static> Authority for Can<P> {
    const AUTHENTICATED: bool = true;

    fn permit(incoming: &Incoming) -> Result<()> {
        let permitted = incoming.person()?.can::<P>();
        if permitted { Ok(()) } else { Err(RequestError::Forbidden(P::PERMISSION).into()) }
    }

    async fn admit(app: &'static App, incoming: &Incoming) -> Result<Self> {
        Self::permit(incoming)?;
        Ok(Self(Signed::admit(app, incoming).await?, PhantomData))
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
