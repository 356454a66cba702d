fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::release_check::endpoint())
}
