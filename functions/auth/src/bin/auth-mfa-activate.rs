fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::mfa_activate::endpoint())
}
