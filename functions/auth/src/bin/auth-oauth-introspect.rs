fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::oauth_introspect::endpoint())
}
