fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::rotate_keys_now::worker())
}
