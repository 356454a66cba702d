fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::accept_invitation::endpoint())
}
