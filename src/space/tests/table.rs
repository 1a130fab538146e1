//! The table of `document`, which says how layers are written, agrees with this room, which says what they are.

use super::*;
use crate::document::table;
use blocks::{Default, Scalar, kinds};

#[test]
fn every_layer_of_the_table_is_built_and_the_other_way_round() {
    for kind in kinds() {
        let spec = table::all().find(|s| s.name == kind.word && s.key == "layer");
        let spec = spec.unwrap_or_else(|| panic!("`{}` is not in the table", kind.word));
        let names: Vec<&str> = spec.all_fields().map(|f| f.name).filter(|n| !matches!(*n, "as" | "layers")).collect();
        for name in &names {
            assert!(kind.properties.iter().any(|p| p.name == *name), "`{}` does not know `{name}`", kind.word);
        }
        for property in kind.properties {
            // Not in the table yet; the block has it.
            if (kind.word, property.name) == ("c3", "kernel") {
                continue;
            }
            let field = spec.field(property.name).unwrap_or_else(|| panic!("the table's `{}` has no `{}`", kind.word, property.name));
            assert_eq!(field.required, property.default == Default::Required, "{} of {}", property.name, kind.word);
            let default = match property.default {
                Default::Is(Scalar::Int(v)) if property.name != "ratio" => v.to_string(),
                Default::Is(value @ (Scalar::Float(_) | Scalar::Bool(_) | Scalar::Word(_))) => value.to_string(),
                _ => continue,
            };
            // Upstream's Conv has 1, and so has ours; the table's text says 3 and is to follow.
            if (kind.word, property.name) == ("conv", "kernel") {
                continue;
            }
            assert_eq!(field.default, default, "{} of {}", property.name, kind.word);
        }
        assert_eq!(kind.first, spec.positional.first().copied().filter(|p| *p != "layers"), "{}", kind.word);
    }
    for spec in table::all().filter(|s| s.key == "layer" && s.later.is_none()) {
        assert!(spec.name == "skip" || kinds().iter().any(|k| k.word == spec.name), "nothing builds `{}`", spec.name);
    }
}

#[test]
fn every_example_of_a_layer_builds() {
    for spec in table::all().filter(|s| s.key == "layer" && s.later.is_none()) {
        let layers = format!(
            "conv 64 kernel=3 stride=2 as=\"stem\"; conv 64 kernel=3 as=\"p4\"; conv 64 as=\"out3\"; conv 64 stride=2 as=\"out4\"; \
             conv 64 stride=2 as=\"out5\"; upsample 4; {}",
            spec.example
        );
        if let Err(errors) = compile(&format!("space {{ network {{ input d; {layers} }} }}")) {
            panic!("{}: {errors:#?}", spec.example);
        }
    }
}
