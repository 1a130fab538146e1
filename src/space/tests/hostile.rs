//! Architectures from outside, and documents that multiply.

use super::*;

fn good() -> serde_json::Value {
    let text = "conv 8 kernel=3 stride=2 as=\"a\"; mbconv 16 ratio=4 stride=2 as=\"b\"; c3 16 repeats=2; detect \"a\" \"b\" above";
    serde_json::from_str(&reference(text).to_json()).unwrap()
}

/// Replaces each number, text and list of a value, one at a time.
fn attacks(value: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::{Value as V, json};
    let bad = [
        json!(0),
        json!(-1),
        json!(1),
        json!(65536),
        json!(1_000_000),
        json!(u64::MAX),
        json!(1e300),
        json!(0.5),
        json!(null),
        json!("x"),
        json!([]),
        json!({}),
        json!(true),
        json!({"layer": 0}),
        json!({"layer": 99999}),
        json!("image"),
        json!([[[1e30, 1.0]]]),
        json!([65536, 65536]),
    ];
    let mut all = bad.to_vec();
    match value {
        V::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                for changed in attacks(item) {
                    let mut copy = items.clone();
                    copy[i] = changed;
                    all.push(V::Array(copy));
                }
                let mut without = items.clone();
                without.remove(i);
                all.push(V::Array(without));
            }
        }
        V::Object(fields) => {
            for (name, item) in fields {
                for changed in attacks(item) {
                    let mut copy = fields.clone();
                    copy.insert(name.clone(), changed);
                    all.push(V::Object(copy));
                }
                let mut without = fields.clone();
                without.remove(name);
                all.push(V::Object(without));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn hostile_json_is_an_error_or_a_network_that_can_be_built() {
    let (mut refused, mut built) = (0, 0);
    for attack in attacks(&good()) {
        match Architecture::from_json(&attack.to_string()) {
            Err(_) => refused += 1,
            Ok(architecture) => {
                built += 1;
                architecture.digest();
                architecture.text();
                let cost = architecture.cost().unwrap();
                if cost.params < 1 << 22 {
                    let program = architecture.program().unwrap();
                    assert_eq!((cost.params, cost.macs), (program.param_count(), program.macs()));
                }
            }
        }
    }
    assert!(refused > 1000 && built > 10, "{refused} refused, {built} built");
}

#[test]
fn hostile_shapes_of_json_are_errors() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in ["", "{}", "null", "{\"input\":{},\"layers\":[]}", &deep] {
        assert!(Architecture::from_json(text).is_err());
    }
    let mut value = good();
    value["layers"] = serde_json::Value::Array(vec![value["layers"][0].clone(); 5000]);
    assert!(Architecture::from_json(&value.to_string()).unwrap_err().contains("5000 layers"));
    let mut value = good();
    value["surprise"] = 1.into();
    assert!(Architecture::from_json(&value.to_string()).is_err());
}

#[test]
fn a_network_from_json_is_made_canonical() {
    let architecture = reference("conv 8 kernel=3 as=\"a\"; conv 8 as=\"b\"; add \"a\" \"b\"");
    let mut value: serde_json::Value = serde_json::from_str(&architecture.to_json()).unwrap();
    value["layers"][2]["inputs"].as_array_mut().unwrap().reverse();
    assert_eq!(Architecture::from_json(&value.to_string()).unwrap(), architecture);
}

#[test]
fn documents_that_multiply_are_refused() {
    let nested = "repeat 1000 { ".repeat(4) + "conv 8 { kernel 1 3 }" + &" }".repeat(4);
    let errors = compile(&format!("space {{ network {{ input d; {nested} }} }}")).unwrap_err();
    assert_eq!(errors[0].code, "too-large");
    let deep = "choose { skip; ".repeat(40) + "conv 8" + &" }".repeat(40);
    let errors = compile(&format!("space {{ network {{ input d; {deep} }} }}")).unwrap_err();
    assert_eq!(errors[0].code, "too-deep");
    let wide = "conv 65536 kernel=255; ".repeat(3);
    assert!(compile(&format!("space {{ network width=1000 {{ input d; {wide} }} }}")).is_err());
}
