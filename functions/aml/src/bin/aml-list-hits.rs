fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_aml::list_hits::endpoint())
}
