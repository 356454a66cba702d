fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::list_devices::endpoint())
}
