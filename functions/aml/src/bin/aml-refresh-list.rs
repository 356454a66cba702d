fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_aml::refresh_list::endpoint())
}
