fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::revoke_session::endpoint())
}
