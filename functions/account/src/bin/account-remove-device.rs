fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::remove_device::endpoint())
}
