fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::passkey_register::endpoint())
}
