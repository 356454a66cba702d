fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_workers::process_document::worker())
}
