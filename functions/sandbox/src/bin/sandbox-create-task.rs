use verinym_sandbox::{create_task::create_task, endpoint};

fn main() -> std::process::ExitCode {
    endpoint::serve("sandbox-create-task", |service, request| Box::pin(create_task(service, request)))
}
