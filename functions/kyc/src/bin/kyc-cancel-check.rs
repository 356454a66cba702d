fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::cancel_check::endpoint())
}
