fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::list_passkeys::endpoint())
}
