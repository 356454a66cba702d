fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_admin::make_client::worker())
}
