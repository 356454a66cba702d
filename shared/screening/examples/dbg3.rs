use verinym_screening::*;
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    for line in text.lines() {
        let f: Vec<&str> = line.split('|').collect();
        if f.len() < 4 {
            continue;
        }
        let kind = match f[1] {
            "P" => Kind::Person,
            "O" => Kind::Organisation,
            "V" => Kind::Vessel,
            _ => Kind::Unknown,
        };
        let e = Entity { id: "1".into(), kind, names: vec![Name::primary(f[2])], ..Entity::default() };
        let l = List { id: "t".into(), version: "1".into(), published_at: None, entities: vec![e] };
        let art = Artifact::load(Artifact::build(&[l])).unwrap();
        let q = Query { kind: Some(kind), ..Query::name(f[3]) };
        let o = Options { threshold: 0.3, ..Options::default() };
        let s = art.screen(&q, &o).first().map_or(0.0, |h| h.score);
        let want = f.get(4).copied().unwrap_or("0.85");
        let ok = if let Some(b) = want.strip_prefix('<') { s < b.parse().unwrap() } else { s >= want.parse().unwrap() };
        println!("{} {} {:.3} {} / {}", f[0], if ok { "ok" } else { "WRONG" }, s, f[2], f[3]);
    }
}
