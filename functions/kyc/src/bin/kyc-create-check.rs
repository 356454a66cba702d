fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::create_check::endpoint())
}
