fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_aml::decide_hit::endpoint())
}
