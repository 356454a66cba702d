fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::fan_out_event::worker())
}
