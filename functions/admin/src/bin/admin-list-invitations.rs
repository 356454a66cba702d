fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::list_invitations::endpoint())
}
