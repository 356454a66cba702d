fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::submit_check::endpoint())
}
