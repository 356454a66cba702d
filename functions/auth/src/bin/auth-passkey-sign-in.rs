fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::passkey_sign_in::endpoint())
}
