fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::list_endpoints::endpoint())
}
