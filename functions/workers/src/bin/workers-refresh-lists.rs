fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::refresh_lists::worker())
}
