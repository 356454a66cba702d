fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::reset_user_password::endpoint())
}
