fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::revoke_user_sessions::endpoint())
}
