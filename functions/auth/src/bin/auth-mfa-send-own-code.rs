fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::mfa_send_own_code::endpoint())
}
