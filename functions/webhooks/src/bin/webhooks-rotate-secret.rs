fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_webhooks::rotate_secret::endpoint())
}
