fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::set_phone::endpoint())
}
