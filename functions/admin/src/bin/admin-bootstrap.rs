fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_admin::bootstrap::worker())
}
