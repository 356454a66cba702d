//! A route with its handler, whose types are erased.

use std::{future::Future, pin::Pin, sync::Arc};

use super::{
    authority::Authority,
    call::{Call, Incoming},
    idempotency,
    input::Input,
    operation::OperationDoc,
    reply::Reply,
    response::Response,
    route::Route,
};
use crate::{
    app::App,
    config::Section,
    error::Result,
    function::{Capability, Function, Needs, Trigger, area_of},
    store::{Table, item::Key},
};

impl Route {
    /// Joins the route with its handler.
    pub fn handled_by<A, I, R, F, Fut>(self, handler: F) -> Endpoint
    where
        A: Authority,
        I: Input,
        R: Reply,
        F: Fn(Call<A>, I) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        Endpoint {
            route: Arc::new(self.with_default_limits(A::AUTHENTICATED)),
            authenticates: A::authenticates,
            may_authenticate: A::MAY_AUTHENTICATE,
            reads_owner: A::READS_OWNER,
            owner_key: A::owner_key,
            commits: R::COMMITTED,
            run: Arc::new(move |app, incoming| Box::pin(run(app, incoming, handler))),
            describe: describe::<A, I, R>,
        }
    }
}

/// A handler without its types. It is boxed, so that the runtime's generics are compiled once and not for each function.
type ErasedHandler =
    dyn Fn(&'static App, Incoming) -> Pin<Box<dyn Future<Output = Result<Response>> + Send>> + Send + Sync;

/// A route with its handler.
#[derive(Clone)]
pub struct Endpoint {
    pub route: Arc<Route>,
    /// Whether the handler returns the reply of a command, which stores it for the idempotency key.
    pub commits: bool,
    pub(super) authenticates: fn(&Incoming) -> bool,
    may_authenticate: bool,
    reads_owner: bool,
    pub(super) owner_key: fn(&Incoming) -> Option<Key>,
    pub(super) run: Arc<ErasedHandler>,
    pub(super) describe: fn(&Route, &mut OperationDoc),
}

impl Endpoint {
    /// Whether a machine client may hand on the address of the person on whose behalf it calls.
    pub(super) fn takes_client_address(&self) -> bool {
        self.may_authenticate || self.route.counts_networks()
    }

    /// The function that serves the endpoint, with everything that follows from the declaration.
    pub fn as_function(&self) -> Function {
        let route = &self.route;
        let mut settings = route.settings.clone();
        let mut derived = Vec::new();
        derived.extend((!route.limits_in_force().is_empty()).then_some(Capability::CountLimits));
        derived.extend(self.may_authenticate.then_some(Capability::Authenticate));
        derived.extend(self.takes_client_address().then_some(Capability::TakeClientAddress));
        derived.extend(route.idempotent.then_some(Capability::Replay));
        derived.extend(route.loads.keks.purposes().into_iter().map(Capability::unwrap_keys));
        settings.needs = derived.into_iter().fold(settings.needs, Needs::with);
        if self.takes_client_address() {
            settings.needs = settings.needs.reads(Section::Tokens);
        }
        if self.may_authenticate && (self.commits || settings.needs.commits()) {
            let needs = Needs::new().check(Table::Identity);
            settings.needs = settings.needs.rarely("the commit does not write session and account itself", needs);
        }
        if self.reads_owner {
            settings.needs = settings.needs.get_many(Table::Kyc);
        }
        settings.needs = settings.needs.write_logs(area_of(route.function));
        let addresses = route.addresses().map(|(method, path)| (method.clone(), path)).collect();
        Function { name: route.function, summary: route.summary, trigger: Trigger::Api(addresses), settings }
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("route", &self.route).finish_non_exhaustive()
    }
}

async fn run<A, I, R, F, Fut>(app: &'static App, incoming: Incoming, handler: F) -> Result<Response>
where
    A: Authority,
    I: Input,
    R: Reply,
    F: Fn(Call<A>, I) -> Fut,
    Fut: Future<Output = Result<R>>,
{
    A::permit(&incoming)?;
    let (input, fingerprint) = I::parse(&incoming).await?;
    let replay = match idempotency::look_up(app, &incoming, &fingerprint).await? {
        idempotency::IdempotencyLookup::Stored(response) => return Ok(response),
        idempotency::IdempotencyLookup::New(replay) => replay,
    };
    let caller = A::admit(app, &incoming).await?;
    let call = Call::new(app, caller, &incoming, replay.clone());
    match handler(call, input).await {
        Ok(body) => body.into_response(),
        Err(error) => idempotency::after_failure(app, &incoming, replay.as_ref(), error).await,
    }
}

fn describe<A: Authority, I: Input, R: Reply>(route: &Route, doc: &mut OperationDoc) {
    doc.route(route);
    A::describe(doc);
    I::describe(route, doc);
    R::describe(doc);
    if A::MAY_AUTHENTICATE || route.counts_networks() {
        doc.client_address();
    }
}
