fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::sweep_outbox::worker())
}
