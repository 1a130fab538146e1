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
            let field = spec.field(property.name).unwrap_or_else(|| panic!("the table's `{}` has no `{}`", kind.word, property.name));
            assert!(
                same_values(field.types, property.r#type),
                "{} of {}: {:?}, {:?}",
                property.name,
                kind.word,
                field.types,
                property.r#type
            );
            assert_eq!(field.required, property.default == Default::Required, "{} of {}", property.name, kind.word);
            let default = match property.default {
                Default::Is(Scalar::Int(v)) if property.name != "ratio" => v.to_string(),
                Default::Is(value @ (Scalar::Float(_) | Scalar::Bool(_) | Scalar::Word(_))) => value.to_string(),
                _ => continue,
            };
            assert_eq!(field.default, default, "{} of {}", property.name, kind.word);
        }
        assert_eq!(kind.first, spec.positional.first().copied().filter(|p| *p != "layers"), "{}", kind.word);
    }
    for spec in table::all().filter(|s| s.key == "layer" && s.later.is_none()) {
        assert!(spec.name == "skip" || kinds().iter().any(|k| k.word == spec.name), "nothing builds `{}`", spec.name);
    }
}

/// Whether the table lets through what the block takes.
fn same_values(table: &[table::Type], block: blocks::Type) -> bool {
    use table::Type as T;
    match (table, block) {
        ([T::Int(1, most)], blocks::Type::Channels) => *most == 1 << 20,
        ([T::Int(least, most)], blocks::Type::Whole(from, to)) => (*least, *most) == (from as i64, to as i64),
        // The block knows how large a number may be; the table, that it is one.
        ([T::Positive], blocks::Type::Number(_)) | ([T::Bool], blocks::Type::Flag) | ([T::Word(_)], blocks::Type::Activation) => true,
        ([T::Word(table)], blocks::Type::Word(block)) => table.len() == block.len() && table.iter().all(|w| block.contains(w)),
        _ => false,
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
