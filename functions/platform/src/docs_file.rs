//! `GET /docs/{file}`: the files of the API reference. Swagger UI is embedded from the crate `utoipa-swagger-ui`, whose version
//! `Cargo.lock` pins; the page loads nothing from another server.

use std::sync::Arc;

use utoipa_swagger_ui::Config;
use verinym::{
    error::{Internal, RequestError, Result},
    http::{Anonymous, Call, Endpoint, Path, Route, Text},
};

use crate::openapi::tag;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

pub fn endpoint() -> Endpoint {
    Route::get("platform-docs-file", "/docs/{file}")
        .summary("Read a file of the API reference")
        .description("Scripts and styles of the pages `/docs` and `/problems/{code}`.")
        .media_types(&["text/css", "text/javascript"])
        .limited_by_gateway()
        .cached("public, max-age=86400")
        .handled_by(docs_file)
}

async fn docs_file(_: Call<Anonymous>, Path(name): Path<String>) -> Result<Text> {
    let (content_type, text) = match name.as_str() {
        "reference.js" => (SCRIPT, include_str!("../assets/reference.js").to_owned()),
        "reference.css" => (STYLE, include_str!("../assets/reference.css").to_owned()),
        "problem.css" => (STYLE, include_str!("../assets/problem.css").to_owned()),
        "swagger-ui-bundle.js" => (SCRIPT, swagger_ui(&name)?),
        "swagger-ui.css" => (STYLE, swagger_ui(&name)?),
        _ => return Err(RequestError::NotFound.into()),
    };
    let headers = vec![("etag", tag(text.as_bytes()))];
    Ok(Text { content_type, text, headers })
}

fn swagger_ui(name: &str) -> Result<String> {
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::from("v1/openapi.json"))).ok().flatten();
    let file = file.ok_or_else(|| Internal::bug("a file of Swagger UI is missing"))?;
    Ok(String::from_utf8(file.bytes.into_owned()).map_err(Internal::bug)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page of `/docs` names these files.
    #[test]
    fn the_files_of_the_page_exist() {
        let page = include_str!("../assets/docs.html");
        for name in ["swagger-ui-bundle.js", "swagger-ui.css"] {
            assert!(page.contains(&format!("docs/{name}")));
            assert!(swagger_ui(name).unwrap().len() > 100_000, "{name}");
        }
        for name in ["reference.js", "reference.css"] {
            assert!(page.contains(&format!("docs/{name}")));
        }
    }
}
