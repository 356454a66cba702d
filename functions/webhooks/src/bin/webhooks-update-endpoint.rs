fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::update_endpoint::endpoint())
}
