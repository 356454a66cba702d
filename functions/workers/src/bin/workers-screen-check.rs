fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::screen_check::worker())
}
