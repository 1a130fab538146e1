//! A pipeline's values as they are written, flat: what two files, or a file and what a run was asked, are compared by.

use super::tree::Node;
use std::collections::HashMap;

/// Place → value of everything that these nodes say, parameters put in: `train "short".epochs` → `12`.
pub(super) fn written(nodes: &[Node]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    within("", nodes, &mut out);
    out
}

fn within(outer: &str, nodes: &[Node], out: &mut Vec<(String, String)>) {
    let mut met: HashMap<String, usize> = HashMap::new();
    for node in nodes {
        // A top node is told by its name, a choice by its label; what is inside them is there once, or told apart by its number.
        let naming = if outer.is_empty() { "name" } else { "label" };
        let named = node.property(naming).and_then(|p| p.values.first()).map(|v| format!(" {:?}", v.value.to_string()));
        let called = format!("{}{}", node.name.value, named.as_deref().unwrap_or_default());
        let place = met.entry(called.clone()).or_default();
        *place += 1;
        let number = if *place > 1 { format!("#{place}") } else { String::new() };
        let path = format!("{outer}{called}{number}");
        // The table has put arguments among the properties of the nodes that it knows.
        if node.properties.is_empty() && node.children.is_empty() {
            let values: Vec<String> = node.arguments.iter().map(|a| a.value.to_string()).collect();
            out.push((path.clone(), values.join(" ")));
        }
        for property in node.properties.iter().filter(|p| named.is_none() || p.name.value != naming) {
            let values: Vec<String> = property.values.iter().map(|v| v.value.to_string()).collect();
            out.push((format!("{path}.{}", property.name.value), values.join(" ")));
        }
        within(&format!("{path}."), &node.children, out);
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
        assert_eq!(value("sample \"trials\".trials.count"), "4");
        assert_eq!(value("evaluate \"score\".metrics.names"), "map50 map50-95 flops");
        assert_eq!(value("space \"tiny\".network.conv.kernel"), "3 5");
        assert_eq!(value("space \"tiny\".network.conv#2.stride"), "2");
        assert_eq!(value("train \"short\".data.name"), "shapes");
        assert_eq!(value("space \"tiny\".network.choose \"block\".c3.channels"), "128");
        let mut places: Vec<&String> = pipeline.written.iter().map(|(p, _)| p).collect();
        let all = places.len();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), all);
    }
}
