fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::decide_check::endpoint())
}
