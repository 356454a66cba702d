//! Every request is answered in time, whatever hangs.

use std::time::Duration;

use lambda_http::Context;
use tokio::time::Instant;

use super::*;
use crate::{
    domain::time::Timestamp,
    scripted::{AwsReply, ScriptedAws},
};

fn within(request: Request, time: Duration) -> Request {
    let mut context = Context::default();
    context.deadline = (Timestamp::now() + time).unix_millis();
    request.with_lambda_context(context)
}

fn hanging() -> Endpoint {
    Route::post("test-hang", "/v1/hang")
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, ()| std::future::pending::<crate::error::Result<NoContent>>())
}

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_is_a_503_before_its_function_ends() {
    for (time, longest) in [(Some(15), 14), (Some(3), 2), (Some(300), 28), (None, 28)] {
        let mut request = post("");
        request.headers_mut().insert("x-correlation-id", "order-0042".parse().unwrap());
        if let Some(time) = time {
            request = within(request, Duration::from_secs(time));
        }
        let began = Instant::now();
        let (response, body) = ask(&hanging(), request).await;
        assert!(began.elapsed() <= Duration::from_secs(longest), "{time:?}: {:?}", began.elapsed());
        assert_eq!((response.status().as_u16(), body["code"].as_str()), (503, Some("unavailable")));
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["x-correlation-id"], "order-0042");
        assert_eq!(body["correlation_id"], "order-0042");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_answered_in_time_where_aws_answers_nothing() {
    let script = ScriptedAws::new(|_| AwsReply::Hang);
    // Limits, of a stranger and of whoever says to be signed in.
    let open = Route::post("test-open", "/v1/open").handled_by(|_: Call<Anonymous>, ()| async { Ok(NoContent) });
    let closed = Route::post("test-closed", "/v1/closed").handled_by(|_: Call<Signed>, ()| async { Ok(NoContent) });
    for endpoint in [open, closed] {
        let mut request = within(post(""), Duration::from_secs(15));
        request.headers_mut().insert("authorization", "Bearer x.y.z".parse().unwrap());
        let began = Instant::now();
        let response = respond(script.app(), &endpoint, request).await;
        assert_eq!(response.status().as_u16(), 503);
        assert!(began.elapsed() <= Duration::from_secs(14), "{:?}", began.elapsed());
    }
    assert!(script.calls().len() > 4, "each attempt was given a second, not all the time there was");
}

#[tokio::test]
async fn a_location_is_followed_to_the_address_that_clients_know() {
    let made = |location: &'static str| {
        Route::post("test-made", "/v1/things").limited_by_gateway().handled_by(
            move |_: Call<Anonymous>, ()| async move {
                Ok(Created { location: Some(location.to_owned()), version: None, body: Said { name: "Ada".into() } })
            },
        )
    };
    for (location, followed) in [
        ("/v1/things/1", "https://id.example/v1/things/1"),
        ("https://elsewhere.example/1", "https://elsewhere.example/1"),
    ] {
        let (response, _) = ask(&made(location), post("")).await;
        assert_eq!(response.headers()["location"], followed);
    }
}
