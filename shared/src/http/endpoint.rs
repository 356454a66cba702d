//! What a route declares, and its handler with the types erased.

use std::{future::Future, pin::Pin, sync::Arc};

use http::Method;

use super::{
    authority::Authority,
    call::{Call, Incoming},
    idempotency,
    input::Input,
    limit::{By, Limited},
    openapi::OperationDoc,
    reply::{Answer, Reply},
};
use crate::{
    app::App,
    config::Section,
    domain::limit,
    error::Result,
    function::{Capability, Concurrency, Function, Needs, Settings, Trigger, area_of},
    store::{Table, item::Key, kek::Purpose},
};

/// All that is declared about a route.
#[derive(Debug, Clone)]
pub struct Route {
    /// The function's name in the template, which is its binary's name.
    pub function: &'static str,
    pub method: Method,
    /// A second method of the same function (`PUT` as a synonym of `PATCH`).
    pub also: Option<Method>,
    /// With `{name}` for path parameters; the stage is no part of it.
    pub path: &'static str,
    /// A second path of the same function, with the same parameters.
    pub also_at: Option<&'static str>,
    pub summary: &'static str,
    /// `None`: those for anything else. Empty only where the route does no I/O, so that the gateway's throttle is enough.
    pub limits: Option<&'static [Limited]>,
    /// Takes `Idempotency-Key`.
    pub idempotent: bool,
    /// Items the handler needs and that ride in the read that checks the session.
    pub loads: Loads,
    /// Largest body in bytes, checked before it is parsed.
    pub body_limit: usize,
    pub if_match: IfMatch,
    /// `Cache-Control`; without it `no-store`.
    pub cache: Option<&'static str>,
    /// Problems of this route beside those that follow from its types: status and code.
    pub problems: &'static [(u16, &'static str)],
    /// How its function is deployed.
    pub settings: Settings,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Loads {
    /// The caller's encrypted profile.
    pub profile: bool,
    /// Key-encryption keys: loaded beside that read, unless they are in memory.
    pub keks: Keks,
}

/// Whose keys a handler opens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keks {
    pub profile: bool,
    pub evidence: bool,
}

impl Keks {
    pub fn purposes(self) -> Vec<Purpose> {
        let wanted = [(self.profile, Purpose::Profile), (self.evidence, Purpose::Evidence)];
        wanted.into_iter().filter_map(|(wanted, purpose)| wanted.then_some(purpose)).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMatch {
    Ignored,
    Honoured,
    Required,
}

/// Bodies are JSON forms; this is far beyond any of them.
const JSON_LIMIT: usize = 64 * 1024;

/// Unless a route says otherwise: API-wide limits of people and of strangers.
const SIGNED_IN: &[Limited] = &[Limited { limit: &limit::USER, by: By::Caller }];
const STRANGER: &[Limited] = &[Limited { limit: &limit::ANONYMOUS, by: By::Ip }];

impl Route {
    const fn new(method: Method, function: &'static str, path: &'static str) -> Self {
        Self {
            function,
            method,
            also: None,
            path,
            also_at: None,
            summary: "",
            limits: None,
            idempotent: false,
            loads: Loads { profile: false, keks: Keks { profile: false, evidence: false } },
            body_limit: JSON_LIMIT,
            if_match: IfMatch::Ignored,
            cache: None,
            problems: &[],
            settings: Settings::new(),
        }
    }

    pub const fn get(function: &'static str, path: &'static str) -> Self {
        Self::new(Method::GET, function, path)
    }

    pub const fn post(function: &'static str, path: &'static str) -> Self {
        Self::new(Method::POST, function, path)
    }

    pub const fn put(function: &'static str, path: &'static str) -> Self {
        Self::new(Method::PUT, function, path)
    }

    pub const fn patch(function: &'static str, path: &'static str) -> Self {
        Self::new(Method::PATCH, function, path)
    }

    pub const fn delete(function: &'static str, path: &'static str) -> Self {
        Self::new(Method::DELETE, function, path)
    }

    pub const fn options(function: &'static str, path: &'static str) -> Self {
        Self::new(Method::OPTIONS, function, path)
    }

    pub fn also(mut self, method: Method) -> Self {
        self.also = Some(method);
        self
    }

    pub fn also_at(mut self, path: &'static str) -> Self {
        self.also_at = Some(path);
        self
    }

    /// One line of what the route is for.
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Instead of the limit for anything else.
    pub fn limited(mut self, limits: &'static [Limited]) -> Self {
        self.limits = Some(limits);
        self
    }

    /// For routes that do no I/O.
    pub fn limited_by_gateway(mut self) -> Self {
        self.limits = Some(&[]);
        self
    }

    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    pub fn loads_profile(mut self) -> Self {
        self.loads.profile = true;
        self
    }

    /// The handler opens somebody's profile key.
    pub fn opens_profile_keys(mut self) -> Self {
        self.loads.keks.profile = true;
        self
    }

    /// The handler opens somebody's evidence key.
    pub fn opens_evidence_keys(mut self) -> Self {
        self.loads.keks.evidence = true;
        self
    }

    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    pub fn honours_if_match(mut self) -> Self {
        self.if_match = IfMatch::Honoured;
        self
    }

    pub fn requires_if_match(mut self) -> Self {
        self.if_match = IfMatch::Required;
        self
    }

    pub fn cached(mut self, cache_control: &'static str) -> Self {
        self.cache = Some(cache_control);
        self
    }

    pub fn problems(mut self, problems: &'static [(u16, &'static str)]) -> Self {
        self.problems = problems;
        self
    }

