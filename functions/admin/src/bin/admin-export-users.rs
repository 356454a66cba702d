fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_admin::export_users::worker())
}
