//! The steps that are the same for every call, in order: correlation id, size, access token, session and rate limits in parallel,
//! handler, headers, one log line.

use std::{panic::AssertUnwindSafe, process::ExitCode, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use http::{HeaderMap, Method};
use lambda_http::{Body as LambdaBody, Request, RequestExt, request::RequestContext};

use super::{
    call::{Incoming, Meta},
    client_address::{CallNotes, ForwardedAddress, expected},
    endpoint::Endpoint,
    etag, headers, idempotency, limit,
    limit_report::{LimitReport, LimitReports},
    method,
    principal::{ClientCaller, Person, Principal},
    problem,
    response::{Body, Response},
    route::{IfMatch, Route},
};
use crate::{
    app::App,
    boot::{self, ServeFuture},
    crypto::access::{AccessClaims, ClientClaims, TokenClaims},
    deadline::Deadline,
    domain::{account::UserStatus, role::PermissionSet, role::table::has_custom, time::Timestamp},
    error::{Internal, RequestError, Result},
    function::area_of,
    store::{
        admission::{AdmissionRequest, AlsoWanted, ClientAdmissionRequest, Loaded},
        item::Key,
        session::SessionItem,
        user::Account,
    },
    telemetry,
};

/// Runs an endpoint as a Lambda function until the platform ends the process.
pub fn serve(endpoint: Endpoint) -> ExitCode {
    let sections = endpoint.as_function().settings.needs.sections();
    boot::start(
        || App::from_env(&sections),
        |app| {
            let endpoint = Arc::new(endpoint);
            requests(Box::new(move |request| {
                let endpoint = endpoint.clone();
                Box::pin(async move { respond(app, &endpoint, request).await })
            }))
        },
    )
}

/// Responds to a request; without the types of the handler.
pub type RequestHandler = Box<dyn Fn(Request) -> BoxFuture<'static, http::Response<LambdaBody>> + Send + Sync>;

/// Responds to requests until the platform ends the process. It is not generic, so that it is compiled once.
pub fn requests(handler: RequestHandler) -> ServeFuture {
    Box::pin(lambda_http::run(lambda_http::service_fn(move |request: Request| {
        let response = handler(request);
        async move { Ok::<_, lambda_http::Error>(response.await) }
    })))
}

/// Responds to one request. Errors and panics become problems.
pub async fn respond(app: &'static App, endpoint: &Endpoint, request: Request) -> http::Response<LambdaBody> {
    let started = Timestamp::now();
    let route = &endpoint.route;
    let origin = request.headers().get("origin").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let meta = meta(route, &request, started);
    let is_head = request.method() == Method::HEAD;
    let token_sent = headers::bearer(request.headers(), "authorization").is_some();
    let notes = CallNotes::default();
    let reports = LimitReports::default();

    let deadline = deadline(&request, started);
    let work = handle(app, endpoint, request, meta.clone(), reports.clone(), &notes);
    let outcome = match deadline.run(AssertUnwindSafe(work).catch_unwind()).await {
        Some(Ok(outcome)) => outcome,
        Some(Err(panic)) => Err(Internal::bug(format!("panic: {}", panic_text(&*panic))).into()),
        None => Err(Internal::unavailable("the request did not end before its deadline").into()),
    };
    let (response, label) = match outcome {
        Ok(response) => (response, "ok"),
        Err(error) => {
            let problem_type = problem::type_of(&error);
            if problem_type.status >= 500 {
                tracing::error!(correlation_id = meta.correlation_id, function = route.function, %error, "failed");
            }
            (problem::response(&error, &app.config.public_url, &meta.correlation_id, token_sent), problem_type.code)
        }
    };

    let properties = [
        ("correlation_id", Some(meta.correlation_id.as_str())),
        ("method", Some(route.method.as_str())),
        ("route", Some(route.path)),
        ("user_id", notes.caller.get().map(String::as_str)),
        ("client_address", notes.client_address.get().copied()),
        ("forwarded_by", notes.forwarded_by.get().map(String::as_str)),
    ];
    let mut map: serde_json::Map<_, _> =
        properties.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    map.insert("status".into(), response.status.into());
    telemetry::write(telemetry::Invocation {
        function: route.function,
        area: area_of(route.function),
        outcome: label,
        millis: u64::try_from(Timestamp::now().since(started).as_millis()).unwrap_or(u64::MAX),
        at: started,
        properties: map,
    });
    let response = if is_head { response.without_body() } else { response };
    finish(app, route, response, &meta.correlation_id, origin.as_deref(), reports.lowest())
}

/// The longest time for a response: the gateway waits 29 s.
const LONGEST: Duration = Duration::from_secs(28);

/// When the response must be ready: before the platform ends the invocation, and before the gateway stops waiting.
fn deadline(request: &Request, now: Timestamp) -> Deadline {
    let longest = Deadline::after(LONGEST);
    let ends_at = request.lambda_context_ref().map(|context| context.deadline).filter(|millis| *millis > 0);
    ends_at.map_or(longest, |millis| {
        let ends_at = Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(i64::MAX));
        longest.min(Deadline::of_invocation(ends_at, now))
    })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

fn meta(route: &Route, request: &Request, now: Timestamp) -> Meta {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let ip = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.identity.source_ip.clone(),
        _ => None,
    };
    Meta {
        function: route.function,
        now,
        correlation_id: headers::correlation_id(header("x-correlation-id")),
        ip: ip.unwrap_or_else(|| "unknown".to_owned()),
        user_agent: header("user-agent").unwrap_or_default().chars().take(256).collect(),
    }
}

