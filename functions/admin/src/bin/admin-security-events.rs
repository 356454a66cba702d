fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::security_events::endpoint())
}
