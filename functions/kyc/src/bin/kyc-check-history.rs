fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::check_history::endpoint())
}
