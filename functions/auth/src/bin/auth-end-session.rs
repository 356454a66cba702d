fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::end_session::endpoint())
}
