fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::reset_password::endpoint())
}
