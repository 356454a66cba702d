//! The paths of the API's definition: each method leads to its function, by the gateway's role.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use http::Method;
use verinym::function::{Function, Trigger};

use super::{logical, quoted};

/// In the order in which a path's methods are written.
const METHODS: [Method; 7] =
    [Method::OPTIONS, Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

pub fn paths(functions: &[Function]) -> String {
    let mut text = String::new();
    let mut anchored = BTreeSet::new();
    for (path, methods) in table(functions) {
        let path = if path.contains('{') { quoted(path) } else { path.to_owned() };
        let _ = writeln!(text, "          {path}:");
        for method in METHODS {
            let Some(function) = methods.get(method.as_str()) else { continue };
            let method = method.as_str().to_lowercase();
            if anchored.insert(*function) {
                let _ = write!(
                    text,
                    "            {method}: &{function}
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                credentials: !GetAtt GatewayRole.Arn
                uri: !Sub arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{}.Arn}}/invocations
",
                    logical(function)
                );
            } else {
                let _ = writeln!(text, "            {method}: *{function}");
            }
        }
    }
    text
}

/// The function of each method of each path. `OPTIONS` is answered by one function on all paths, and `HEAD` by the
/// function of `GET`.
fn table(functions: &[Function]) -> BTreeMap<&'static str, BTreeMap<String, &'static str>> {
    let mut table: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    let mut preflight = None;
    for function in functions {
        let Trigger::Api(addresses) = &function.trigger else { continue };
        for (method, path) in addresses {
            if method == Method::OPTIONS {
                preflight = Some(function.name);
                continue;
            }
            let methods = table.entry(*path).or_default();
            methods.insert(method.to_string(), function.name);
            if method == Method::GET {
                methods.insert(Method::HEAD.to_string(), function.name);
            }
        }
    }
    for methods in table.values_mut() {
        methods.extend(preflight.map(|function| (Method::OPTIONS.to_string(), function)));
    }
    table
}
