fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::send_test::endpoint())
}
