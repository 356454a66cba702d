fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::delete_endpoint::endpoint())
}
