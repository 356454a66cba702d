fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::check_history::endpoint())
}
