//! Running a worker as a Lambda function.

use std::{panic::AssertUnwindSafe, process::ExitCode};

use futures::{FutureExt, future::BoxFuture};
use lambda_runtime::LambdaEvent;
use serde_json::Value;

use super::{Worker, work::InvocationResult};
use crate::{
    app::App,
    boot::{self, ServeFuture},
    domain::time::Timestamp,
    error::{Error, Internal, RequestError, Result},
    function::area_of,
    telemetry,
};

/// Runs a worker until the platform ends the process.
pub fn run(worker: Worker) -> ExitCode {
    let sections = worker.as_function().settings.needs.sections();
    boot::start(
        || App::from_env(&sections),
        |app| {
            invocations(Box::new(move |event| {
                let worker = worker.clone();
                Box::pin(async move { invoke(app, &worker, event).await })
            }))
        },
    )
}

/// The handler of invocations, with its types erased.
pub type InvocationHandler = Box<
    dyn Fn(LambdaEvent<Value>) -> BoxFuture<'static, std::result::Result<Value, lambda_runtime::Error>> + Send + Sync,
>;

/// Answers invocations until the platform ends the process. Not generic, so that it is compiled once.
pub fn invocations(handler: InvocationHandler) -> ServeFuture {
    Box::pin(lambda_runtime::run(lambda_runtime::service_fn(handler)))
}

async fn invoke(
    app: &'static App,
    worker: &Worker,
    event: LambdaEvent<Value>,
) -> std::result::Result<Value, lambda_runtime::Error> {
    let started = Timestamp::now();
    let deadline = Timestamp::from_unix_millis(i64::try_from(event.context.deadline).unwrap_or(i64::MAX));
    let work = worker.invoke(app, event.payload, deadline);
    let result: Result<InvocationResult> = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(result) => result,
        Err(_) => Err(Internal::bug("panic").into()),
    };
    let mut properties = serde_json::Map::new();
    let outcome = match &result {
        Ok(result) => {
            properties.insert("succeeded".into(), result.succeeded.into());
            properties.insert("failed".into(), result.failed.into());
            properties.insert("postponed".into(), result.postponed.into());
            if result.failed == 0 { "ok" } else { "partial" }
        }
        // The one who invoked it is told why.
        Err(Error::Request(_)) => "refused",
        Err(error) => {
            tracing::error!(function = worker.function, %error, "failed");
            "error"
        }
    };
    telemetry::write(telemetry::Invocation {
        function: worker.function,
        area: area_of(worker.function),
        outcome,
        millis: u64::try_from(Timestamp::now().since(started).as_millis()).unwrap_or(u64::MAX),
        at: started,
        properties,
    });
    result.map(|result| result.answer).map_err(|error| lambda_runtime::Error::from(public_message(&error)))
}

/// The error message for the platform, or for the operator who invoked the function. Of an internal error it says only that
/// there was one; the log has the rest.
fn public_message(error: &Error) -> String {
    match error {
        Error::Internal(_) => "failed, see the log".to_owned(),
        // API Gateway answers with 401 if an authorizer fails with this text.
        Error::Request(RequestError::Unauthenticated) => "Unauthorized".to_owned(),
        Error::Request(RequestError::Invalid(faults)) => {
            let faults: Vec<_> =
                faults.iter().map(|fault| format!("{}: {} ({})", fault.field, fault.message, fault.code)).collect();
            faults.join("; ")
        }
        other => other.to_string(),
    }
}
