fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_kyc::delete_document::endpoint())
}
