fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_auth::magic_link_verify::endpoint())
}