async fn handle(
    app: &'static App,
    endpoint: &Endpoint,
    request: Request,
    meta: Meta,
    reports: LimitReports,
    notes: &CallNotes,
) -> Result<Response> {
    let route = &endpoint.route;
    let path = request.path_parameters().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let resource = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.resource_path.clone(),
        _ => None,
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let (mut parts, body) = request.into_parts();
    method::admit(route, &parts.method, &mut parts.headers)?;
    let body = match body {
        LambdaBody::Text(text) => text.into_bytes(),
        LambdaBody::Binary(bytes) => bytes,
        _ => Vec::new(),
    };
    if body.len() > route.body_limit {
        return Err(RequestError::TooLarge { limit: route.body_limit as u64 }.into());
    }
    let mut incoming = Incoming {
        route: route.clone(),
        meta,
        method: parts.method,
        resource: resource.unwrap_or_default(),
        headers: parts.headers,
        path,
        query,
        body: body.into(),
        caller: None,
        loaded: Loaded::default(),
        reports,
    };
    let authenticated = (endpoint.authenticates)(&incoming);
    let mut forwarded = if endpoint.takes_client_address() {
        ForwardedAddress::of(app, &incoming, authenticated, notes).await?
    } else {
        None
    };
    // Rides in the read of the session, unless the network is counted before or there is no such read.
    if let Some(forwarded) = forwarded.take_if(|_| !authenticated || route.counts_networks_first()) {
        let client = app.store().await.forwarding_client(&forwarded.client).await?;
        forwarded.apply(client.as_ref(), &mut incoming, notes)?;
    }
    if authenticated {
        let owner_of = (endpoint.owner_key)(&incoming);
        authenticate(app, &mut incoming, owner_of, forwarded, notes).await?;
    } else {
        limit::enforce(app, route.limits_in_force(), &incoming.meta, None, &incoming.reports).await?;
    }
    if route.if_match == IfMatch::Required && !etag::names_version(incoming.header("if-match")) {
        return Err(RequestError::VersionRequired.into());
    }
    let if_none_match = incoming.header("if-none-match").filter(|_| route.method == Method::GET).map(str::to_owned);
    let response = (endpoint.run)(app, incoming).await?;
    Ok(etag::apply_if_none_match(response, if_none_match.as_deref()))
}

/// Verifies the access token, so that a forged one costs no read; then reads the session, the account and what the route declares,
/// and counts the rate limits, all in parallel.
async fn authenticate(
    app: &'static App,
    incoming: &mut Incoming,
    owner_of: Option<Key>,
    forwarded: Option<ForwardedAddress>,
    notes: &CallNotes,
) -> Result<()> {
    let token = headers::bearer(&incoming.headers, "authorization").ok_or(RequestError::Unauthenticated)?;
    // Loads the index secrets in parallel, since the call needs them later. An error is reported where they are used.
    let counts = !incoming.route.limits_in_force().is_empty() || incoming.idempotency_key().is_some();
    let (keys, ()) = tokio::join!(app.verification_keys(), async {
        if counts {
            let _ = app.index_secrets().await;
        }
    });
    let keys = keys?;
    let expected = expected(app, incoming.meta.now)?;
    let claims = keys.verify_any(token, &expected).map_err(|refusal| {
        tracing::debug!(?refusal, "access token refused");
        RequestError::Unauthenticated
    })?;
    match claims {
        TokenClaims::Person(claims) => admit_person(app, incoming, owner_of, forwarded, notes, claims).await,
        // It calls in its own name, so there is no person whose address counts.
        TokenClaims::Client(claims) => admit_client(app, incoming, owner_of, notes, claims).await,
    }
}

/// Admits the machine client of a token: one read of the client instead of session and account.
async fn admit_client(
    app: &'static App,
    incoming: &mut Incoming,
    owner_of: Option<Key>,
    notes: &CallNotes,
    claims: ClientClaims,
) -> Result<()> {
    let id = claims.sub.to_string();
    let _ = notes.caller.set(id.clone());
    let scope = idempotency::scope(app, incoming, &id).await?;
    let wanted = ClientAdmissionRequest { client: claims.sub, idempotency_scope: scope, owner_of };
    let store = app.store().await;
    let purposes = incoming.route.loads.keks.purposes();
    let (admission, allowed, (), ()) = tokio::join!(
        store.admit_client(&wanted, incoming.meta.now),
        limit::enforce(app, incoming.route.limits_in_force(), &incoming.meta, Some(&id), &incoming.reports),
        store.preload_keks(&purposes, incoming.meta.now),
        preload_state(app, &incoming.route),
    );
    let (client, loaded) = admission?;
    let client = client.ok_or(RequestError::Unauthenticated)?;
    allowed?;
    incoming.loaded = loaded;
    incoming.caller = Some(Principal::Client(Arc::new(ClientCaller {
        permissions: client.permissions(&claims.scope),
        client,
        issued_at: Timestamp::from_unix_seconds(claims.iat),
    })));
    Ok(())
}

