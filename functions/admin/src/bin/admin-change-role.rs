fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::change_role::endpoint())
}
