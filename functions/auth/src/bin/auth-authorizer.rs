fn main() -> std::process::ExitCode {
    verinym::messaging::run(verinym_auth::authorizer::worker())
}
