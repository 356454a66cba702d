fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::get_check::endpoint())
}
