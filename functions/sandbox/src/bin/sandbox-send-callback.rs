fn main() -> std::process::ExitCode {
    verinym_sandbox::send_callback::run("sandbox-send-callback")
}
