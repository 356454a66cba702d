fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_platform::problem::endpoint())
}
