fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_platform::docs_file::endpoint())
}
