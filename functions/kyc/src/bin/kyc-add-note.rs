fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::add_note::endpoint())
}
