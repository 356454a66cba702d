fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::forgot_password::endpoint())
}
