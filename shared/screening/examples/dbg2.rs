use verinym_screening::*;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let kind = match a[0].as_str() {
        "P" => Kind::Person,
        "O" => Kind::Organisation,
        "V" => Kind::Vessel,
        _ => Kind::Unknown,
    };
    let e = Entity { id: "1".into(), kind, names: vec![Name::primary(a[1].clone())], ..Entity::default() };
    let l = List { id: "t".into(), version: "1".into(), published_at: None, entities: vec![e] };
    let art = Artifact::load(Artifact::build(&[l])).unwrap();
    let q = Query { kind: Some(kind), ..Query::name(a[2].clone()) };
    let o = Options { threshold: 0.3, ..Options::default() };
    println!("{:?}", q.doubts());
    for h in art.screen(&q, &o) {
        println!("{} {}", h.score, h.explanation)
    }
    println!("exhaustive");
    for h in art.screen_exhaustively(&q, &o) {
        println!("{} {}", h.score, h.explanation)
    }
}
