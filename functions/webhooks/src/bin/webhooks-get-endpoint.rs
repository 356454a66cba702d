fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::get_endpoint::endpoint())
}
