//! Entity tags and preconditions.

use super::*;

/// `*` would decide on whatever is there now.
#[tokio::test]
async fn where_a_version_is_required_any_version_is_none() {
    let route = |route: Route| {
        route.limited_by_gateway().handled_by(|call: Call<Anonymous>, (): ()| async move {
            call.check_version(7)?;
            Ok(NoContent)
        })
    };
    let required = route(Route::put("test-required", "/v1/thing").requires_if_match());
    let honoured = route(Route::put("test-honoured", "/v1/thing").honours_if_match());
    for (tag, statuses) in [
        (None, [428, 204]),
        (Some("*"), [428, 204]),
        (Some(" * "), [428, 204]),
        (Some("\"6\""), [412, 412]),
        (Some("\"7\""), [204, 204]),
    ] {
        for (endpoint, status) in [&required, &honoured].into_iter().zip(statuses) {
            let mut request = Request::new(Body::Empty);
            *request.method_mut() = Method::PUT;
            if let Some(tag) = tag {
                request.headers_mut().insert("if-match", tag.parse().unwrap());
            }
            assert_eq!(
                call(endpoint, request).await.0.status().as_u16(),
                status,
                "{tag:?} {}",
                endpoint.route.function
            );
        }
    }
}

#[tokio::test]
async fn if_none_match_of_the_current_version_gets_304() {
    let endpoint =
        Route::get("test-versioned", "/v1/thing").limited_by_gateway().handled_by(|_: Call<Anonymous>, (): ()| async {
            Ok::<_, crate::error::Error>(Versioned { version: 7, body: Greeting { name: "Ada".into() } })
        });
    for (tag, status) in [("\"7\"", 304), ("W/\"7\"", 304), ("\"6\", \"7\"", 304), ("\"6\"", 200)] {
        let mut request = Request::new(Body::Empty);
        request.headers_mut().insert("if-none-match", tag.parse().unwrap());
        let (response, _) = call(&endpoint, request).await;
        assert_eq!(response.status().as_u16(), status, "{tag}");
        assert_eq!(response.headers()["etag"], "\"7\"");
    }
}
