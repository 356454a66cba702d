//! The declaration of a route: method, path, limits, what is read before the handler, and how its function is deployed.

use futures::future::BoxFuture;
use http::Method;

use super::problem::types::ProblemType;
use crate::{
    app::App,
    domain::limit::{self, Limit},
    function::{Concurrency, Needs, Settings},
    store::kek::KeyPurpose,
};

/// Everything that is declared about a route.
#[derive(Debug, Clone)]
pub struct Route {
    /// The function's name in the template, which is its binary's name.
    pub function: &'static str,
    pub method: Method,
    /// A second method of the same function (`PUT` as a synonym of `PATCH`).
    pub also: Option<Method>,
    /// With `{name}` for path parameters, without the stage.
    pub path: &'static str,
    /// A second path of the same function, with the same parameters.
    pub also_at: Option<&'static str>,
    /// What the route does, in a few words.
    pub summary: &'static str,
    /// What a client needs to know to use the route, in `CommonMark`.
    pub description: &'static str,
    /// Media types of the text or file that the route answers.
    pub media_types: &'static [&'static str],
    /// `None` for the API-wide limits. Empty only for a route without I/O, where the gateway's throttle is enough.
    pub limits: Option<&'static [Limited]>,
    /// Whether the route accepts `Idempotency-Key`.
    pub idempotent: bool,
    /// What is read together with the session, because the handler needs it.
    /// Whether staff whose session proved no second factor may call it.
    pub open_without_second_factor: bool,
    pub loads: Loads,
    /// Largest body in bytes; checked before the body is parsed.
    pub body_limit: usize,
    pub if_match: IfMatch,
    /// `Cache-Control` of successful responses; `no-store` if absent.
    pub cache: Option<&'static str>,
    /// The problems that do not follow from the handler's types.
    pub problems: &'static [&'static ProblemType],
    /// How the function is deployed.
    pub settings: Settings,
}

/// What is read together with the session, for the handler.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loads {
    /// The caller's encrypted profile.
    pub profile: bool,
    /// Key-encryption keys, loaded in parallel to that read unless they are in memory.
    pub keks: Keks,
    /// State of the process that the handler uses, looked up in parallel to that read. A function pointer, so that only the
    /// functions that declare it contain its code.
    pub state: Option<Preload>,
}

/// Brings state of the process into memory, unless it is there.
pub type Preload = fn(&'static App) -> BoxFuture<'static, ()>;

/// The purposes of the key-encryption keys that a handler uses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keks {
    pub profile: bool,
    pub evidence: bool,
}

impl Keks {
    pub fn purposes(self) -> Vec<KeyPurpose> {
        let wanted = [(self.profile, KeyPurpose::Profile), (self.evidence, KeyPurpose::Evidence)];
        wanted.into_iter().filter_map(|(wanted, purpose)| wanted.then_some(purpose)).collect()
    }
}

/// How a route treats `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMatch {
    Ignored,
    Honoured,
    Required,
}

/// A rate limit of a route, and what it counts by.
#[derive(Debug, Clone, Copy)]
pub struct Limited {
    pub limit: &'static Limit,
    pub by: By,
}

/// What the calls of a limit are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The signed-in person, or the source network of an anonymous call.
    Caller,
    /// The source network as the gateway saw it.
    Ip,
    /// The source network, counted by the handler with [`Call::limit_ip`](super::Call::limit_ip) in parallel to its own first reads,
    /// to save a round trip.
    IpBeside,
    /// A submitted value (an address, a session), counted by the handler with [`Call::limit`](super::Call::limit) after parsing.
    Submitted,
}

/// API-wide limit of signed-in callers.
const SIGNED_IN: &[Limited] = &[Limited { limit: &limit::USER, by: By::Caller }];
/// API-wide limit of anonymous callers.
const ANONYMOUS: &[Limited] = &[Limited { limit: &limit::ANONYMOUS, by: By::Ip }];

/// Default body limit. JSON bodies of all routes are far smaller.
const JSON_LIMIT: usize = 64 * 1024;

impl Route {
    const fn new(method: Method, function: &'static str, path: &'static str) -> Self {
        Self {
            function,
            method,
            also: None,
            path,
            also_at: None,
            summary: "",
            description: "",
            media_types: &["text/plain"],
            limits: None,
            idempotent: false,
            open_without_second_factor: false,
            loads: Loads { profile: false, keks: Keks { profile: false, evidence: false }, state: None },
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

    /// The purpose of the route, in one line.
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// What a client needs to know to use the route, in `CommonMark`.
    pub fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// The media types of the reply [`Text`](super::Text) or [`Binary`](super::Binary).
    pub fn media_types(mut self, media_types: &'static [&'static str]) -> Self {
        self.media_types = media_types;
        self
    }

    /// Replaces the API-wide limits.
    pub fn limited(mut self, limits: &'static [Limited]) -> Self {
        self.limits = Some(limits);
        self
    }

    /// For routes without I/O: only the gateway's throttle applies.
    pub fn limited_by_gateway(mut self) -> Self {
        self.limits = Some(&[]);
        self
    }

    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Open to staff whose session proved no second factor: what it takes to enroll one, and to sign out.
    pub fn open_without_second_factor(mut self) -> Self {
        self.open_without_second_factor = true;
        self
    }

    pub fn loads_profile(mut self) -> Self {
        self.loads.profile = true;
        self
    }

    /// The handler unwraps profile keys of persons.
    pub fn opens_profile_keys(mut self) -> Self {
        self.loads.keks.profile = true;
        self
    }

    /// The handler unwraps evidence keys of persons.
    pub fn opens_evidence_keys(mut self) -> Self {
        self.loads.keks.evidence = true;
        self
    }

    /// The handler uses state of the process, such as the lists in force.
    pub fn preloads(mut self, state: Preload) -> Self {
        self.loads.state = Some(state);
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

    pub fn problems(mut self, problems: &'static [&'static ProblemType]) -> Self {
        self.problems = problems;
        self
    }

    /// What the handler needs in addition to what follows from the rest of the declaration.
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

    /// Sets the API-wide limits, unless the route declares its own.
    pub(super) fn with_default_limits(mut self, authenticated: bool) -> Self {
        self.limits.get_or_insert(if authenticated { SIGNED_IN } else { ANONYMOUS });
        self
    }

    pub fn limits_in_force(&self) -> &'static [Limited] {
        self.limits.unwrap_or_default()
    }

    /// Every method and path that invokes the function; the declared pair comes first.
    pub fn addresses(&self) -> impl Iterator<Item = (&Method, &'static str)> {
        let paths = std::iter::once(self.path).chain(self.also_at);
        paths.flat_map(|path| std::iter::once(&self.method).chain(&self.also).map(move |method| (method, path)))
    }

    /// Names of the path parameters, in order.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')))
    }
}
