fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::remove_passkey::endpoint())
}
