fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::delete_role::endpoint())
}
