fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_admin::import_users::worker())
}
