fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::change_password::endpoint())
}
