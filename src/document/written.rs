//! A pipeline's values as they are written, flat: what two files, or a file and what a run was asked, are compared by.

use super::tree::{Node, Value};

/// Place → value of everything that these nodes say, parameters put in: `train "short".epochs` → `12`.
pub(super) fn written(nodes: &[Node]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    within("", nodes, &mut out);
    out
}

fn within(outer: &str, nodes: &[Node], out: &mut Vec<(String, String)>) {
    for (place, node) in nodes.iter().enumerate() {
        let called = called(node);
        // Several of one name are told apart by their number among these.
        let before = nodes[..place].iter().filter(|n| self::called(n) == called).count();
        let number = if before > 0 { format!("#{}", before + 1) } else { String::new() };
        let path = format!("{outer}{called}{number}");
        let named = usize::from(matches!(node.arguments.first().map(|a| &a.value), Some(Value::Text(_))));
        let rest: Vec<String> = node.arguments.iter().skip(named).map(|a| a.value.to_string()).collect();
        if !rest.is_empty() || (node.properties.is_empty() && node.children.is_empty()) {
            out.push((path.clone(), rest.join(" ")));
        }
        for property in &node.properties {
            let values: Vec<String> = property.values.iter().map(|v| v.value.to_string()).collect();
            out.push((format!("{path}.{}", property.name.value), values.join(" ")));
        }
        within(&format!("{path}."), &node.children, out);
    }
}

/// `train "short"`, `conv`
fn called(node: &Node) -> String {
    match node.arguments.first().map(|a| &a.value) {
        Some(Value::Text(name)) => format!("{} {name:?}", node.name.value),
        _ => node.name.value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::document::{Files, Options, Params, load};

    struct One(&'static str);

    impl Files for One {
        fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
            Ok(self.0.into())
        }
    }

    #[test]
    fn every_value_has_a_place_and_parameters_are_put_in() {
        let text = include_str!("../../pipelines/reproducible.kdl");
        let pipeline =
            load(&crate::language(), "p.kdl", &mut One(text), &Params::default(), Options::default()).unwrap_or_else(|e| panic!("{e}"));
        let value = |place: &str| {
            let found: Vec<&str> = pipeline.written.iter().filter(|(p, _)| p == place).map(|(_, v)| v.as_str()).collect();
            assert_eq!(found.len(), 1, "{place}: {:#?}", pipeline.written);
            found[0].to_string()
        };
        assert_eq!(value("train \"short\".epochs"), "2");
        assert_eq!(value("sample \"trials\".trials"), "4");
        assert_eq!(value("evaluate \"score\".metrics"), "map50 map50-95 flops");
        assert_eq!(value("space \"tiny\".network.conv.kernel"), "3 5");
        assert_eq!(value("space \"tiny\".network.conv#2.stride"), "2");
        let mut places: Vec<&String> = pipeline.written.iter().map(|(p, _)| p).collect();
        let all = places.len();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), all);
    }
}
