//! The start of a Lambda function: the same for routes and workers.

use std::{fmt::Display, process::ExitCode};

use futures::future::LocalBoxFuture;

use crate::telemetry;

/// A function that serves invocations until the platform ends the process.
pub type Running = LocalBoxFuture<'static, Result<(), lambda_runtime::Error>>;

/// Reads the configuration and serves. A configuration that cannot be read ends the process, with its faults in the log.
pub fn start<S: 'static, F: Display>(
    configured: impl FnOnce() -> Result<S, F>,
    serve: impl FnOnce(&'static S) -> Running,
) -> ExitCode {
    telemetry::start();
    match configured() {
        // The process needs it to its end.
        Ok(service) => block_on(serve(Box::leak(Box::new(service)))),
        Err(faults) => failed(&faults),
    }
}

/// Not generic, so that the runtime is compiled once and not for each function.
fn block_on(running: Running) -> ExitCode {
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

    fn started(configured: Result<u64, &str>, ends: Result<(), &'static str>) -> String {
        let serve = move |millis: &'static u64| -> Running {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(*millis)).await;
                ends.map_err(lambda_runtime::Error::from)
            })
        };
        format!("{:?}", start(|| configured, serve))
    }

    #[test]
    fn a_process_fails_if_it_cannot_start_or_its_runtime_ends() {
        let [success, failure] = [ExitCode::SUCCESS, ExitCode::FAILURE].map(|code| format!("{code:?}"));
        assert_eq!(started(Ok(1), Ok(())), success);
        assert_eq!(started(Err("STACK_NAME is missing"), Ok(())), failure);
        assert_eq!(started(Ok(1), Err("the platform is gone")), failure);
    }
}
