fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::rotate_client_secret::endpoint())
}
