//! Embeds the templates of notifications.

fn main() {
    minijinja_embed::embed_templates!("templates");
}
