use verinym_screening::normalise::{Reading, forms};
fn main() {
    for a in std::env::args().skip(1) {
        for (r, n) in [(Reading::Person, "P"), (Reading::Organisation, "O")] {
            for f in forms(&a, r) {
                println!(
                    "{n} {a}: {}",
                    f.tokens
                        .iter()
                        .map(|t| format!("{}[{}]{:?}", t.text, t.canon, t.kind))
                        .collect::<Vec<_>>()
                        .join(" ")
                );
            }
        }
    }
}
