fn main() -> std::process::ExitCode {
    verinym::http::serve(verinym_admin::get_applicant::endpoint())
}
