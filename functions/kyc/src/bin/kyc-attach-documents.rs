fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::attach_documents::endpoint())
}
