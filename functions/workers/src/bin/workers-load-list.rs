fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::load_list::worker())
}
