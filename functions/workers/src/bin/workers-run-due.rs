fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::run_due::worker())
}
