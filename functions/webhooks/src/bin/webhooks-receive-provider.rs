fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::receive_provider::endpoint())
}
