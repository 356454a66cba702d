fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::trust_device::endpoint())
}
