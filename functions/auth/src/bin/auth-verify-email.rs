fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::verify_email::endpoint())
}
