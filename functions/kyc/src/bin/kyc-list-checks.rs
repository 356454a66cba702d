fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::list_checks::endpoint())
}
