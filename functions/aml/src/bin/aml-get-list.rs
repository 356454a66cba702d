fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_aml::get_list::endpoint())
}
