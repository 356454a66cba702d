fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::verify_phone::endpoint())
}
