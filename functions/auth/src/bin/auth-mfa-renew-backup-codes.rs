fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::mfa_renew_backup_codes::endpoint())
}
