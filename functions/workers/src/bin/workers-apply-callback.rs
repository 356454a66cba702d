fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::apply_callback::worker())
}
