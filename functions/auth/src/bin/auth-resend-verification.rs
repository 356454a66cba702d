fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::resend_verification::endpoint())
}
