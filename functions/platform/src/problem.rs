//! `GET /problems/{code}`: what a problem means and what to do. The `type` of each problem is the address of its page (RFC 9457 §3.1.1).

use std::fmt::Write;

use verinym::{
    error::{RequestError, Result},
    http::{
        Anonymous, Call, Endpoint, Path, Route, Text,
        problem::types::{self, ProblemType},
    },
};

use crate::openapi::tag;

/// Content-Security-Policy (Level 3): the page has text and one style sheet of its own, nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn endpoint() -> Endpoint {
    Route::get("platform-problem", "/problems/{code}")
        .summary("Explain a problem")
        .description(
            "A page about one problem type: what it means and what to do. The `type` of each problem is the address of its page.",
        )
        .media_types(&["text/html"])
        .limited_by_gateway()
        .cached("public, max-age=3600")
        .handled_by(problem)
}

async fn problem(_: Call<Anonymous>, Path(code): Path<String>) -> Result<Text> {
    let found: Vec<_> = types::ALL.iter().copied().filter(|one| one.code == code).collect();
    if found.is_empty() {
        return Err(RequestError::NotFound.into());
    }
    let text = page(&found);
    let headers = vec![("etag", tag(text.as_bytes())), ("content-security-policy", POLICY.to_owned())];
    Ok(Text { content_type: "text/html; charset=utf-8", text, headers })
}

/// The page of the problem types that share a code.
fn page(types: &[&ProblemType]) -> String {
    let code = types.first().map_or("", |one| one.code);
    let mut sections = String::new();
    for one in types {
        let _ = write!(
            sections,
            "<section>\n<h2>{} {}</h2>\n<p>{}</p>\n<h3>When</h3>\n<p>{}</p>\n<h3>What to do</h3>\n<p>{}</p>\n</section>\n",
            one.status,
            html(one.code),
            html(one.title),
            html(one.meaning),
            html(one.remedy)
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{code} · Verinym</title>\n\
         <link rel=\"stylesheet\" href=\"../docs/problem.css\">\n</head>\n<body>\n<main>\n<h1>{code}</h1>\n{sections}\
         <p><a href=\"../docs\">API reference</a></p>\n</main>\n</body>\n</html>\n"
    )
}

/// HTML of a text, with `code` of what stands between backticks.
fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts = escaped.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_explains_every_status_of_its_code() {
        let of = |code: &str| page(&types::ALL.iter().copied().filter(|one| one.code == code).collect::<Vec<_>>());
        let page = of("invalid_credentials");
        assert!(page.contains("<h2>400 invalid_credentials</h2>") && page.contains("<h2>401 invalid_credentials</h2>"));
        assert!(of("stale_version").contains("<code>If-Match</code>"));
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(html("a <b> & `c < d`"), "a &lt;b&gt; &amp; <code>c &lt; d</code>");
    }
}
