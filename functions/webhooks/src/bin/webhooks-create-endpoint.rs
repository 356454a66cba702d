fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::create_endpoint::endpoint())
}
