use verinym_sandbox::{endpoint, get_tasks::get_tasks};

fn main() -> std::process::ExitCode {
    endpoint::serve("sandbox-get-tasks", |service, request| Box::pin(get_tasks(service, request)))
}
