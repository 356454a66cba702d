fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::confirm_email::endpoint())
}
