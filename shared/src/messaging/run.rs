//! Running a worker as a Lambda function.

use std::{panic::AssertUnwindSafe, process::ExitCode};

use futures::{FutureExt, future::BoxFuture};
use lambda_runtime::LambdaEvent;
use serde_json::Value;

use super::{Worker, work::Ran};
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

/// What answers an invocation, with its types erased.
pub type Boxed = Box<
    dyn Fn(LambdaEvent<Value>) -> BoxFuture<'static, std::result::Result<Value, lambda_runtime::Error>> + Send + Sync,
>;

/// Answers invocations until the platform ends the process. Not generic, so that it is compiled once.
pub fn invocations(handler: Boxed) -> ServeFuture {
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
    let ran: Result<Ran> = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(ran) => ran,
        Err(_) => Err(Internal::bug("panic").into()),
    };
    let mut properties = serde_json::Map::new();
    let outcome = match &ran {
        Ok(ran) => {
            properties.insert("worked".into(), ran.worked.into());
            properties.insert("failed".into(), ran.failed.into());
            properties.insert("postponed".into(), ran.postponed.into());
            if ran.failed == 0 { "ok" } else { "partial" }
        }
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
    ran.map(|ran| ran.answer).map_err(|error| lambda_runtime::Error::from(told(&error)))
}

/// What the platform, or the operator who invoked the function, is told: refusals in their words; of what went wrong on
/// our side nothing but that it did, for the rest stands in the log.
fn told(error: &Error) -> String {
    match error {
        Error::Internal(_) => "failed, see the log".to_owned(),
        Error::Request(RequestError::Invalid(faults)) => {
            let faults: Vec<_> =
                faults.iter().map(|fault| format!("{}: {} ({})", fault.field, fault.message, fault.code)).collect();
            faults.join("; ")
        }
        other => other.to_string(),
    }
}