async fn preload_state(app: &'static App, route: &Route) {
    if let Some(preload) = route.loads.state {
        preload(app).await;
    }
}

/// Admits the person of a token.
async fn admit_person(
    app: &'static App,
    incoming: &mut Incoming,
    owner_of: Option<Key>,
    forwarded: Option<ForwardedAddress>,
    notes: &CallNotes,
    claims: AccessClaims,
) -> Result<()> {
    let user = claims.sub.to_string();
    let _ = notes.caller.set(user.clone());
    let scope = idempotency::scope(app, incoming, &user).await?;
    let wanted = AdmissionRequest {
        user: claims.sub,
        session: claims.sid,
        idempotency_scope: scope,
        profile: incoming.route.loads.profile,
        owner_of,
    };
    let also = AlsoWanted {
        forwarding: forwarded.as_ref().map(|forwarded| forwarded.client),
        // The token names the roles of when it was issued.
        roles: has_custom(&claims.roles),
    };
    let store = app.store().await;
    let purposes = incoming.route.loads.keks.purposes();
    let (admission, allowed, (), ()) = tokio::join!(
        store.admit_with(&wanted, &also, incoming.meta.now),
        limit::enforce(app, incoming.route.limits_in_force(), &incoming.meta, Some(&user), &incoming.reports),
        store.preload_keks(&purposes, incoming.meta.now),
        preload_state(app, &incoming.route),
    );
    let (admission, also) = admission?;
    let (Some(auth), Some(session)) = (admission.auth, admission.session) else {
        return Err(RequestError::Unauthenticated.into());
    };
    // The transaction that locks, deactivates or erases an account also ends its sessions; this check is a second safeguard.
    if auth.status != UserStatus::Active {
        return Err(RequestError::Unauthenticated.into());
    }
    match allowed {
        Err(refusal) if session.is_trusted() => {
            let limits = incoming.route.limits_in_force();
            let (meta, reports) = (&incoming.meta, &incoming.reports);
            limit::enforce_second_allowance(app, refusal, limits, meta, &user, reports).await?;
        }
        allowed => allowed?,
    }
    if let Some(forwarded) = forwarded {
        forwarded.apply(also.client.as_ref(), incoming, notes)?;
    }
    let lacks = if app.config.tokens()?.staff_mfa { lacking_second_factor(&auth, &session) } else { None };
    let permissions = match lacks {
        None => store.roles_of(&auth.roles, also.roles).await?.permissions(&auth.roles),
        // Until then nothing of what the roles permit.
        Some(_) if incoming.route.open_without_second_factor => PermissionSet::default(),
        Some(refusal) => return Err(refusal.into()),
    };
    incoming.loaded = admission.loaded;
    incoming.caller = Some(Principal::Person(Arc::new(Person {
        user: claims.sub,
        session: claims.sid,
        permissions,
        auth,
        session_item: session,
        auth_time: Timestamp::from_unix_seconds(claims.auth_time),
    })));
    Ok(())
}

/// What staff without a second factor are refused with: they have to enroll one, or to prove it in this session.
fn lacking_second_factor(auth: &Account, session: &SessionItem) -> Option<RequestError> {
    if !session.lacks_second_factor(auth) {
        return None;
    }
    Some(if auth.mfa_enabled() { RequestError::ReauthenticationRequired } else { RequestError::MfaEnrollmentRequired })
}

fn finish(
    app: &App,
    route: &Route,
    response: Response,
    correlation_id: &str,
    origin: Option<&str>,
    report: Option<LimitReport>,
) -> http::Response<LambdaBody> {
    let mut map = HeaderMap::new();
    for (name, value) in &response.headers {
        // Handlers give paths; clients need the full URL, with the API's stage and base path.
        let absolute =
            (*name == "location" && value.starts_with('/')).then(|| format!("{}{value}", app.config.public_url));
        headers::set(&mut map, name, absolute.as_deref().unwrap_or(value));
    }
    if let Some(report) = report {
        headers::set(&mut map, "ratelimit-policy", &report.policy);
        headers::set(&mut map, "ratelimit", &report.state);
    }
    let cache = if response.status < 400 { route.cache.unwrap_or("no-store") } else { "no-store" };
    headers::finish(&mut map, &app.config, correlation_id, cache, origin);
    let body = match response.body {
        Body::Empty => LambdaBody::Empty,
        Body::Text(text) => LambdaBody::Text(text),
        Body::Bytes(bytes) => LambdaBody::Binary(bytes),
    };
    let mut sent = http::Response::new(body);
    *sent.status_mut() = http::StatusCode::from_u16(response.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *sent.headers_mut() = map;
    sent
}
