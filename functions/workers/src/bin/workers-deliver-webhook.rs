fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::deliver_webhook::worker())
}
