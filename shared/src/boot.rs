//! The start of a Lambda function: the same for routes and workers.

use std::{fmt::Display, process::ExitCode};

use futures::future::LocalBoxFuture;

use crate::telemetry;

/// Serves invocations until the platform ends the process.
pub type ServeFuture = LocalBoxFuture<'static, Result<(), lambda_runtime::Error>>;

/// Reads the configuration and serves invocations. An invalid configuration is logged and ends the process.
pub fn start<S: 'static, F: Display>(
    configured: impl FnOnce() -> Result<S, F>,
    serve: impl FnOnce(&'static S) -> ServeFuture,
) -> ExitCode {
    telemetry::start();
    match configured() {
        // Never freed: it is used until the process ends.
        Ok(service) => block_on(serve(Box::leak(Box::new(service)))),
        Err(errors) => failed(&errors),
    }
}

/// Not generic, so that the runtime is compiled once.
fn block_on(running: ServeFuture) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(running) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}

fn failed(error: &dyn Display) -> ExitCode {
    tracing::error!(%error, "cannot start");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn exit_code(configured: Result<u64, &str>, ends: Result<(), &'static str>) -> String {
        let serve = move |millis: &'static u64| -> ServeFuture {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(*millis)).await;
                ends.map_err(lambda_runtime::Error::from)
            })
        };
        format!("{:?}", start(|| configured, serve))
    }

    #[test]
    fn a_process_fails_if_it_cannot_start_or_its_runtime_fails() {
        let [success, failure] = [ExitCode::SUCCESS, ExitCode::FAILURE].map(|code| format!("{code:?}"));
        assert_eq!(exit_code(Ok(1), Ok(())), success);
        assert_eq!(exit_code(Err("STACK_NAME is missing"), Ok(())), failure);
        assert_eq!(exit_code(Ok(1), Err("the platform is gone")), failure);
    }
}