    /// What the handler needs beside what follows from the rest of the declaration.
    pub fn needs(mut self, needs: Needs) -> Self {
        self.settings.needs = self.settings.needs.and(needs);
        self
    }

    /// In MiB.
    pub fn memory(mut self, mebibytes: u32) -> Self {
        self.settings.memory = mebibytes;
        self
    }

    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.settings.concurrency = concurrency;
        self
    }

    /// The route and what it does.
    pub fn handled_by<A, I, R, F, Fut>(self, handler: F) -> Endpoint
    where
        A: Authority,
        I: Input,
        R: Reply,
        F: Fn(Call<A>, I) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        let mut route = self;
        route.limits.get_or_insert(if A::AUTHENTICATED { SIGNED_IN } else { STRANGER });
        Endpoint {
            route: Arc::new(route),
            authenticates: A::authenticates,
            may_authenticate: A::MAY_AUTHENTICATE,
            reads_owner: A::READS_OWNER,
            owner_key: A::owner_key,
            commits: R::COMMITTED,
            run: Arc::new(move |app, incoming| Box::pin(run(app, incoming, handler))),
            describe: describe::<A, I, R>,
        }
    }

    pub fn limits_in_force(&self) -> &'static [Limited] {
        self.limits.unwrap_or_default()
    }

    /// Every method and path that leads to the function, the declared pair first.
    pub fn addresses(&self) -> impl Iterator<Item = (&Method, &'static str)> {
        let paths = std::iter::once(self.path).chain(self.also_at);
        paths.flat_map(|path| std::iter::once(&self.method).chain(&self.also).map(move |method| (method, path)))
    }

    /// Names of the path's parameters, in order.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')))
    }
}

/// The handler after its types: boxed here, so that the runtime's generics compile once and not per function.
type Run = dyn Fn(&'static App, Incoming) -> Pin<Box<dyn Future<Output = Result<Answer>> + Send>> + Send + Sync;

/// A route with its handler.
#[derive(Clone)]
pub struct Endpoint {
    pub route: Arc<Route>,
    /// Whether the handler answers by a command, which keeps the answer for the idempotency key.
    pub commits: bool,
    pub(super) authenticates: fn(&Incoming) -> bool,
    may_authenticate: bool,
    reads_owner: bool,
    pub(super) owner_key: fn(&Incoming) -> Option<Key>,
    pub(super) run: Arc<Run>,
    pub(super) describe: fn(&Route, &mut OperationDoc),
}

impl Endpoint {
    /// The function that serves it, with all that follows from its declaration.
    pub fn as_function(&self) -> Function {
        let route = &self.route;
        let mut settings = route.settings.clone();
        let mut derived = Vec::new();
        derived.extend((!route.limits_in_force().is_empty()).then_some(Capability::CountLimits));
        derived.extend(self.may_authenticate.then_some(Capability::Authenticate));
        derived.extend(route.idempotent.then_some(Capability::Replay));
        derived.extend(route.loads.keks.purposes().into_iter().map(Capability::unwrap_keys));
        settings.needs = derived.into_iter().fold(settings.needs, Needs::with);
        if self.may_authenticate {
            settings.needs = settings.needs.reads(Section::Tokens);
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

async fn run<A, I, R, F, Fut>(app: &'static App, incoming: Incoming, handler: F) -> Result<Answer>
where
    A: Authority,
    I: Input,
    R: Reply,
    F: Fn(Call<A>, I) -> Fut,
    Fut: Future<Output = Result<R>>,
{
    A::permit(&incoming)?;
    let (input, fingerprint) = I::parse(&incoming).await?;
    let replay = match idempotency::begin(app, &incoming, &fingerprint).await? {
        idempotency::Begin::Answered(answer) => return Ok(answer),
        idempotency::Begin::Fresh(replay) => replay,
    };
    let caller = A::admit(app, &incoming).await?;
    let call = Call::new(app, caller, &incoming, replay.clone());
    match handler(call, input).await {
        Ok(reply) => reply.into_answer(),
        Err(error) => idempotency::after_failure(app, &incoming.meta, &incoming.loaded, replay.as_ref(), error).await,
    }
}

fn describe<A: Authority, I: Input, R: Reply>(route: &Route, doc: &mut OperationDoc) {
    doc.route(route);
    A::describe(doc);
    I::describe(route, doc);
    R::describe(doc);
}
