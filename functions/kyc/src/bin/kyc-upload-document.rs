fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::upload_document::endpoint())
}
