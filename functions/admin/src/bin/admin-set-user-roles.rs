fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::set_user_roles::endpoint())
}
