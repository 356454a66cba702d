fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_aml::screen_name::endpoint())
}
