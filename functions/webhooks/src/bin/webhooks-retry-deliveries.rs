fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::retry_deliveries::endpoint())
}
