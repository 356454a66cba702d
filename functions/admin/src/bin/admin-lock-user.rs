fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::lock_user::endpoint())
}
