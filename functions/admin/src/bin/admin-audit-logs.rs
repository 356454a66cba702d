fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::audit_logs::endpoint())
}
