fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::rename_passkey::endpoint())
}
