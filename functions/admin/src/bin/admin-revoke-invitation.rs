fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::revoke_invitation::endpoint())
}
