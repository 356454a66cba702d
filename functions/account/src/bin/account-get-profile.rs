fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_account::get_profile::endpoint())
}
